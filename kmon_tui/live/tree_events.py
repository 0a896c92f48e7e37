"""Which events are of one service: all of a namespace come in one watch, for a selector knows no "or"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from kmon_tui.domain.peek import at, kind_of, name_of, text
from kmon_tui.domain.tree import Object
from kmon_tui.live.raw import Peek, Thing

_STEM = 24
"""Of a long name Knative and others keep the beginning alone when they make one out of it."""
KEPT = 500
"""So many events of one service are kept at most, the newest."""

# Names that Kubernetes makes: letters and digits without vowels, 0, 1 and 3.
_MADE = r"(?:-[bcdfghjklmnpqrstvwxz2456789]{4,10}){0,2}"
_REVISION = r"(?:-default)?(?:-\d{5})?(?:-deployment|-private|-cache-private)?"
_OWN = (
    r"(?:-(?:predictor|transformer|explainer)" + _REVISION + r")?"
    r"|-kserve(?:-mn|-prefill|-prefill-mn|-workload-svc|-router-scheduler|-route)?(?:-\d+)*"
    r"|-(?:inference-pool|epp-service|epp-ip)"
)
_CHILD = re.compile(rf"(?:{_OWN}){_MADE}$")
"""What follows the name of a service in names of its children, also of those that are gone."""


class EventFilter:
    """Chooses the events of one service."""

    def __init__(self, name: str) -> None:
        self._name, self._stem = name, name[:_STEM]
        self.more: frozenset[tuple[str, str]] = frozenset()
        """Kind and name of other objects that it depends on: its volume claims."""

    def may_be(self, peek: Peek) -> bool:
        """Say quickly whether an event may be one of them."""
        involved = peek.involved
        if involved is None:
            return False
        return self._stem in involved.name or (involved.kind, involved.name) in self.more

    def chosen(self, events: Iterable[Thing], objects: Iterable[Object]) -> tuple[Object, ...]:
        """Give those of the service and of its children, known or gone, oldest first."""
        known = {(kind_of(one), name_of(one)) for one in objects} | self.more
        found = [event.object for event in events if event.object and self._is_own(event.object, known)]
        return tuple(sorted(found, key=last_seen)[-KEPT:])

    def _is_own(self, event: Object, known: Set[tuple[str, str]]) -> bool:
        kind, name = text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
        return (kind, name) in known or self.looks_own(kind, name)

    def looks_own(self, kind: str, name: str) -> bool:
        """Say by its name alone whether an object is or was one of its children."""
        return kind != "Node" and (self._begins(name) or self._begins(name.removeprefix("keda-hpa-")))

    def _begins(self, name: str) -> bool:
        return name.startswith(self._name) and _CHILD.match(name, len(self._name)) is not None


def last_seen(event: Object) -> str:
    """Give when an event was seen last: RFC 3339 in UTC sorts as text."""
    places = (("series", "lastObservedTime"), ("lastTimestamp",), ("eventTime",), ("firstTimestamp",))
    for place in (*places, ("metadata", "creationTimestamp")):
        if isinstance(time := at(event, *place), str) and time:
            return time
    return ""

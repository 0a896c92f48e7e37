"""Trees of all services in trouble, from a bounded number of lists: nobody gets a watch of its own.

A round reads what is new in trouble: the services, their pods, what Knative or Kubernetes made of them, and one list of
the namespace's warnings. Two hundred services cost a dozen requests, one costs four.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from kmon_tui.backend import Stream, Troubled
from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.peek import kind_of, label, name_of, text
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode
from kmon_tui.domain.tree import Blind, Object, ObjectTree, Why
from kmon_tui.live.discovery import PLURALS, VERSIONS
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec, Thing
from kmon_tui.live.raw_list import list_things
from kmon_tui.live.tree_events import EventFilter, last_seen
from kmon_tui.live.tree_parts import GRAPH_LABEL, ISVC_LABEL, KNATIVE, KSERVE, LLM_LABEL, Part
from kmon_tui.live.tree_standin import stand_in
from kmon_tui.live.watch import Around

GAP_S = 15.0
"""At least so long between two rounds."""
PER_LIST_S = 3.0
"""And so long for each list that the last one took: twenty a minute at most, whatever happens."""
REFRESH_S = 300.0
"""What stays in trouble is read again so often: warnings come without a change of the service."""
MOST_PAGES = 4
FEW = 3
"""So many services are asked for by name."""
FEW_PLACES = 4
"""In so many namespaces lists are made one by one."""
LONGEST_SELECTOR = 3000
"""Characters of names in one selector: proxies refuse longer URLs."""
Gist = tuple[object, ...]
_LABELS = {Kind.ISVC: ISVC_LABEL, Kind.LLM: LLM_LABEL, Kind.GRAPH: GRAPH_LABEL}
_WARNINGS = Part("Event", "", ("v1",), "events", fields="type=Warning")


async def reasons(
    client: KubeClient, groups: Groups, around: Around, troubled: Troubled
) -> Stream[Mapping[Key, ObjectTree]]:
    """Stream the trees of what is in trouble, after each round; each value is complete."""
    clock = asyncio.get_running_loop().time
    seen: dict[Key, Gist] = {}
    trees: dict[Key, ObjectTree] = {}
    due_s = refreshed_s = float("-inf")
    while True:
        rows = troubled.rows
        now = {row.key: row for row in rows}
        gone = trees.keys() - now.keys()
        for key in gone:
            del trees[key]
            seen.pop(key, None)
        if clock() - refreshed_s > REFRESH_S:
            seen.clear()
            refreshed_s = clock()
        fresh = [row for row in rows if seen.get(row.key) != _gist(row)]
        if fresh and clock() >= due_s:
            await groups.ask()
            reading = Round(client, groups, fresh)
            trees.update(await reading.read())
            seen.update({row.key: _gist(row) for row in fresh})
            due_s = clock() + max(GAP_S, PER_LIST_S * reading.lists)
            yield dict(trees)
            continue
        if gone:
            yield dict(trees)
        if troubled.rows is rows:
            await _wait(troubled, due_s - clock() if fresh else REFRESH_S if rows else None)


def _gist(row: InferenceService) -> Gist:
    """Give what a reading may depend on; one more restart of a container that crashes is none of that."""
    pods = tuple((pod.uid, pod.trouble, pod.ready) for pod in row.pods)
    return row.uid, row.generation, row.readiness, row.reason, row.since, pods


async def _wait(troubled: Troubled, longest_s: float | None) -> None:
    """Wait until other services are in trouble, but not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await troubled.changed()


class Round:
    """One reading of some services in trouble."""

    def __init__(self, client: KubeClient, groups: Groups, rows: Sequence[InferenceService]) -> None:
        self._client, self._groups, self._rows = client, groups, rows
        spaces = sorted({row.key.namespace for row in rows})
        self._places: list[str | None] = [*spaces] if len(spaces) <= FEW_PLACES else [None]
        self._blind: dict[Blind, None] = {}
        self.lists = 0
        """How many lists it has asked for."""

    async def read(self) -> dict[Key, ObjectTree]:
        """Give their trees. Raises BackendError when the API does not answer at all."""
        roots = await self._roots()
        below: dict[Key, list[Object]] = {row.key: [] for row in self._rows}
        for key, found in await self._children():
            if key in below:
                below[key].append(found)
        events = self._by_service(await self._list(_WARNINGS), below)
        blind = tuple(self._blind)
        return {
            row.key: ObjectTree(
                root=roots.get(row.key) or stand_in(row),
                objects=tuple(below[row.key]),
                events=events.get(row.key, ()),
                blind=blind,
                synced=True,
                shallow=True,
                health=Health(Status.LIVE),
            )
            for row in self._rows
        }

    async def _roots(self) -> dict[Key, Object]:
        found: dict[Key, Object] = {}
        for kind in dict.fromkeys(row.key.kind for row in self._rows):
            wanted = [row.key for row in self._rows if row.key.kind is kind]
            part = Part(str(kind), KSERVE, VERSIONS[kind], PLURALS[kind])
            if len(wanted) <= FEW:
                parts = [(key.namespace, _named(part, key.name)) for key in wanted]
                things = [thing for place, one in parts for thing in await self._list(one, [place])]
            else:
                names = {(key.namespace, key.name) for key in wanted}
                things = await self._list(part, only=names)
            found |= {Key(kind, t.metadata.namespace, t.metadata.name): t.object for t in things if t.object}
        return found

    async def _children(self) -> list[tuple[Key, Object]]:
        found: list[tuple[Key, Object]] = []
        for kind in dict.fromkeys(row.key.kind for row in self._rows):
            rows = [row for row in self._rows if row.key.kind is kind]
            for part, names in _parts(kind, rows):
                for selector in _selectors(_LABELS[kind], names):
                    for thing in await self._list(_selected(part, selector)):
                        owner = label(thing.object, _LABELS[kind])
                        found.append((Key(kind, thing.metadata.namespace, owner), thing.object))
        return found

    async def _list(
        self, part: Part, places: Iterable[str | None] = (), only: Collection[tuple[str, str]] | None = None
    ) -> list[Thing]:
        base = self._groups.base(part.group, part.versions)
        if not base:
            return []
        # Two thousand whole services would take 25 MB for a moment, and a process never gives all of it back.
        wanted = None if only is None else lambda peek: (peek.metadata.namespace, peek.metadata.name) in only
        codec = RawCodec(part.kind, base.removeprefix("/apis/").removeprefix("/api/"), wanted)
        found: list[Thing] = []
        for place in list(places) or self._places:
            self.lists += 1
            try:
                found += await list_things(self._client, part.resource(base), place, codec, MOST_PAGES)
            except NotFound:
                continue
            except Forbidden as error:
                if place is None:
                    return found + await self._list(part, self._spaces(), only)
                self._blind[Blind(part.kind, Why.FORBIDDEN, error.message)] = None
            except BackendError as error:
                if error.status == 0:
                    raise  # nobody answers
                self._blind[Blind(part.kind, Why.FAILED, error.message)] = None
        return found

    def _spaces(self) -> list[str]:
        """Give the namespaces with the most of the services."""
        counts: dict[str, int] = {}
        for row in self._rows:
            counts[row.key.namespace] = counts.get(row.key.namespace, 0) + 1
        return sorted(counts, key=lambda space: -counts[space])[:FEW_PLACES]

    @staticmethod
    def _by_service(events: Iterable[Thing], below: Mapping[Key, list[Object]]) -> dict[Key, tuple[Object, ...]]:
        """Give each service the warnings about it and about what is or was below it."""
        owners = {
            (key.namespace, kind_of(found), name_of(found)): key for key, objects in below.items() for found in objects
        }
        owners |= {(key.namespace, str(key.kind), key.name): key for key in below}
        filters: dict[str, list[tuple[Key, EventFilter]]] = {}
        for key in below:
            filters.setdefault(key.namespace, []).append((key, EventFilter(key.name)))
        found: dict[Key, list[Object]] = {}
        for event in (thing.object for thing in events):
            space = text(event, "metadata", "namespace")
            kind, name = text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
            own = (one for one, chooser in filters.get(space, ()) if chooser.looks_own(kind, name))
            owner = owners.get((space, kind, name)) or next(own, None)
            if owner is not None:
                found.setdefault(owner, []).append(event)
        return {key: tuple(sorted(told, key=last_seen)) for key, told in found.items()}


def _parts(kind: Kind, rows: Sequence[InferenceService]) -> list[tuple[Part, list[str]]]:
    """Give what is read below services of one kind, and of which of them."""
    everybody = [row.key.name for row in rows]
    knative = [row.key.name for row in rows if kind is not Kind.LLM and row.mode in (Mode.KNATIVE, Mode.UNKNOWN)]
    # Where no pod is to blame it may be the way to them.
    calm = [row.key.name for row in rows if row.key.name in set(knative) and not any(pod.trouble for pod in row.pods)]
    others = [row.key.name for row in rows if row.key.name not in set(knative) or row.mode is Mode.UNKNOWN]
    return [
        (Part("Pod", "", ("v1",), "pods"), everybody),
        (Part("Revision", KNATIVE, ("v1",), "revisions"), knative),
        (Part("Service", KNATIVE, ("v1",), "services"), calm),
        (Part("Route", KNATIVE, ("v1",), "routes"), calm),
        (Part("Deployment", "apps", ("v1",), "deployments"), others),
    ]


def _selectors(name: str, values: Iterable[str]) -> list[str]:
    """Give selectors that together choose all of these values of a label."""
    found: list[list[str]] = []
    length = LONGEST_SELECTOR
    for value in sorted(set(values)):
        if length + len(value) + 1 > LONGEST_SELECTOR:
            found.append([])
            length = 0
        found[-1].append(value)
        length += len(value) + 1
    return [f"{name} in ({','.join(chunk)})" for chunk in found]


def _named(part: Part, name: str) -> Part:
    return Part(part.kind, part.group, part.versions, part.plural, fields=f"metadata.name={name}")


def _selected(part: Part, selector: str) -> Part:
    return Part(part.kind, part.group, part.versions, part.plural, selector)

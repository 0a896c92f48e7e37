"""All rows of the fleet, in order: what changes is made anew, all else stays the very same value."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime
from functools import lru_cache
from time import monotonic_ns
from typing import NamedTuple

from kmon_tui.domain.facts import Facts, Failure
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Key, Kind, Pod
from kmon_tui.live.flocks import Flocks
from kmon_tui.live.quiet_gc import QuietGc
from kmon_tui.live.sink import Name

_MANY = 64
"""More changes than this, and than an eighth of all rows, are put in order in one go: that walks over all rows."""
_BIG = 1000
"""More rows than this are made with the collector paused."""


class Beside(NamedTuple):
    """Those facts of an object that its row does not tell."""

    deleted: datetime | None
    transition: str
    failure: Failure | None
    least_replicas: int
    complaint: str
    by_keda: bool


class Rows:
    """Facts and pods by row; ``build()`` gives the services."""

    def __init__(self, quiet: QuietGc | None = None) -> None:
        self._quiet = quiet or QuietGc()
        self._beside: dict[Key, Beside] = {}
        """Of each object what its row does not tell."""
        self._facts: dict[Key, Facts] = {}
        """Of objects that came since the last build: all other facts stand in the rows."""
        self._pods = Flocks()
        self._pods_known: set[Kind] = set()
        self._complaints: dict[Key, dict[Name, str]] = {}
        """What autoscalers say of themselves that fail."""
        self._scaled: set[Key] | None = None
        """Rows for which KEDA has made an autoscaler; None: not known."""
        self._order: list[Key] = []
        self._services: list[InferenceService] = []
        self.edition = monotonic_ns()
        """Another number whenever other services were built; no other Rows has it."""
        self._dirty: dict[Key, None] = {}
        """What changed since the last build, in the order of its coming: a list comes sorted."""
        self._new: dict[Key, InferenceService] = {}
        """Rows that came since then and were made at once."""

    def put(self, key: Key, facts: Facts) -> None:
        """Keep what one object says of itself."""
        known = self._beside
        if key not in known:
            known[key] = _beside(facts)
            if key[0] in self._pods_known and key not in self._dirty:
                # Made while its parts are in the processor's cache: of ten thousand that saves a third of the time.
                self._new[key] = self._described(key, facts)
                return
        else:
            if (row := self._row(key)) is not None:
                # The very same key: the numbers of Prometheus and the screen's rows are kept under it.
                facts = facts._replace(key=row.key)
            known[key] = _beside(facts)
        self._facts[key] = facts
        self._dirty[key] = None

    def drop(self, key: Key) -> None:
        """Forget one object."""
        if self._beside.pop(key, None) is not None:
            self._facts.pop(key, None)
            self._dirty[key] = None

    def the_key(self, key: Key) -> Key:
        """Give the equal key that is kept already."""
        row = self._new.get(key) or self._row(key)
        return key if row is None else row.key

    def put_pod(self, key: Key, pod: Pod) -> None:
        """Keep one pod of a row, which may come later than its pods."""
        if self._pods.put(key, pod):
            self._dirty[key] = None

    def drop_pod(self, key: Key, name: str) -> None:
        """Forget one pod of a row."""
        if self._pods.drop(key, name):
            self._dirty[key] = None

    def know_pods(self, kind: Kind, known: bool) -> None:
        """Say whether the pods of all rows of this kind are known."""
        if known != (kind in self._pods_known):
            (self._pods_known.add if known else self._pods_known.discard)(kind)
            self._dirty.update(dict.fromkeys([key for key in self._beside if key[0] is kind]))

    def complain(self, key: Key, name: Name, complaint: str) -> None:
        """Keep what something below a row says of itself; nothing: it is well, or gone."""
        known = self._complaints.setdefault(key, {})
        if known.get(name, "") != complaint:
            known[name] = complaint
            self._dirty[key] = None
        if not complaint:
            known.pop(name, None)
        if not known:
            del self._complaints[key]

    def know_scaled(self, scaled: set[Key] | None) -> None:
        """Say for which rows KEDA has made an autoscaler; None: not known any more."""
        old, self._scaled = self._scaled, None if scaled is None else set(scaled)
        if old != self._scaled:
            self._dirty.update(dict.fromkeys([key for key, beside in self._beside.items() if beside.by_keda]))

    def build(self) -> tuple[InferenceService, ...]:
        """Give all services, sorted; those that did not change are the same objects as before."""
        changes = len(self._dirty) + len(self._new)
        if changes > max(_MANY, len(self._order) // 8):
            with self._quiet if changes > _BIG else nullcontext():
                self._place_many()
        else:
            for key, row in self._changes():
                self._place(key, row)
        self._dirty.clear()
        self._new.clear()
        self._facts.clear()
        return tuple(self._services)

    def _changes(self) -> Iterable[tuple[Key, InferenceService | None]]:
        """Give the rows that changed; None: it is gone. What became of a new row since then comes after it."""
        yield from self._new.items()
        for key in self._dirty:
            facts = self._facts_of(key)
            yield key, None if facts is None else self._described(key, facts)

    def _facts_of(self, key: Key) -> Facts | None:
        """Give what an object says of itself; None when it is gone."""
        facts, beside = self._facts.get(key), self._beside.get(key)
        if facts is not None or beside is None:
            return facts
        row = self._new.get(key) or self._row(key)
        assert row is not None, f"{key} is known, but has no row"
        told = (row.key, row.uid, row.generation, row.created, beside.deleted, row.conditions, beside.transition)
        how = (row.mode, row.runtime, row.format, row.protocol, row.url, row.address, row.traffic, row.components)
        rest = (beside.least_replicas, beside.complaint, beside.by_keda)
        return tuple.__new__(Facts, (*told, beside.failure, *how, *rest))

    def _described(self, key: Key, facts: Facts) -> InferenceService:
        """Make a row of an object, its pods and what its autoscalers say."""
        row = describe(facts, self._pods_of(key))
        if self._complaints and (told := self._complaints.get(key)):
            return row._replace(complaint=min(told.values()))
        if facts.by_keda and self._scaled is not None and key not in self._scaled:
            return row._replace(complaint="no HorizontalPodAutoscaler of KEDA")
        return row

    def _row(self, key: Key) -> InferenceService | None:
        """Give a row that was built."""
        place = bisect_left(self._order, key)
        return self._services[place] if place < len(self._order) and self._order[place] == key else None

    def _place(self, key: Key, row: InferenceService | None) -> None:
        place = bisect_left(self._order, key)
        there = place < len(self._order) and self._order[place] == key
        if row == (self._services[place] if there else None):
            return
        self.edition += 1
        if row is None:
            del self._order[place], self._services[place]
        elif not there:
            self._order.insert(place, key)
            self._services.insert(place, row)
        else:
            self._services[place] = row

    def _place_many(self) -> None:
        """Place all that changed: for each that costs a fraction of looking for its place."""
        self.edition += 1
        fresh = sorted(self._new)
        if not self._dirty and not (self._order and fresh[0] < self._order[-1]):
            # The next pages of a list.
            self._order += fresh
            self._services += [self._new[key] for key in fresh]
            return
        rows: dict[Key, InferenceService] = {}
        kept = 0
        if self._order:
            kept = bisect_left(self._order, min([min(keys) for keys in (self._dirty, self._new) if keys]))
        rows.update(zip(self._order[kept:], self._services[kept:], strict=True))
        for key, row in self._changes():
            if row is None:
                rows.pop(key, None)
            elif rows.get(key) != row:
                rows[key] = row
        order = sorted(rows)
        self._order[kept:] = order
        self._services[kept:] = [rows[key] for key in order]

    def _pods_of(self, key: Key) -> tuple[Pod, ...] | None:
        return self._pods.of(key) if key[0] in self._pods_known else None


def _beside(facts: Facts) -> Beside:
    rest = (facts.transition, facts.least_replicas, facts.complaint, facts.by_keda)
    if facts.deleted is None and facts.failure is None:
        return _usual(*rest)
    return Beside(facts.deleted, facts.transition, facts.failure, *rest[1:])


@lru_cache(maxsize=256)
def _usual(transition: str, least_replicas: int, complaint: str, by_keda: bool) -> Beside:
    """Give what thousands of objects have alike."""
    return Beside(None, transition, None, least_replicas, complaint, by_keda)

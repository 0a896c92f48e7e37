"""All rows of the fleet, in order: what changes is made anew, all else stays the very same value."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime
from functools import lru_cache
from sys import intern
from time import monotonic_ns
from typing import NamedTuple

from kmon_tui.domain.facts import Facts, Failure
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Kind, Pod
from kmon_tui.live.moulds import Moulds
from kmon_tui.live.objects import facts_of
from kmon_tui.live.pods import pod_of
from kmon_tui.live.quiet_gc import QuietGc
from kmon_tui.live.shapes import PodObject, Served
from kmon_tui.live.sink import Name

Ident = tuple[str, str, str]
"""Kind, namespace, name: sorts as Key does, and a plain tuple does it ten times faster."""

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
        self._beside: dict[Ident, Beside] = {}
        """Of each object what its row does not tell."""
        self._facts: dict[Ident, Facts] = {}
        """Of objects that came since the last build: all other facts stand in the rows."""
        self._pods: dict[Ident, dict[Name, Pod]] = {}
        self._pods_known: set[str] = set()
        """Values of kinds."""
        self._complaints: dict[Ident, dict[Name, str]] = {}
        """What autoscalers say of themselves that fail."""
        self._scaled: set[Ident] | None = None
        """Rows for which KEDA has made an autoscaler; None: not known."""
        self._order: list[Ident] = []
        self._services: list[InferenceService] = []
        self.edition = monotonic_ns()
        """Another number whenever other services were built; no other Rows has it."""
        self._dirty: dict[Ident, None] = {}
        """What changed since the last build, in the order of its coming: a list comes sorted."""
        self._new: dict[Ident, InferenceService] = {}
        """Rows that came since then and were made at once."""

    def put(self, ident: Ident, facts: Facts) -> None:
        """Keep what one object says of itself."""
        new = ident not in self._beside
        if not new and (row := self._row(ident)) is not None:
            # The very same key: the numbers of Prometheus and the screen's rows are kept under it.
            facts = facts._replace(key=row.key)
        self._beside[ident] = _beside(facts)
        if new and ident[0] in self._pods_known and ident not in self._dirty:
            # Made while its parts are in the processor's cache: of ten thousand that saves a third of the time.
            self._new[ident] = self._described(ident, facts)
        else:
            self._facts[ident] = facts
            self._dirty[ident] = None

    def drop(self, ident: Ident) -> None:
        """Forget one object."""
        if self._beside.pop(ident, None) is not None:
            self._facts.pop(ident, None)
            self._dirty[ident] = None

    def put_pod(self, ident: Ident, name: Name, pod: Pod) -> None:
        """Keep one pod of a row, which may come later than its pods."""
        pods = self._pods.setdefault(ident, {})
        if pods.get(name) != pod:
            pods[name] = pod
            self._dirty[ident] = None

    def drop_pod(self, ident: Ident, name: Name) -> None:
        """Forget one pod of a row."""
        pods = self._pods.get(ident, {})
        if pods.pop(name, None) is not None:
            self._dirty[ident] = None
            if not pods:
                del self._pods[ident]

    def know_pods(self, kind: Kind, known: bool) -> None:
        """Say whether the pods of all rows of this kind are known."""
        value = kind.value
        if known != (value in self._pods_known):
            (self._pods_known.add if known else self._pods_known.discard)(value)
            self._dirty.update(dict.fromkeys([ident for ident in self._beside if ident[0] == value]))

    def complain(self, ident: Ident, name: Name, complaint: str) -> None:
        """Keep what something below a row says of itself; nothing: it is well, or gone."""
        known = self._complaints.setdefault(ident, {})
        if known.get(name, "") != complaint:
            known[name] = complaint
            self._dirty[ident] = None
        if not complaint:
            known.pop(name, None)
        if not known:
            del self._complaints[ident]

    def know_scaled(self, scaled: set[Ident] | None) -> None:
        """Say for which rows KEDA has made an autoscaler; None: not known any more."""
        old, self._scaled = self._scaled, None if scaled is None else set(scaled)
        if old != self._scaled:
            self._dirty.update(dict.fromkeys([ident for ident, beside in self._beside.items() if beside.by_keda]))

    def build(self) -> tuple[InferenceService, ...]:
        """Give all services, sorted; those that did not change are the same objects as before."""
        changes = len(self._dirty) + len(self._new)
        if changes > max(_MANY, len(self._order) // 8):
            with self._quiet if changes > _BIG else nullcontext():
                self._place_many()
        else:
            for ident, row in self._changes():
                self._place(ident, row)
        self._dirty.clear()
        self._new.clear()
        self._facts.clear()
        return tuple(self._services)

    def _changes(self) -> Iterable[tuple[Ident, InferenceService | None]]:
        """Give the rows that changed; None: it is gone. What became of a new row since then comes after it."""
        yield from self._new.items()
        for ident in self._dirty:
            facts = self._facts_of(ident)
            yield ident, None if facts is None else self._described(ident, facts)

    def _facts_of(self, ident: Ident) -> Facts | None:
        """Give what an object says of itself; None when it is gone."""
        facts, beside = self._facts.get(ident), self._beside.get(ident)
        if facts is not None or beside is None:
            return facts
        row = self._new.get(ident) or self._row(ident)
        assert row is not None, f"{ident} is known, but has no row"
        told = (row.key, row.uid, row.generation, row.created, beside.deleted, row.conditions, beside.transition)
        how = (row.mode, row.runtime, row.format, row.protocol, row.url, row.address, row.traffic, row.components)
        rest = (beside.least_replicas, beside.complaint, beside.by_keda)
        return tuple.__new__(Facts, (*told, beside.failure, *how, *rest))

    def _described(self, ident: Ident, facts: Facts) -> InferenceService:
        """Make a row of an object, its pods and what its autoscalers say."""
        row = describe(facts, self._pods_of(ident))
        if told := self._complaints.get(ident):
            return row._replace(complaint=min(told.values()))
        if facts.by_keda and self._scaled is not None and ident not in self._scaled:
            return row._replace(complaint="no HorizontalPodAutoscaler of KEDA")
        return row

    def _row(self, ident: Ident) -> InferenceService | None:
        """Give a row that was built."""
        place = bisect_left(self._order, ident)
        return self._services[place] if place < len(self._order) and self._order[place] == ident else None

    def _place(self, ident: Ident, row: InferenceService | None) -> None:
        place = bisect_left(self._order, ident)
        there = place < len(self._order) and self._order[place] == ident
        if row == (self._services[place] if there else None):
            return
        self.edition += 1
        if row is None:
            del self._order[place], self._services[place]
        elif not there:
            self._order.insert(place, ident)
            self._services.insert(place, row)
        else:
            self._services[place] = row

    def _place_many(self) -> None:
        """Place all that changed: for each that costs a fraction of looking for its place."""
        self.edition += 1
        rows: dict[Ident, InferenceService] = {}
        kept = 0
        if self._order:
            kept = bisect_left(self._order, min([min(idents) for idents in (self._dirty, self._new) if idents]))
        rows.update(zip(self._order[kept:], self._services[kept:], strict=True))
        for ident, row in self._changes():
            if row is None:
                rows.pop(ident, None)
            elif rows.get(ident) != row:
                rows[ident] = row
        order = sorted(rows)
        self._order[kept:] = order
        self._services[kept:] = [rows[ident] for ident in order]

    def _pods_of(self, ident: Ident) -> tuple[Pod, ...] | None:
        if ident[0] not in self._pods_known:
            return None
        pods = self._pods.get(ident)
        return tuple(pods.values()) if pods else ()


def _beside(facts: Facts) -> Beside:
    rest = (facts.transition, facts.least_replicas, facts.complaint, facts.by_keda)
    if facts.deleted is None and facts.failure is None:
        return _usual(*rest)
    return Beside(facts.deleted, facts.transition, facts.failure, *rest[1:])


@lru_cache(maxsize=256)
def _usual(transition: str, least_replicas: int, complaint: str, by_keda: bool) -> Beside:
    """Give what thousands of objects have alike."""
    return Beside(None, transition, None, least_replicas, complaint, by_keda)


class ServedSink:
    """Puts the objects of one kind into the rows."""

    def __init__(self, rows: Rows, kind: Kind) -> None:
        self._rows, self._kind, self._value = rows, kind, kind.value
        self._versions: dict[Name, str] = {}
        self._moulds = Moulds()

    def put(self, thing: Served) -> Name:
        """Keep this object, unless it is known in this very version."""
        meta = thing.metadata
        name = (intern(meta.namespace), meta.name)
        if not meta.version or self._versions.get(name) != meta.version:
            facts = facts_of(thing, self._kind, self._moulds)
            if facts is not None:
                self._versions[name] = meta.version
                self._rows.put((self._value, *name), facts)
        return name

    def gone(self, thing: Served) -> None:
        """Forget this object."""
        self._drop((thing.metadata.namespace, thing.metadata.name))

    def doubt(self) -> None:
        """Hear that a known version may say something else."""
        self._versions = dict.fromkeys(self._versions, "")

    def __len__(self) -> int:
        return len(self._versions)

    def only(self, names: set[Name]) -> None:
        """Forget all objects but these."""
        for name in self._versions.keys() - names:
            self._drop(name)

    def _drop(self, name: Name) -> None:
        self._versions.pop(name, None)
        self._rows.drop((self._value, *name))


class PodSink:
    """Puts pods to the rows that they belong to."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._owners: dict[Name, Ident] = {}

    def put(self, thing: PodObject) -> Name:
        """Keep this pod with its row; its labels may have changed hands."""
        name = (thing.metadata.namespace, thing.metadata.name)
        pod = pod_of(thing)
        ident = None if pod is None else (pod.kind.value, pod.namespace, pod.isvc)
        if self._owners.get(name) != ident:
            self._drop(name)
        if pod is not None and ident is not None:
            self._owners[name] = ident
            self._rows.put_pod(ident, name, pod)
        return name

    def doubt(self) -> None:
        """Hear that a known version may say something else: pods are read whatever their version."""

    def gone(self, thing: PodObject) -> None:
        """Forget this pod."""
        self._drop((thing.metadata.namespace, thing.metadata.name))

    def only(self, names: set[Name]) -> None:
        """Forget all pods but these."""
        self._forget(self._owners.keys() - names)

    def _forget(self, names: Iterable[Name]) -> None:
        for name in list(names):
            self._drop(name)

    def _drop(self, name: Name) -> None:
        ident = self._owners.pop(name, None)
        if ident is not None:
            self._rows.drop_pod(ident, name)

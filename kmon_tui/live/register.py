"""The register: whose the rows of answers are. What was read a tick ago is known again by its text.

Long texts are kept as marks: ten thousand series are known by less than 1 MB instead of 7.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from sys import intern

from kmon_tui.live.dialects import code_class
from kmon_tui.live.guards import BY
from kmon_tui.live.packs import BY_COUNTER
from kmon_tui.live.parts import IDENTITY_MARK, PART, PART_MARK
from kmon_tui.live.prometheus_answers import Labelled
from kmon_tui.live.reckoning import Slot
from kmon_tui.live.roll import L, Roll
from kmon_tui.live.target import Handle, Target, handle_of

_ALIKE = frozenset(
    {
        *("job", "namespace", "exported_namespace", "namespace_name", "component", "container", "model_name"),
        *("pod", "exported_pod", "pod_name", "k8s_pod_name", "service_name", "configuration_name"),
        *("revision", "revision_name", "kn_revision_name", *BY),
    }
)
"""Labels whose values many series have, or rows of the fleet: each of these texts is kept once."""
_60_BITS = 2**60 - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of an answer: who counted what."""

    target: Target
    slot: Slot


class Register:
    """Knows all rows that were not forgotten."""

    def __init__(self) -> None:
        self._targets: dict[int, Target] = {}
        self._readings: dict[int, Reading] = {}
        self._handles: dict[int, Handle] = {}
        self._slots: dict[Slot, Slot] = {}
        self._counted: Roll[Reading] = Roll()
        self._timed: Roll[Handle] = Roll()
        self._same: dict[Handle, Handle] | None = None
        """Handles by themselves, while rows are read."""

    @property
    def targets(self) -> Collection[Target]:
        """All processes that count."""
        return self._targets.values()

    def all_read(self) -> None:
        """Hear that an answer was read: what only helps to read it is let go."""
        self._same = None

    def forget(self, oldest_s: float) -> None:
        """Forget processes that were not seen since then."""
        old = {id(t) for t in self._targets.values() if (t.seen_s or t.at_s) < oldest_s}
        if old:
            self._targets = {k: t for k, t in self._targets.items() if id(t) not in old}
            self._readings = {k: r for k, r in self._readings.items() if id(r.target) not in old}
            self._handles = {}
            self._counted.forget()
            self._timed.forget()

    def reading(self, series: Labelled) -> Reading:
        """Find who counted what in a row."""
        mark = _mark(series.text)
        known = self._readings.get(mark)
        if known is None:
            metric = series.metric
            name = metric["__name__"]
            dialect = BY_COUNTER[name]
            count = dialect.counters[name]
            slot = (count.role, count.code or code_class(dialect, metric))
            slot = self._slots.setdefault(slot, slot)
            aside = {"__name__", PART, *dialect.code_labels}
            labels = {k: intern(v) if k in _ALIKE else v for k, v in metric.items() if k not in aside}
            mine = _mark("\0".join((dialect.family, *(f"{k}\0{v}" for k, v in sorted(labels.items())))).encode())
            target = self._targets.get(mine)
            if target is None:
                target = self._targets[mine] = Target(labels, dialect)
                target.handle = self._the_one(target.handle)
            known = self._readings[mark] = Reading(target, slot)
        return known

    def handle(self, series: Labelled) -> Handle:
        """Find which process a row is of."""
        mark = _mark(series.text)
        known = self._handles.get(mark)
        if known is None:
            known = self._handles[mark] = self._the_one(handle_of(series.metric))
        return known

    def readings(self, rows: Sequence[L]) -> tuple[list[Reading], Sequence[L]]:
        """Find who counted what in an answer; and the rows from the first one on that is no counter."""
        return self._counted.call(rows, self._counter)

    def handles(self, rows: Sequence[L]) -> tuple[list[Handle], Sequence[L]]:
        """Find whose times an answer tells; and the rows from the first one on that tells something else, or more."""
        return self._timed.call(rows, self._time)

    def _counter(self, series: Labelled, text: bytes) -> Reading | None:
        if PART_MARK in text and series.metric["__name__"] not in BY_COUNTER:
            return None
        return self.reading(series)

    def _time(self, series: Labelled, text: bytes) -> Handle | None:
        return None if PART_MARK in text or IDENTITY_MARK in text else self.handle(series)

    def _the_one(self, handle: Handle) -> Handle:
        """Give the equal handle that is kept already."""
        if self._same is None:
            self._same = {target.handle: target.handle for target in self._targets.values()}
        return self._same.setdefault(handle, handle)


def _mark(text: bytes) -> int:
    """Give a number in place of a text, by which it is known again: that two of a million agree is 1 in 2 million.

    A number of 60 bits takes no more room than one of 31; Python's own hash is as good as it is long, and there.
    """
    return hash(text) & _60_BITS

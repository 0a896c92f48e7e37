"""Samples in memory: series of (time in ms, value), found by their labels."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kmon_tui.sandbox.promql.values import NAME, LabelKey, Labels, key_of

Test = Callable[[Labels], bool]


@dataclass(frozen=True, slots=True)
class Past:
    """Samples from before a series was first written to, made when somebody first asks for them."""

    load: Callable[[], tuple[Iterable[int], Iterable[float]]]
    """Gives times in ms and values."""
    end_ms: int
    """Time of the last one."""
    last: float
    """Value of the last one, so that a reset right after it is noticed without loading."""


class Series:
    """One series."""

    __slots__ = ("_last", "_oldest_ms", "_past", "_times", "_values", "labels", "resets", "stale")

    def __init__(self, labels: Labels, past: Past | None = None) -> None:
        self.labels = labels
        self._times = array("q")
        self._values = array("d")
        self._past = past
        self._oldest_ms = 0
        self._last = past.last if past else -math.inf
        self.stale: set[int] = set()
        """Times of staleness markers: the target was gone there."""
        self.resets: list[tuple[int, float]] = []
        """Where a value is smaller than the one before it: (time, the value before)."""

    @property
    def times(self) -> array[int]:
        """Times in ms, ascending."""
        if self._past is not None:
            self._load(self._past)
        return self._times

    @property
    def values(self) -> array[float]:
        """Values, as many as times."""
        if self._past is not None:
            self._load(self._past)
        return self._values

    @property
    def newest_ms(self) -> int:
        """Time of the newest sample or marker; 0 when there is none."""
        if self._times:
            return self._times[-1]
        return self._past.end_ms if self._past else 0

    def append(self, time_ms: int, value: float) -> bool:
        """Add a sample; False, and nothing is changed, when it is not newer than the last one."""
        if self._times and time_ms <= self._times[-1]:
            return False
        if value < self._last:
            self.resets.append((time_ms, self._last))
        self._last = value
        self._times.append(time_ms)
        self._values.append(value)
        return True

    def mark_stale(self, time_ms: int) -> None:
        """Say that the target or the series was gone at this time."""
        if time_ms <= self.newest_ms:
            return
        self.stale.add(time_ms)
        self._times.append(time_ms)
        self._values.append(math.nan)

    def forget_before(self, time_ms: int) -> None:
        """Drop what is older."""
        self._oldest_ms = time_ms
        if self._past is not None and self._past.end_ms >= time_ms:
            return
        self._past = None
        cut = bisect_left(self._times, time_ms)
        if cut:
            self._times, self._values = self._times[cut:], self._values[cut:]
            self.resets = [reset for reset in self.resets if reset[0] >= time_ms]
            self.stale = {time for time in self.stale if time >= time_ms}

    def _load(self, past: Past) -> None:
        self._past = None
        loaded = Series(self.labels)
        limit = self._times[0] if self._times else math.inf
        for time_ms, value in zip(*past.load(), strict=True):
            if self._oldest_ms <= time_ms < limit:
                loaded.append(time_ms, value)
        self.resets = loaded.resets + self.resets
        self._times = loaded._times + self._times
        self._values = loaded._values + self._values


class Samples:
    """All series of one Prometheus."""

    def __init__(self) -> None:
        self._by_key: dict[LabelKey, Series] = {}
        self._by_name: dict[str, dict[LabelKey, Series]] = {}

    def __iter__(self) -> Iterator[Series]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def series(self, labels: Labels, past: Past | None = None) -> Series:
        """Give the series with exactly these labels; made when it is new, then with a past if there is one."""
        key = key_of(labels)
        known = self._by_key.get(key)
        if known is None:
            known = self._by_key[key] = Series(dict(labels), past)
            self._by_name.setdefault(labels.get(NAME, ""), {})[key] = known
        return known

    def names(self) -> list[str]:
        """All metric names."""
        return sorted(self._by_name)

    def select(self, is_name: Callable[[str], bool], is_match: Test | None) -> list[Series]:
        """Give the series whose name and labels pass both tests."""
        found: list[Series] = []
        for name, family in self._by_name.items():
            if is_name(name):
                found += family.values() if is_match is None else [s for s in family.values() if is_match(s.labels)]
        return found

    def forget_before(self, time_ms: int) -> None:
        """Drop samples that are older, and series that have none left."""
        for key, series in list(self._by_key.items()):
            series.forget_before(time_ms)
            if series.newest_ms < time_ms:
                del self._by_key[key]
                name = series.labels.get(NAME, "")
                del self._by_name[name][key]
                if not self._by_name[name]:
                    del self._by_name[name]

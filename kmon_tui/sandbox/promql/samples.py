"""Samples in memory: series of (time in ms, value), found by their labels."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from kmon_tui.sandbox.promql.values import NAME, LabelKey, Labels, key_of

Fill = Callable[[], tuple[Iterable[int], Iterable[float]]]
Test = Callable[[Labels], bool]


class Series:
    """One series. Its past may be given as a function that is called when somebody first asks for it."""

    __slots__ = ("_fill", "_last", "_times", "_values", "labels", "resets", "stale")

    def __init__(self, labels: Labels, fill: Fill | None = None, last: float = -math.inf) -> None:
        self.labels = labels
        self._times = array("q")
        self._values = array("d")
        self._fill = fill
        self._last = last
        self.stale: set[int] = set()
        """Times of staleness markers: the target was gone there."""
        self.resets: list[tuple[int, float]] = []
        """Where a value is smaller than the one before it: (time, the value before)."""

    @property
    def times(self) -> array[int]:
        """Times in ms, ascending."""
        self._load()
        return self._times

    @property
    def values(self) -> array[float]:
        """Values, as many as times."""
        self._load()
        return self._values

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
        if self._times and time_ms <= self._times[-1]:
            return
        self.stale.add(time_ms)
        self._times.append(time_ms)
        self._values.append(math.nan)

    def forget_before(self, time_ms: int) -> None:
        """Drop what is older."""
        times, values = self.times, self.values
        cut = bisect_left(times, time_ms)
        if not cut:
            return
        self._times, self._values = times[cut:], values[cut:]
        self.resets = [reset for reset in self.resets if reset[0] >= time_ms]
        self.stale = {time for time in self.stale if time >= time_ms}

    def _load(self) -> None:
        if self._fill is None:
            return
        fill, self._fill = self._fill, None
        past = Series(self.labels)
        limit = self._times[0] if self._times else math.inf
        for time_ms, value in zip(*fill(), strict=True):
            if time_ms < limit:
                past.append(int(time_ms), value)
        self.resets = past.resets + self.resets
        self._times = past._times + self._times
        self._values = past._values + self._values

    def __len__(self) -> int:
        return len(self.times)


class Samples:
    """All series of one Prometheus."""

    def __init__(self) -> None:
        self._by_key: dict[LabelKey, Series] = {}
        self._by_name: dict[str, dict[LabelKey, Series]] = {}

    def __iter__(self) -> Iterator[Series]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def series(self, labels: Labels, fill: Fill | None = None, last: float = -math.inf) -> Series:
        """Give the series with exactly these labels; made when it is new, then with a past if there is one.

        ``last`` is the last value of that past, so that a reset right after it is noticed without loading it.
        """
        key = key_of(labels)
        known = self._by_key.get(key)
        if known is None:
            known = self._by_key[key] = Series(dict(labels), fill, last)
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
            if not series.times:
                del self._by_key[key]
                name = series.labels.get(NAME, "")
                del self._by_name[name][key]
                if not self._by_name[name]:
                    del self._by_name[name]

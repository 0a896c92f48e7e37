"""What each process counts in one step, put together from rows; which rows are whose is worked out once."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TypeAlias

from kmon_tui.live.reckoning import Slot
from kmon_tui.live.register import Reading
from kmon_tui.live.target import COUNTS, Target, shared

Counts: TypeAlias = tuple[float, ...]
Counted: TypeAlias = tuple[Target, tuple[Slot, ...], Counts | None]
"""Who counts, what, and how much of each; None: that cannot be read."""


class Tally:
    """Keeps which rows are whose for as long as the very same list of rows is read."""

    def __init__(self) -> None:
        self._sort(())

    def count(self, readings: Sequence[Reading], values: Sequence[float]) -> Iterator[Counted]:
        """Give what each process counts, in the order of its first row."""
        if readings is not self._readings:
            self._sort(readings)
        firsts, more = [values[place] for place in self._places], self._more
        found = zip(self._targets, self._slots, firsts, strict=True)
        if not isfinite(sum(values)):
            for at, (target, slots, first) in enumerate(found):
                yield (target, *_readable(slots, (first, *[values[place] for place in more.get(at, ())])))
        elif more:
            for at, (target, slots, first) in enumerate(found):
                if at in more:
                    yield target, *_together(slots, (first, *[values[place] for place in more[at]]))
                else:
                    yield target, slots, (first,)
        else:
            for target, slots, first in found:
                yield target, slots, (first,)

    def _sort(self, readings: Sequence[Reading]) -> None:
        # Arrays and lists side by side: a tuple for each of ten thousand processes would take 1 MB.
        places: dict[Target, list[int]] = {}
        for place, reading in enumerate(readings):
            places.setdefault(reading.target, []).append(place)
        self._readings = readings
        self._targets = list(places)
        self._places = array("l", [of_one[0] for of_one in places.values()])
        self._slots = [shared(tuple([readings[place].slot for place in of_one])) for of_one in places.values()]
        self._more = {at: tuple(of_one[1:]) for at, of_one in enumerate(places.values()) if len(of_one) > 1}
        """The further rows of those that have several."""


def _readable(slots: tuple[Slot, ...], values: Counts) -> tuple[tuple[Slot, ...], Counts | None]:
    """Leave out what is no number; None where that is one of the counters which tell of requests."""
    odd = [slot for slot, value in zip(slots, values, strict=True) if not isfinite(value)]
    if any(role in COUNTS for role, _ in odd):
        return slots, None
    known = [(slot, value) for slot, value in zip(slots, values, strict=True) if isfinite(value)]
    return _together(tuple([slot for slot, _ in known]), tuple([value for _, value in known]))


def _together(slots: tuple[Slot, ...], values: Counts) -> tuple[tuple[Slot, ...], Counts]:
    """Add up rows that tell of the same."""
    if len(set(slots)) == len(slots):
        return slots, values
    sums: dict[Slot, float] = {}
    for slot, value in zip(slots, values, strict=True):
        sums[slot] = sums.get(slot, 0.0) + value
    return shared(tuple(sums)), tuple(sums.values())

"""Increases of counters that were looked at step by step: resets, gaps and births."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Increase:
    """What a counter gained."""

    steps: array[float]
    """Gain in each step, oldest first; NaN where the counter was not seen at the end of the step, or not before it."""
    total: float
    """Gain over all steps, also over those in which it was not seen."""
    seen: bool
    """Whether it was there at all."""


def gain(before: float, now: float) -> float:
    """Give what a counter gained between two looks; one that fell started over from zero."""
    return now - before if now >= before else now


def increase(values: Sequence[float], born_at: int | None = None, resets: Set[int] = frozenset()) -> Increase:
    """Split the gain of a counter into steps: ``values`` are n + 1 looks (NaN: not there) around n steps.

    A counter that appears at look ``born_at`` began at zero, so its whole first value is a gain; one that appears
    elsewhere was only found late, and its first value says nothing. The gain over a gap is spread evenly: the step in
    which the counter came back gets its own share, the rest belongs to the gap and is only in the total. ``resets``
    are looks before which it is known to have started over, though it may not show it.
    """
    steps = array("d")
    total = 0.0
    last: float | None = None
    last_at = 0
    for i, value in enumerate(values):
        known = not math.isnan(value)
        step = math.nan
        if known:
            gained, share = 0.0, 1
            if last is not None:
                gained, share = gain(0.0 if i in resets else last, value), i - last_at
            elif i == born_at:
                gained = value
            total += gained if i else 0.0
            step = math.nan if last is None and i != born_at else gained / share
            last, last_at = value, i
        if i:
            steps.append(step)
    return Increase(steps, total, last is not None)


def fell(values: Sequence[float]) -> frozenset[int]:
    """Give the looks at which a counter showed less than at the look before."""
    found = set()
    last = -math.inf
    for i, value in enumerate(values):
        if value < last:
            found.add(i)
        last = last if math.isnan(value) else value
    return frozenset(found)


def together(increases: Iterable[Increase], steps: int) -> Increase:
    """Add up what several counters gained; a step is known when any of them was seen in it."""
    sums = array("d", [math.nan]) * steps
    total = 0.0
    seen = False
    for one in increases:
        for i, value in enumerate(one.steps):
            if not math.isnan(value):
                sums[i] = value if math.isnan(sums[i]) else sums[i] + value
        total += one.total
        seen = seen or one.seen
    return Increase(sums, total, seen)

"""Fewer steps than were measured: a window of hours is looked at scrape by scrape and told in steps one can read. Pure.

Looking less often would lose what a process counted between its last look and its end, and before its first one.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace

from kmon_tui.domain.traffic import Buckets, Series

MOST_TOLD = 240
"""Steps that are told."""
MOST_LOOKS = 2400
"""Looks at one series; Prometheus itself refuses more than 11,000."""
MOST_VALUES = 600_000
"""Values that are asked for about all services of a namespace."""


def steps_for(window_s: int, scrape_s: float, series: int) -> tuple[int, int, int]:
    """Give how long a look is, how many of them are one step that is told, and how many steps there are.

    A look is a scrape where the window is short enough for that, else a whole number of them.
    """
    looks = max(MOST_TOLD, min(MOST_LOOKS, MOST_VALUES // max(1, series)))
    scrapes = max(1, math.ceil(window_s / looks / scrape_s))
    look_s = max(1, round(scrapes * scrape_s))
    times = max(1, -(-window_s // (MOST_TOLD * look_s)))
    return look_s, times, -(-window_s // (look_s * times))


def unseen(look_s: int, scrape_s: float) -> tuple[str, ...]:
    """Say what looks that are rarer than scrapes do not see; nothing when each scrape is looked at."""
    if look_s < 2 * scrape_s:
        return ()
    return (
        f"so long a window is looked at every {look_s} s only, not at each scrape ({scrape_s:.0f} s): "
        "what a pod counted before the first look at it, or after the last, is missing",
    )


def rates(gains: Sequence[float], look_s: int, times: int, end_s: float) -> Series:
    """Give the rate of each step that is told, from what its looks gained."""
    values = array("d")
    for group in _groups(gains, times):
        known = [gain for gain in group if not math.isnan(gain)]
        values.append(math.fsum(known) / (len(known) * look_s) if known else math.nan)
    return Series(end_s, look_s * times, values)


def coarser(buckets: Buckets, times: int) -> Buckets:
    """Add up the counts of each step that is told."""
    return replace(
        buckets,
        step_s=buckets.step_s * times,
        counts=tuple(array("d", [_sum(group) for group in _groups(row, times)]) for row in buckets.counts),
    )


def _groups(values: Sequence[float], times: int) -> list[Sequence[float]]:
    """Cut into groups that end with the newest value."""
    first = len(values) % times
    return [*([values[:first]] if first else []), *(values[i : i + times] for i in range(first, len(values), times))]


def _sum(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) if known else math.nan

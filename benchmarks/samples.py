"""Medians and percentiles of what was measured more than once."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def paired_ratio(first: Callable[[], float], second: Callable[[], float], times: int) -> tuple[float, float, float]:
    """Measure two things in turn; gives the median of the ratios second/first, and both medians.

    In turn, so that a machine that gets slower slows both.
    """
    pairs = [(first(), second()) for _ in range(times)]
    ratio = statistics.median(b / a for a, b in pairs)
    return ratio, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)

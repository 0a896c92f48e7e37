"""Quantiles from histogram buckets, as PromQL's histogram_quantile() finds them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def quantile(q: float, le: Sequence[float], counts: Sequence[float]) -> float | None:
    """Estimate the value below which a share ``q`` of observations stayed.

    ``le`` holds the upper bounds, ascending, the last one infinite; ``counts`` what fell into each bucket alone.
    Interpolates inside the bucket; the last bucket has no width, so its lower bound is returned. None when nothing
    was counted.
    """
    total = math.fsum(counts)
    if len(le) < 2 or not math.isinf(le[-1]) or not total > 0:
        return None
    rank = q * total
    below = 0.0
    for i, (bound, count) in enumerate(zip(le, counts, strict=True)):
        if below + count >= rank and (count > 0 or rank == 0):
            if i == len(le) - 1:
                return le[-2]
            if i == 0 and bound <= 0:
                return bound
            start = le[i - 1] if i else 0.0
            return start + (bound - start) * ((rank - below) / count if count else 0.0)
        below += count
    return le[-2]


def own_counts(cumulative: Mapping[float, float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Turn cumulative counts by upper bound into (bounds ascending, what fell into each bucket alone).

    Where a bound counts less than a smaller one (scrapes that were torn, histograms with different bounds summed) it is
    lifted to it, as Prometheus does; so nothing is ever negative.
    """
    bounds = tuple(sorted(cumulative))
    counts: list[float] = []
    highest = 0.0
    for bound in bounds:
        reached = max(highest, cumulative[bound])
        counts.append(reached - highest)
        highest = reached
    return bounds, tuple(counts)


def parse_le(text: str) -> float | None:
    """Read a bucket bound: Prometheus 2 writes ``100``, Prometheus 3 ``100.0``, so bounds are only equal as numbers."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound

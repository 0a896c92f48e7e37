"""histogram_quantile(): quantiles estimated from cumulative buckets."""

from __future__ import annotations

import math

from kmon_tui.sandbox.promql.values import NAME, Column, LabelKey, Labels, Row, Vector, key_of, merged

Buckets = list[tuple[float, float]]
"""(upper bound, cumulative count)."""


def histogram_quantiles(shares: list[float], buckets: Vector) -> Vector:
    """Answer histogram_quantile(): one row for each set of labels besides ``le``."""
    groups: dict[LabelKey, tuple[Labels, list[tuple[float, Column]]]] = {}
    for row in buckets.rows:
        bound = upper_bound(row.labels.get("le", ""))
        if bound is None:
            continue
        labels = {name: value for name, value in row.labels.items() if name != "le"}
        groups.setdefault(key_of(labels), (labels, []))[1].append((bound, row.values))
    rows = []
    for labels, columns in groups.values():
        columns.sort(key=lambda column: column[0])
        answers: Column = []
        for step, share in enumerate(shares):
            present = [(bound, v) for bound, values in columns if (v := values[step]) is not None]
            answers.append(bucket_quantile(share, present) if present else None)
        rows.append(Row({name: value for name, value in labels.items() if name != NAME}, answers))
    return merged(rows)


def upper_bound(text: str) -> float | None:
    """Read a ``le`` label; None when it is no number."""
    try:
        return float(text)
    except ValueError:
        return None


def bucket_quantile(share: float, buckets: Buckets) -> float:
    """Estimate a quantile from buckets in ascending order: Prometheus' bucketQuantile()."""
    if math.isnan(share):
        return math.nan
    if share < 0:
        return -math.inf
    if share > 1:
        return math.inf
    if buckets[-1][0] != math.inf:
        return math.nan
    bounds, counts = _monotonic(buckets)
    if len(bounds) < 2 or counts[-1] == 0 or math.isnan(counts[-1]):
        return math.nan
    rank = share * counts[-1]
    at = next((i for i, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if at == len(counts) - 1:
        return bounds[-2]
    if at == 0 and bounds[0] <= 0:
        return bounds[0]
    start, below = (bounds[at - 1], counts[at - 1]) if at else (0.0, 0.0)
    inside = counts[at] - below
    return start + (bounds[at] - start) * ((rank - below) / inside) if inside else math.nan


def _monotonic(buckets: Buckets) -> tuple[list[float], list[float]]:
    """Join buckets of one bound, and let no count be smaller than the one before."""
    bounds: list[float] = []
    counts: list[float] = []
    for bound, count in buckets:
        if bounds and bounds[-1] == bound:
            counts[-1] += count
        else:
            bounds.append(bound)
            counts.append(count)
    for i in range(1, len(counts)):
        counts[i] = max(counts[i - 1], counts[i])
    return bounds, counts

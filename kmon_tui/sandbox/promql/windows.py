"""Functions over range vectors: rate() and its relatives, and the ``_over_time`` family."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from kmon_tui.sandbox.promql.arithmetic import quantile, variance
from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.selectors import Track, Windows
from kmon_tui.sandbox.promql.values import Column, Row, Vector, merged, without_name

OverTime = Callable[[Sequence[float]], float]


def rates(windows: Windows, name: str) -> Vector:
    """Answer rate(), increase() and delta(): the difference over each window, extrapolated to its bounds."""
    rows = []
    for track in windows.tracks:
        column: Column = [
            _extrapolated(track, first, last, bounds, name, windows.dialect.threshold_first)
            for first, last, bounds in windows.cut(track)
        ]
        rows.append(Row(without_name(track.labels), column))
    return _filled(rows)


def _extrapolated(
    track: Track, first: int, last: int, bounds: tuple[int, int], name: str, threshold_first: bool
) -> float | None:
    """Follow Prometheus' extrapolatedRate(); the order of the two start rules depends on the version."""
    if last - first < 2:
        return None
    times, values = track.times, track.values
    change = values[last - 1] - values[first]
    if name != "delta" and track.resets:
        change += sum(before for time, before in track.resets if times[first] < time <= times[last - 1])
    to_start = (times[first] - bounds[0]) / 1000
    to_end = (bounds[1] - times[last - 1]) / 1000
    sampled = (times[last - 1] - times[first]) / 1000
    between = sampled / (last - first - 1)
    if threshold_first and to_start >= between * 1.1:
        to_start = between / 2
    if name != "delta" and change > 0 and values[first] >= 0:
        to_start = min(to_start, sampled * (values[first] / change))
    extended = sampled + (to_start if to_start < between * 1.1 else between / 2)
    extended += to_end if to_end < between * 1.1 else between / 2
    change *= extended / sampled
    return change / ((bounds[1] - bounds[0]) / 1000) if name == "rate" else change


def last_two(windows: Windows, name: str) -> Vector:
    """Answer irate() and idelta(): the difference of the last two samples."""

    def difference(times: Sequence[int], values: Sequence[float], end: int) -> float | None:
        if len(values) < 2:
            return None
        if name == "idelta":
            return values[-1] - values[-2]
        change = values[-1] if values[-1] < values[-2] else values[-1] - values[-2]
        return change / ((times[-1] - times[-2]) / 1000)

    return _each(windows, difference)


def regression(windows: Windows, ahead_s: list[float] | None) -> Vector:
    """Answer deriv(), and predict_linear() when ``ahead_s`` is given, by least squares around the window's end."""
    rows = []
    for track in windows.tracks:
        column: Column = []
        for step, (first, last, bounds) in enumerate(windows.cut(track)):
            if last - first < 2:
                column.append(None)
                continue
            times, values = track.times[first:last], track.values[first:last]
            # deriv() measures from the first sample, predict_linear() from the time of evaluation
            origin = times[0] if ahead_s is None else bounds[1]
            slope, intercept = _line([(time - origin) / 1000 for time in times], values)
            column.append(slope if ahead_s is None else slope * ahead_s[step] + intercept)
        rows.append(Row(without_name(track.labels), column))
    return _filled(rows)


def _line(xs: list[float], ys: Sequence[float]) -> tuple[float, float]:
    if all(y == ys[0] for y in ys):
        return (math.nan, math.nan) if math.isinf(ys[0]) else (0.0, ys[0])
    n = len(xs)
    sum_x, sum_y = math.fsum(xs), math.fsum(ys)
    covariance = math.fsum(x * y for x, y in zip(xs, ys, strict=True)) - sum_x * sum_y / n
    slope = covariance / (math.fsum(x * x for x in xs) - sum_x * sum_x / n)
    return slope, sum_y / n - slope * sum_x / n


def over_time(windows: Windows, name: str) -> Vector:
    """Answer avg_over_time() and the others that need only the values."""
    function = OVER_TIME.get(name)
    if function is None:
        raise PromqlError(f'1:1: parse error: unknown function with name "{name}"', "bad_data")

    def apply(times: Sequence[int], values: Sequence[float], end: int) -> float | None:
        return function(values) if values else None

    keep = name in ("last_over_time", "first_over_time")
    return _each(windows, apply, keep_name=keep)


def quantiles_over_time(windows: Windows, shares: list[float]) -> Vector:
    """Answer quantile_over_time()."""
    rows = []
    for track in windows.tracks:
        column: Column = [
            quantile(share, track.values[first:last]) if last > first else None
            for share, (first, last, _) in zip(shares, windows.cut(track), strict=True)
        ]
        rows.append(Row(without_name(track.labels), column))
    return _filled(rows)


def _each(
    windows: Windows,
    function: Callable[[Sequence[int], Sequence[float], int], float | None],
    *,
    keep_name: bool = False,
) -> Vector:
    rows = []
    for track in windows.tracks:
        column: Column = [
            function(track.times[first:last], track.values[first:last], bounds[1])
            for first, last, bounds in windows.cut(track)
        ]
        rows.append(Row(track.labels if keep_name else without_name(track.labels), column))
    return _filled(rows)


def _filled(rows: list[Row]) -> Vector:
    return merged(row for row in rows if any(value is not None for value in row.values))


def _smallest(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return min(known) if known else math.nan


def _largest(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return max(known) if known else math.nan


def _deviation(values: Sequence[float]) -> float:
    middle = quantile(0.5, values)
    return quantile(0.5, [abs(value - middle) for value in values])


def _pairs_where(test: Callable[[float, float], bool]) -> OverTime:
    return lambda values: float(sum(test(a, b) for a, b in pairwise(values)))


OVER_TIME: dict[str, OverTime] = {
    "avg_over_time": lambda values: sum(values) / len(values),
    "min_over_time": _smallest,
    "max_over_time": _largest,
    "sum_over_time": lambda values: float(sum(values)),
    "count_over_time": lambda values: float(len(values)),
    "last_over_time": lambda values: values[-1],
    "first_over_time": lambda values: values[0],
    "stddev_over_time": lambda values: math.sqrt(variance(values)),
    "stdvar_over_time": variance,
    "present_over_time": lambda values: 1.0,
    "mad_over_time": _deviation,
    "resets": _pairs_where(lambda a, b: b < a),
    "changes": _pairs_where(lambda a, b: b != a and not (math.isnan(a) and math.isnan(b))),
}

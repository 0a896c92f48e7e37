"""Selectors: the samples a query starts from, as instants and as windows."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser

from kmon_tui.sandbox.promql.dialect import Dialect
from kmon_tui.sandbox.promql.matchers import Selection
from kmon_tui.sandbox.promql.samples import Samples, Series
from kmon_tui.sandbox.promql.values import Column, Labels, Row, Steps, Vector

_AT = promql_parser.AtModifierType


@dataclass(frozen=True, slots=True)
class Track:
    """Samples of one series without staleness markers: what windows are cut from."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]
    resets: Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Windows:
    """A range vector: tracks, and for each step the bounds of its window in ms."""

    tracks: list[Track]
    bounds: list[tuple[int, int]]
    dialect: Dialect

    def cut(self, track: Track) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """Give for each window the indexes of its samples, as a half-open pair, and its bounds."""
        times = track.times
        first = bisect_right if self.dialect.left_open else bisect_left
        for bounds in self.bounds:
            yield first(times, bounds[0]), bisect_right(times, bounds[1]), bounds


def milliseconds(duration: timedelta | None) -> int:
    """Give a duration of the parser in ms; 0 for none."""
    return round(duration.total_seconds() * 1000) if duration else 0


def shifted(node: Any, steps: Steps) -> list[int]:
    """Give the times that ``@`` and ``offset`` make of the steps."""
    offset = milliseconds(node.offset)
    if node.at is None:
        return [time - offset for time in steps.times]
    if node.at.type == _AT.Start:
        fixed = steps.start
    elif node.at.type == _AT.End:
        fixed = steps.end
    else:
        fixed = round(node.at.at.timestamp() * 1000)
    return [fixed - offset] * len(steps.times)


def instants(
    selection: Selection, samples: Samples, times: list[int], lookback: int, *, left_open: bool, as_times: bool
) -> Vector:
    """Give the newest sample of each series at each time, not older than the lookback, or its time in seconds."""
    rows = []
    oldest_ms = lookback - 1 if left_open else lookback
    for series in selection.among(samples):
        column = _column(series, times, oldest_ms, as_times)
        if any(value is not None for value in column):
            rows.append(Row(series.labels, column))
    return Vector(rows)


def _column(series: Series, times: list[int], oldest_ms: int, as_times: bool) -> Column:
    own_times, values, stale = series.times, series.values, series.stale
    column: Column = []
    for time in times:
        at = bisect_right(own_times, time) - 1
        if at < 0 or own_times[at] < time - oldest_ms or own_times[at] in stale:
            column.append(None)
        else:
            column.append(own_times[at] / 1000 if as_times else values[at])
    return column


def tracks_of(selection: Selection, samples: Samples) -> list[Track]:
    """Give the selected series as tracks."""
    return [_track(series) for series in selection.among(samples)]


def _track(series: Series) -> Track:
    if not series.stale:
        return Track(series.labels, series.times, series.values, series.resets)
    times, values = array("q"), array("d")
    for time, value in zip(series.times, series.values, strict=True):
        if time not in series.stale:
            times.append(time)
            values.append(value)
    return Track(series.labels, times, values, series.resets)

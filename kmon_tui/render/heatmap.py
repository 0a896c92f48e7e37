"""The latency heat map: buckets upwards, time to the right, at most eight levels, gaps left open, one cell marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import tzinfo
from itertools import pairwise

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.traffic import Buckets
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, Span, joined
from kmon_tui.render.marks import Mark, marked_rule
from kmon_tui.render.timeaxis import time_axis
from kmon_tui.render.units import bound

LEVELS = 8
LABEL_WIDTH = 7

Grid = list[list[float | None]]
Spot = tuple[int, int]
"""Row, lowest first, and column, oldest first."""


@dataclass(frozen=True, slots=True)
class HeatGrid:
    """What is drawn: neighbouring buckets and steps are added together where there is no room for each."""

    cells: Grid
    """Rows of requests, the lowest bucket first; None where nothing is known."""
    bounds_ms: tuple[tuple[float, float], ...]
    """Lower and upper bound of each row."""
    widths: tuple[int, ...]
    """Cells of the terminal of each column, so that all of them fill the width."""
    heights: tuple[int, ...]
    """Lines of each row, so that all of them fill the height."""
    end_s: float
    step_s: float
    """Seconds of one column."""

    @property
    def most(self) -> float:
        """The highest count."""
        return max((value for row in self.cells for value in row if value is not None), default=0.0)

    def column_at(self, moment_s: float | None) -> int:
        """Give the column that holds a moment, the newest one for None; the nearest one when it is not there."""
        last = len(self.widths) - 1
        if moment_s is None:
            return last
        return max(0, min(last, last - math.floor((self.end_s - moment_s) / self.step_s)))

    def row_at(self, bound_ms: float) -> int:
        """Give the row that holds the bucket with this upper bound."""
        return next((i for i, (_, upper) in enumerate(self.bounds_ms) if bound_ms <= upper), len(self.bounds_ms) - 1)

    def ends_s(self, column: int) -> float:
        """Give when a column ends."""
        return self.end_s - self.step_s * (len(self.widths) - 1 - column)


def grid_of(buckets: Buckets, width: int, height: int) -> HeatGrid | None:
    """Arrange counts for so many cells and lines, labels and axis included; None without room or without buckets."""
    columns = width - LABEL_WIDTH - 1
    rows = height - 2
    if columns < 4 or rows < 1 or not buckets.le_ms or not buckets.counts or not all(buckets.counts):
        return None
    bounds, grid = _merged_rows(buckets.le_ms, [_known(row) for row in buckets.counts], rows)
    share, grid = _merged_columns(grid, columns)
    widths, heights = _widths(len(grid[0]), columns), _widths(len(grid), rows)
    return HeatGrid(grid, bounds, tuple(widths), tuple(heights), buckets.end_s, buckets.step_s * share)


def heat_map(
    buckets: Buckets, width: int, height: int, glyphs: Glyphs, zone: tzinfo | None, *, shaded: bool
) -> list[Line]:
    """Draw the map with its labels and time axis in ``height`` lines; empty when there is none."""
    grid = grid_of(buckets, width, height)
    return heat_lines(grid, glyphs, zone, shaded=shaded) if grid is not None else []


def heat_lines(
    grid: HeatGrid,
    glyphs: Glyphs,
    zone: tzinfo | None,
    *,
    shaded: bool,
    cursor: Spot | None = None,
    marks: Sequence[Mark] = (),
) -> list[Line]:
    """Draw the rows, the rule with marks and the newest column, and the times.

    ``shaded`` draws densities of one colour, for terminals without enough colours; else levels are backgrounds.
    """
    most, widths = grid.most, grid.widths
    lines = []
    for row in reversed(range(len(grid.cells))):
        at = cursor[1] if cursor is not None and cursor[0] == row else None
        cells = _cells(grid.cells[row], widths, most, glyphs, shaded=shaded, cursor=at)
        label = bound(grid.bounds_ms[row][1])
        for line in range(grid.heights[row]):
            head = f"{label if line == 0 else '':>{LABEL_WIDTH}}{glyphs.axis}"
            lines.append(joined([(head, "dim" if at is None else "accent"), *cells]))
    columns = sum(widths)
    span_s = grid.step_s * len(widths)
    rule = marked_rule(columns, marks, (grid.end_s - span_s, grid.end_s), glyphs, newest=widths[-1])
    lines.append(joined([(" " * LABEL_WIDTH + glyphs.corner, "dim"), *rule]))
    axis = time_axis(grid.end_s, span_s / columns, columns, zone)
    lines.append(((" " * (LABEL_WIDTH + 1) + axis, "dim"),))
    return lines


def level(count: float, most: float) -> int:
    """Give the level 0 to 7 of a count; logarithmic: a few slow requests are seen beside many fast ones."""
    if count <= 0 or most <= 0:
        return 0
    return min(LEVELS - 1, 1 + int(math.log1p(count) / math.log1p(most) * (LEVELS - 2) + 0.5))


def _known(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _merged_rows(le_ms: Sequence[float], grid: Grid, rows: int) -> tuple[tuple[tuple[float, float], ...], Grid]:
    """Add neighbouring buckets together when there are more than rows; a group has the outer bounds of its buckets."""
    edges = [group * len(grid) // rows for group in range(rows + 1)] if len(grid) > rows else range(len(grid) + 1)
    groups = [range(start, end) for start, end in pairwise(edges)]
    columns = min(len(row) for row in grid)
    merged = [[_total([grid[i][column] for i in group]) for column in range(columns)] for group in groups]
    return tuple((le_ms[group[0] - 1] if group[0] else 0.0, le_ms[group[-1]]) for group in groups), merged


def _merged_columns(grid: Grid, columns: int) -> tuple[int, Grid]:
    """Give (steps per column, grid): steps are added together when there are more of them than columns."""
    steps = min(len(row) for row in grid)
    share = max(1, math.ceil(steps / columns))
    # Counted from the newest step: it must never share a column with a moving number of others.
    ends = list(range(steps, 0, -share))[::-1]
    if share == 1:
        return 1, [row[-steps:] for row in grid]
    return share, [[_total(row[max(0, end - share) : end]) for end in ends] for row in grid]


def _widths(steps: int, columns: int) -> list[int]:
    """Give the cells of each column (or the lines of each row), so that all of them fill the room."""
    edges = [step * columns // steps for step in range(steps + 1)]
    return [end - start for start, end in pairwise(edges)]


def _cells(
    row: Sequence[float | None],
    widths: Sequence[int],
    most: float,
    glyphs: Glyphs,
    *,
    shaded: bool,
    cursor: int | None,
) -> list[Span]:
    spans: list[Span] = []
    for column, (value, repeat) in enumerate(zip(row, widths, strict=True)):
        if column == cursor:
            spans.append((glyphs.spot * repeat, "cursor"))
        elif value is None:
            spans.append((glyphs.gap * repeat, ""))
        elif shaded:
            spans.append((glyphs.shades[level(value, most)] * repeat, "heat"))
        else:
            spans.append((" " * repeat, f"heat-{level(value, most)}"))
    return spans

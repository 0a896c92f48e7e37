"""The latency heat map: buckets upwards, time to the right, at most eight levels, gaps left open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import tzinfo
from itertools import pairwise

from kmon_tui.domain.traffic import Buckets
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, Span, joined
from kmon_tui.render.timeaxis import time_axis
from kmon_tui.render.units import bound

LEVELS = 8
LABEL_WIDTH = 7

Grid = list[list[float | None]]


def heat_map(
    buckets: Buckets, width: int, height: int, glyphs: Glyphs, zone: tzinfo | None, *, shaded: bool
) -> list[Line]:
    """Draw the map with its labels and time axis in ``height`` lines.

    ``shaded`` draws densities of one colour, for terminals without enough
    colours; else levels are backgrounds. The last line but one marks the newest column.
    """
    columns = width - LABEL_WIDTH - 1
    rows = height - 2
    if columns < 4 or rows < 1 or not buckets.le_ms or not buckets.counts:
        return []
    labels, grid = _merged_rows([bound(le) for le in buckets.le_ms], [_known(row) for row in buckets.counts], rows)
    share, grid = _merged_columns(grid, columns)
    most = max((value for row in grid for value in row if value is not None), default=0.0)
    widths = _widths(len(grid[0]), columns)
    lines = [
        joined([(f"{label:>{LABEL_WIDTH}}{glyphs.axis}", "dim"), *_cells(row, widths, most, glyphs, shaded=shaded)])
        for label, row in zip(reversed(labels), reversed(grid), strict=True)
    ]
    foot = " " * LABEL_WIDTH + glyphs.corner + glyphs.rule * (columns - widths[-1])
    lines.append(joined([(foot, "dim"), (glyphs.newest * widths[-1], "accent")]))
    axis = time_axis(buckets.end_s, buckets.step_s * share * len(widths) / columns, columns, zone)
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


def _merged_rows(labels: list[str], grid: Grid, rows: int) -> tuple[list[str], Grid]:
    """Add neighbouring buckets together when there are more than rows; a group bears its upper bound's label."""
    if len(grid) <= rows:
        return labels, grid
    edges = [group * len(grid) // rows for group in range(rows + 1)]
    groups = [range(start, end) for start, end in pairwise(edges)]
    columns = len(grid[0])
    merged = [[_total([grid[i][column] for i in group]) for column in range(columns)] for group in groups]
    return [labels[group[-1]] for group in groups], merged


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
    """Give the cells of each column, so that all of them fill the width."""
    edges = [step * columns // steps for step in range(steps + 1)]
    return [end - start for start, end in pairwise(edges)]


def _cells(
    row: Sequence[float | None], widths: Sequence[int], most: float, glyphs: Glyphs, *, shaded: bool
) -> list[Span]:
    spans: list[Span] = []
    for value, repeat in zip(row, widths, strict=True):
        if value is None:
            spans.append((glyphs.gap * repeat, ""))
            continue
        step = level(value, most)
        if shaded:
            spans.append((glyphs.shades[step] * repeat, "heat"))
        else:
            spans.append((" " * repeat, f"heat-{step}"))
    return spans

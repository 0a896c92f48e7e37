"""Line charts over time: plotext draws the curves, the axes and colours are ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.traffic import Series
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, Span, joined
from kmon_tui.render.marks import Mark, marked_rule
from kmon_tui.render.timeaxis import time_axis

LABEL_WIDTH = 6
BRAILLE = 0x2800


@dataclass(frozen=True, slots=True)
class Curve:
    """One series of a chart and its look."""

    name: str
    series: Series
    look: str


def line_chart(
    curves: Sequence[Curve],
    width: int,
    height: int,
    glyphs: Glyphs,
    zone: tzinfo | None,
    unit: Callable[[float], str],
    marks: Sequence[Mark] = (),
) -> list[Line]:
    """Draw curves from zero to their highest value, with labels in ``unit`` and a time axis, in ``height`` lines.

    Empty when there is no room, or nothing is known. Needs plotext, whose
    import costs more than the first paint may: call it later.
    """
    columns, rows = width - LABEL_WIDTH - 1, height - 2
    drawn = [curve for curve in curves if any(math.isfinite(value) for value in curve.series.values)]
    if columns < 8 or rows < 2 or not drawn:
        return []
    end_s = max(curve.series.end_s for curve in drawn)
    start_s = min(curve.series.end_s - curve.series.step_s * (len(curve.series.values) - 1) for curve in drawn)
    if start_s >= end_s:
        start_s = end_s - drawn[0].series.step_s
    top = nice_top(max(value for curve in drawn for value in curve.series.values if math.isfinite(value)))
    layers = [
        (_canvas(curve.series, columns, rows, (start_s, end_s), top, glyphs.marker), curve.look) for curve in drawn
    ]
    labels = {0: unit(top), rows - 1: "0"}
    if rows >= 5:
        labels[(rows - 1) // 2] = unit(top / 2)
    lines = [
        joined([(f"{labels.get(row, ''):>{LABEL_WIDTH}}{glyphs.axis}", "dim"), *_merged(layers, row, columns)])
        for row in range(rows)
    ]
    rule = marked_rule(columns, marks, (start_s, end_s), glyphs)
    lines.append(joined([(" " * LABEL_WIDTH + glyphs.corner, "dim"), *rule]))
    axis = time_axis(end_s, (end_s - start_s) / max(1, columns - 1), columns, zone)
    lines.append(((" " * (LABEL_WIDTH + 1) + axis, "dim"),))
    return lines


def nice_top(highest: float) -> float:
    """Give a round number not below the highest value: 1, 2, 3, 4, 5, 6 or 8 times a power of ten; 1 for nothing."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next((factor * power for factor in (1, 2, 3, 4, 5, 6, 8) if factor * power >= highest), 10 * power)


def _canvas(series: Series, columns: int, rows: int, span_s: tuple[float, float], top: float, marker: str) -> list[str]:
    """Let plotext draw one series without axes: every run of known values is a line of its own, so gaps stay open."""
    from kmon_tui.render.lean_plotext import FIGURE as figure  # 40 ms: not before the first paint

    figure.clear()
    figure.plot_size(columns, rows)
    figure.axes(False)
    for axis in ("x", "y"):
        for side in (0, 1):
            figure.ruler(axis, side).ticks([])
    figure.ruler("x").lim(*span_s)
    figure.ruler("y").lim(0, top)
    for times, values in _runs(series):
        figure.draw(figure.signal(times, values, marker=marker).lines(True))
    drawn: str = figure.build().string(colorless=True)
    lines = [line[:columns].ljust(columns) for line in drawn.split("\n")[:rows]]
    return lines + [" " * columns] * (rows - len(lines))


def _runs(series: Series) -> Iterator[tuple[list[float], list[float]]]:
    times: list[float] = []
    values: list[float] = []
    for time_s, value in series.points():
        if value is not None:
            times.append(time_s)
            values.append(value)
        elif times:
            yield times, values
            times, values = [], []
    if times:
        yield times, values


def _merged(layers: Sequence[tuple[list[str], str]], row: int, columns: int) -> list[Span]:
    """Lay the curves of one row over each other; where two meet, their dots add up and the later look wins."""
    spans: list[Span] = []
    for column in range(columns):
        char, look = " ", ""
        for canvas, curve_look in layers:
            over = canvas[row][column]
            if over == " ":
                continue
            char, look = (_added(char, over), curve_look)
        spans.append((char, look))
    return spans


def _added(under: str, over: str) -> str:
    """Put two braille patterns into one cell; other characters cover each other."""
    low, high = ord(under) - BRAILLE, ord(over) - BRAILLE
    if 0 <= low < 256 and 0 <= high < 256:
        return chr(BRAILLE + (low | high))
    return over

"""A series in one line of blocks: zero is the lowest block, a gap is blank, a piece with errors has their colour."""

from __future__ import annotations

import math

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.traffic import BAD_RATIO, WARN_RATIO, Series
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, Span, joined


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The drawn line and its scale."""

    line: Line
    peak: float | None
    """The value of the highest block; None when nothing is known."""


def sparkline(requests: Series, errors: Series | None, width: int, glyphs: Glyphs) -> Sparkline:
    """Draw the newest values in ``width`` cells, from zero to the highest of them."""
    values = condensed(requests, width)
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline(line=((" " * width, ""),), peak=None)
    peak = max(known)
    missing: list[float | None] = [None] * len(values)
    ratios = (missing + (condensed(errors, width) if errors is not None else []))[-len(values) :]
    spans: list[Span] = [(" " * (width - len(values)), "")]
    for value, ratio in zip(values, ratios, strict=True):
        if value is None:
            spans.append((" ", "trend"))
        else:
            spans.append((_block(value, peak, glyphs.blocks), _look(ratio)))
    return Sparkline(line=joined(spans), peak=peak)


def condensed(series: Series, width: int) -> list[float | None]:
    """Give at most ``width`` values, each the highest of its share of the series; None where all of it is a gap.

    Shares begin at fixed times, so that columns stand still until a whole
    share is full: what does not move is not written to the terminal.
    """
    values = series.values[:]  # read once: it may lie in pieces
    if width <= 0 or not values:
        return []
    share = math.ceil(len(values) / width)
    if share > 1:
        share = math.ceil(len(values) / max(1, width - 1))
    newest = 1 + round(series.end_s / series.step_s) % share if series.step_s > 0 else share
    out: list[float | None] = []
    end = len(values)
    while end > 0:
        start = max(0, end - (newest if end == len(values) else share))
        known = [value for value in values[start:end] if math.isfinite(value)]
        out.append(max(known) if known else None)
        end = start
    out.reverse()
    return out[-width:]


def _block(value: float, peak: float, blocks: str) -> str:
    if peak <= 0 or value <= 0:
        return blocks[0]
    return blocks[min(len(blocks) - 1, 1 + int(value / peak * (len(blocks) - 2) + 0.5))]


def _look(ratio: float | None) -> str:
    if ratio is None or ratio < WARN_RATIO:
        return "trend"
    return "warn" if ratio < BAD_RATIO else "bad"

"""What the panels of one service show: its story, requests by code, quantiles, the heat map; or why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from kmon_tui.domain.traffic import ALL, Buckets, Traffic
from kmon_tui.render.cells import clean, wrap
from kmon_tui.render.charts import Curve, line_chart
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.heatmap import heat_map
from kmon_tui.render.lines import Line, in_look, shortened
from kmon_tui.render.marks import Mark
from kmon_tui.render.rows import Row
from kmon_tui.render.story import story_lines
from kmon_tui.render.units import bound, number

if TYPE_CHECKING:
    from kmon_tui.domain.verdict import Diagnosis

Draw: TypeAlias = Callable[[int, int], list[Line]]
"""Draws into so many cells and lines."""
ONCE = "seen once: how many requests come takes a second sample"
NONE = "no request in this time, so there are no quantiles"
CODES = ("2xx", "3xx", "4xx", "5xx")


def story(row: Row | None, drawing: Drawing, why: str, diagnosis: Diagnosis | None = None) -> Draw:
    """Draw the words about a service; at their end, why there are no charts."""

    def draw(width: int, height: int) -> list[Line]:
        if row is None:
            return []
        lines = story_lines(row, drawing, width, diagnosis)
        if why:
            lines.extend([(), (("no traffic to show", "bold"),), *(((line, "dim"),) for line in wrap(why, width))])
        return lines[:height]

    return draw


def request_curves(traffic: Traffic | None, buckets: Buckets | None) -> list[Curve]:
    """Give one curve a class of codes; one for all where nobody tells codes.

    Failures that callers saw have one of their own: what a gateway refuses never reaches a pod.
    """
    curves = [Curve(ALL, traffic.requests, "trend")] if traffic is not None else []
    if buckets is None:
        return curves
    if buckets.by_code:
        curves = [
            Curve(code, series, f"code-{code}" if code in CODES else "trend" if code == ALL else "code-other")
            for code, series in sorted(buckets.by_code.items())
        ]
    refused = buckets.users_by_code.get("5xx")
    if refused is not None and any(value > 0 for value in refused.values):
        curves.append(Curve("5xx users", refused, "bad"))
    return curves


def latency_curves(buckets: Buckets | None) -> list[Curve]:
    """Give one curve a quantile, the slowest first."""
    quantiles = buckets.quantiles if buckets is not None else {}
    return [Curve(name, series, name) for name, series in sorted(quantiles.items(), reverse=True)]


def token_curves(buckets: Buckets | None) -> list[Curve]:
    """Give tokens per second, made and read."""
    gauges = buckets.gauges if buckets is not None else {}
    shown = (("out", "generation_tokens", "code-2xx"), ("in", "prompt_tokens", "trend"))
    return [Curve(name, gauges[gauge], look) for name, gauge, look in shown if gauge in gauges]


def requests(
    traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing, why: str, marks: Sequence[Mark] = ()
) -> Draw:
    """Draw requests per second."""
    told = why if traffic is None or traffic.problem or traffic.counter_sum is None else ONCE
    return chart(request_curves(traffic, buckets), drawing, number, told, traffic, marks)


def latency(
    traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing, why: str, marks: Sequence[Mark] = ()
) -> Draw:
    """Draw the quantiles."""
    return chart(latency_curves(buckets), drawing, bound, waiting(traffic, buckets, why), traffic, marks)


def heat(traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing, why: str) -> Draw:
    """Draw the heat map."""

    def draw(width: int, height: int) -> list[Line]:
        lines: list[Line] = []
        if buckets is not None and any(row for row in buckets.counts):
            shaded = drawing.shaded or is_old(traffic, drawing)
            lines = heat_map(buckets, width, height, drawing.glyphs, drawing.zone, shaded=shaded)
            if not lines and buckets.le_ms:
                return []
        return faded(lines, traffic, drawing) or sentence(waiting(traffic, buckets, why), width)

    return draw


def mute(why: str, fix: str = "") -> Draw:
    """Say why there is no number at all, what mends that, and what to press."""
    keys = (
        ("D", "looks for what is missing, link by link"),
        ("i", "sends a request: then something counts"),
        (":scrape", "reads its pods without Prometheus"),
        (":prom", "says which Prometheus is asked"),
    )

    def draw(width: int, height: int) -> list[Line]:
        told = [(), *(((f" {key:<8}", "key"), (words, "")) for key, words in keys)]
        mends = [shortened(((f"   {clean(line)}", ""),), width) for line in fix.splitlines()]
        if mends:
            room = max(0, height - len(told) - 4)
            told = [(), ((" what mends it", "bold"),), *mends[:room], *told]
        return [*sentence(why, width), *told][:height]

    return draw


def waiting(traffic: Traffic | None, buckets: Buckets | None, why: str) -> str:
    """Say why there are no buckets."""
    if traffic is None or traffic.problem or traffic.ended:
        return why
    if buckets is not None and buckets.le_ms and math.isfinite(buckets.le_ms[-1]):
        return "its buckets have no +Inf, so quantiles are not known"
    if buckets is not None and buckets.le_ms:
        return NONE if any(value == value for row in buckets.counts for value in row) else ONCE
    if buckets is not None and not buckets.problem:
        return "this Prometheus has no latency buckets of this service"
    return "the buckets are being asked for" if buckets is None else clean(buckets.problem) or why


def chart(
    curves: list[Curve],
    drawing: Drawing,
    unit: Callable[[float], str],
    why: str,
    traffic: Traffic | None,
    marks: Sequence[Mark] = (),
) -> Draw:
    """Draw curves."""

    def draw(width: int, height: int) -> list[Line]:
        lines = line_chart(curves, width, height, drawing.glyphs, drawing.zone, unit, marks)
        if not lines and any(map(is_known, curves)):
            return []  # there is no room, which is no lack of numbers
        return faded(lines, traffic, drawing) or sentence(why, width)

    return draw


def is_known(curve: Curve) -> bool:
    """Whether anything of a curve is known."""
    return any(math.isfinite(value) for value in curve.series.values)


def legend(curves: list[Curve], glyphs: Glyphs) -> Line:
    """Name the curves that are drawn; nothing for one."""
    drawn = [curve for curve in curves if is_known(curve)]
    if len(drawn) < 2:
        return ()
    return tuple((f"{glyphs.rule}{curve.name}  ", curve.look) for curve in drawn)


def faded(lines: list[Line], traffic: Traffic | None, drawing: Drawing) -> list[Line]:
    """Take the colours off numbers that are old; a heat map of colours alone has to be drawn with signs then."""
    return [in_look(line, "stale") for line in lines] if is_old(traffic, drawing) else lines


def is_old(traffic: Traffic | None, drawing: Drawing) -> bool:
    """Whether numbers are too old to be drawn in their colours."""
    return traffic is not None and drawing.stale_age_s(traffic) is not None


def sentence(words: str, width: int) -> list[Line]:
    """Write a sentence in place of a drawing."""
    return [((f" {line}", "dim"),) for line in wrap(words, max(8, width - 2))]

"""The Metrics view of a service in words and lines: its range, its pods, its tokens, the cell that is looked at."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kmon_tui.domain.beside import Llm, Scaling
from kmon_tui.domain.service import InferenceService
from kmon_tui.domain.traffic import Buckets, Series, Traffic, TrafficReport
from kmon_tui.render.cells import clean
from kmon_tui.render.charts import Curve
from kmon_tui.render.columns import replicas_words
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.heading import NAMES, Heading, age_words
from kmon_tui.render.heatmap import LABEL_WIDTH, HeatGrid, Spot
from kmon_tui.render.lines import Line, joined, shortened, spread, width_of
from kmon_tui.render.marks import Mark, in_words
from kmon_tui.render.panels import Draw, chart, faded, sentence, token_curves
from kmon_tui.render.sparkline import sparkline
from kmon_tui.render.timeaxis import clock
from kmon_tui.render.units import bound, long_duration, milliseconds, number, percent

RANGES_S = (300, 900, 1800, 3600, 10_800, 21_600)
USUAL_S = 900
"""So much the books hold anyway."""
LEAST_CHART = 4
"""Lines below which a chart is not worth drawing."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a person points at in the heat map; it stays there while time goes on."""

    bound_ms: float
    moment_s: float | None = None
    """None: the newest column, whichever that is."""


def beyond_books(range_s: int, drawing: Drawing) -> bool:
    """Whether this time is longer than what is kept of all services anyway, so that it has to be asked for."""
    return range_s > (drawing.prometheus.held_s or USUAL_S)


def within(buckets: Buckets, range_s: int) -> Buckets:
    """Give only the newest part of what is known."""
    steps = max(1, round(range_s / buckets.step_s))

    def newest(series: Mapping[str, Series]) -> dict[str, Series]:
        return {name: one._replace(values=one.values[-steps:]) for name, one in series.items()}

    return replace(
        buckets,
        counts=tuple(row[-steps:] for row in buckets.counts),
        by_code=newest(buckets.by_code),
        users_by_code=newest(buckets.users_by_code),
        quantiles=newest(buckets.quantiles),
        gauges=newest(buckets.gauges),
    )


def range_line(range_s: int, buckets: Buckets | None, state: tuple[str, str], right: Line, width: int) -> Line:
    """Say which time is shown, in which steps, and whether it is live; ``state`` is words and look."""
    step = f", step {long_duration(buckets.step_s)}" if buckets is not None else ""
    left: list[tuple[str, str]] = [(f" last {long_duration(range_s)}{step}  ", "bold"), state]
    if buckets is not None and buckets.remark:
        left.append((f"  {clean(buckets.remark)}", "warn"))
    if state[1] != "live":  # that numbers are old, or not there yet, is not what is cut
        right = shortened(right, max(8, width - width_of(tuple(left)) - 1))
    return spread(joined(left), right, width)


def state_words(
    shown: TrafficReport | None, latest: TrafficReport | None, buckets: Buckets | None, range_s: int, drawing: Drawing
) -> tuple[str, str]:
    """Say whether what is shown is live, in words and look; ``latest`` is only given while the view is paused."""
    if latest is not None:
        return behind_words(latest.prometheus.now, shown.prometheus.now if shown is not None else None), "warn"
    if drawing.prometheus_failing:
        return "no Prometheus answers" if shown is None else "prometheus DOWN: old numbers", "failed"
    if shown is not None and shown.prometheus.scraped:
        return clean(shown.prometheus.scraped), "warn"  # nobody kept more than that
    if shown is not None and shown.prometheus.unscraped:
        return "pods are not scraped", "failed"
    if buckets is not None and buckets.range_s != (range_s if beyond_books(range_s, drawing) else None):
        return "being asked for", "warn"
    return "live", "live"


def marks_line(marks: Sequence[Mark], drawing: Drawing, room: int) -> Line:
    """Tell what happened in the time that is shown, the newest first, as far as there is room."""
    told = in_words(marks, -math.inf, drawing.glyphs, drawing.zone)
    while told and sum(len(words) + 2 for words in told) > room:
        told.pop()
    return tuple((f"  {words}", "mark") for words in told)


def pods_heading(isvc: InferenceService, traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing) -> Heading:
    """Answer how many pods there are and should be."""
    scaling = traffic.scaling if traffic is not None else None
    cold = f"  {buckets.cold_starts} cold starts" if buckets is not None and buckets.cold_starts else ""
    answer = f"pods {replicas_words(isvc)} ready{cold}"
    busy = _busy(scaling)
    history = _pods_source(buckets)
    if traffic is None or not history:
        return Heading((f"{answer}{busy}", answer), ("Kubernetes API",), "")
    return Heading(
        (f"{answer}{busy}", answer),
        (f"now: Kubernetes API, over time: {history}", history),
        age_words(traffic, drawing),
        drawing.stale_age_s(traffic) is not None,
    )


def pods_curves(buckets: Buckets | None) -> list[Curve]:
    """Give wanted and ready pods over time; those that were scraped where nobody counts the others."""
    gauges = buckets.gauges if buckets is not None else {}
    if "ready" in gauges:
        looks = (("wanted", "dim"), ("ready", "ready"))
        return [Curve(name, gauges[name], look) for name, look in looks if name in gauges]
    return [Curve("scraped", gauges["scraped"], "trend")] if "scraped" in gauges else []


def pods_strip(buckets: Buckets | None, width: int, drawing: Drawing) -> Line:
    """Draw how many pods there were in one line, below the columns of the heat map."""
    curves = pods_curves(buckets)
    if not curves:
        return ()
    series = curves[-1].series
    columns = width - LABEL_WIDTH - 1
    drawn = sparkline(series, None, min(columns, len(series.values)), drawing.glyphs)
    known = [value for value in series.values if math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    label = f"{number(high)}" if low == high else f"{number(low)}-{number(high)}"
    stretched = tuple((text, look) for text, look in _stretched(drawn.line, columns))
    return joined([(f"{label:>{LABEL_WIDTH}}{drawing.glyphs.axis}", "dim"), *stretched])


def pods(buckets: Buckets | None, traffic: Traffic | None, drawing: Drawing, marks: Sequence[Mark]) -> Draw:
    """Draw how many pods there were: a chart, or one line where there is no room for one."""
    unknown = "how many pods there were is not known"
    drawn = chart(pods_curves(buckets), drawing, number, unknown, traffic, marks)

    def draw(width: int, height: int) -> list[Line]:
        if height > 3:
            return drawn(width, height)
        strip = pods_strip(buckets, width, drawing)
        return faded([strip], traffic, drawing) if strip else sentence(unknown, width)

    return draw


def tokens(llm: Llm, buckets: Buckets | None, traffic: Traffic, drawing: Drawing, marks: Sequence[Mark]) -> Draw:
    """Draw what only a language model has: facts, and tokens over time where there is room."""
    drawn = chart(token_curves(buckets), drawing, number, "", traffic, marks)

    def draw(width: int, height: int) -> list[Line]:
        lines = llm_lines(llm, width)
        room = height - len(lines)
        return [*lines, *drawn(width, room)][:height] if room >= LEAST_CHART else lines[:height]

    return draw


def llm_heading(llm: Llm, traffic: Traffic, drawing: Drawing) -> Heading:
    """Answer how many tokens flow and how long the first one takes."""
    tokens = f"tokens/s {number(llm.generation_tokens_per_s)} out  {number(llm.prompt_tokens_per_s)} in"
    first = f"TTFT p90 {milliseconds(llm.ttft_p90_ms, llm.ttft_top_ms)}"
    name = NAMES.get(traffic.family, "") if traffic.family.value == "vllm" else "vllm:*"
    return Heading(
        (f"{tokens}  {first}", tokens),
        (name,),
        age_words(traffic, drawing),
        drawing.stale_age_s(traffic) is not None,
    )


def llm_lines(llm: Llm, width: int) -> list[Line]:
    """Tell what only a language model has, as many facts a line as fit."""
    ttft = _quantiles("TTFT", (llm.ttft_p50_ms, llm.ttft_p90_ms, llm.ttft_p99_ms), llm.ttft_top_ms)
    itl = _quantiles("ITL", (llm.itl_p50_ms, llm.itl_p90_ms, llm.itl_p99_ms), llm.itl_top_ms)
    one = llm.kv_cache_max_ratio in (None, llm.kv_cache_ratio)
    fullest = "" if one else f" (max {percent(llm.kv_cache_max_ratio)} %)"
    full = llm.kv_cache_max_ratio is not None and llm.kv_cache_max_ratio >= 0.9
    waits = llm.waiting is not None and llm.waiting > 0
    facts: list[tuple[str, str]] = [
        (ttft, ""),
        (itl, ""),
        (f"running {number(llm.running)}", ""),
        (f"waiting {number(llm.waiting)}", "warn" if waits else ""),
        (f"KV cache {percent(llm.kv_cache_ratio)} %{fullest}", "warn" if full else ""),
        (f"prefix hits {percent(llm.prefix_hit_ratio)} %", ""),
    ]
    if llm.preemptions_per_s:
        facts.append((f"preemptions/s {number(llm.preemptions_per_s)}", "warn"))
    lines: list[Line] = []
    line: Line = ()
    for words, look in facts:
        more: Line = (*line, ("  " if line else " ", ""), (words, look))
        if width_of(more) > width and line:
            lines.append(line)
            more = ((" ", ""), (words, look))
        line = more
    return [shortened(one, width) for one in (*lines, line)]


def spot_of(grid: HeatGrid, cursor: Cursor) -> Spot:
    """Find the cell that a cursor points at."""
    return grid.row_at(cursor.bound_ms), grid.column_at(cursor.moment_s)


def moved(grid: HeatGrid, cursor: Cursor | None, right: int, up: int) -> Cursor:
    """Give the cursor after a step; the first one points at the fullest bucket of the newest column."""
    if cursor is None:
        column = len(grid.widths) - 1
        row = max(range(len(grid.cells)), key=lambda i: grid.cells[i][column] or 0.0)
    else:
        row, column = spot_of(grid, cursor)
        row = max(0, min(len(grid.cells) - 1, row + up))
        column = max(0, min(len(grid.widths) - 1, column + right))
    newest = column == len(grid.widths) - 1
    return Cursor(grid.bounds_ms[row][1], None if newest else grid.ends_s(column))


def cell_words(grid: HeatGrid, cursor: Cursor, drawing: Drawing) -> str:
    """Tell time, bucket and count of the cell that is pointed at."""
    row, column = spot_of(grid, cursor)
    end_s = grid.ends_s(column)
    lower, upper = grid.bounds_ms[row]
    count = grid.cells[row][column]
    seconds = grid.step_s < 60
    times = "-".join(clock(at_s, drawing.zone, seconds=seconds) for at_s in (end_s - grid.step_s, end_s))
    known = [value for cells in grid.cells if (value := cells[column]) is not None]
    words = "a gap: not known" if count is None else f"{number(count)} of {number(sum(known))} requests"
    return f"{times}  {bound(lower) if lower else '0'} to {bound(upper)}  {words}"


def moment_words(grid: HeatGrid, buckets: Buckets, cursor: Cursor) -> Line:
    """Tell quantiles and requests at the time that is pointed at."""
    end_s = grid.ends_s(spot_of(grid, cursor)[1])
    shown = sorted(buckets.quantiles.items())
    top_ms = max((bound_ms for bound_ms in buckets.le_ms if math.isfinite(bound_ms)), default=None)
    known = [(name, value) for name, series in shown if (value := _at(series, end_s)) is not None]
    told = [f"{name} {milliseconds(value, top_ms)}" for name, value in known]
    rates = [value for series in buckets.by_code.values() if (value := _at(series, end_s)) is not None]
    if rates:
        told.append(f"{number(sum(rates))} req/s")
    return ((f"there: {'  '.join(told) or 'nothing is known'} ", "accent"),)


def behind_words(latest: datetime | None, frozen: datetime | None) -> str:
    """Say how far a paused view is behind."""
    if latest is None or frozen is None:
        return "paused"
    behind = re.sub("([0-9]+)([a-z])", r"\1 \2 ", long_duration((latest - frozen).total_seconds())).strip()
    return f"paused, {behind} behind"


def _quantiles(name: str, values: Sequence[float | None], top_ms: float | None) -> str:
    told = " ".join(
        f"{q} {milliseconds(value, top_ms)}" for q, value in zip(("p50", "p90", "p99"), values, strict=True)
    )
    return f"{name} {told}"


def _busy(scaling: Scaling | None) -> str:
    if scaling is None:
        return ""
    words = []
    if scaling.wanted is not None:
        words.append(f"{number(scaling.wanted)} wanted ({scaling.source})")
    if scaling.concurrency is not None:
        target = f" of {number(scaling.target_concurrency)} a pod" if scaling.target_concurrency else ""
        words.append(f"{number(scaling.concurrency)} in flight{target}")
    if scaling.queued:
        words.append(f"{number(scaling.queued)} queued")
    if scaling.panic:
        words.append("PANIC")
    return "".join(f"  {one}" for one in words)


def _pods_source(buckets: Buckets | None) -> str:
    names = [curve.name for curve in pods_curves(buckets)]
    return {"ready": "pods ready", "scraped": "pods scraped"}.get(names[-1] if names else "", "")


def _stretched(line: Line, columns: int) -> Line:
    """Widen a drawn line so that it fills the columns, as the heat map above it does."""
    chars = [(char, look) for text, look in line for char in text]
    if not chars:
        return ()
    return tuple(chars[column * len(chars) // columns] for column in range(columns))


def _at(series: Series, moment_s: float) -> float | None:
    index = len(series.values) - 1 - round((series.end_s - moment_s) / series.step_s)
    if not 0 <= index < len(series.values):
        return None
    value = series.values[index]
    return None if math.isnan(value) else value

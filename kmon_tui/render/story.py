"""What is told of one service: the line below the list, and the words of its detail pane."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.fleet import GONE
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Condition
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.domain.traffic import Traffic
from kmon_tui.render.cells import clean, fit, middle, wrap
from kmon_tui.render.columns import kind_word, replicas_words, state_words
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import Line, Span, joined, shortened, spread, text_of, width_of
from kmon_tui.render.reasons import in_short, without_own_names
from kmon_tui.render.rows import Row, Severity, has_split, scope_words, split_words
from kmon_tui.render.summary import api_health
from kmon_tui.render.units import age, long_duration, milliseconds, number, percent

if TYPE_CHECKING:
    from kmon_tui.domain.verdict import Diagnosis

MOST_ALERTS = 5
MOST_TRIES = 3
MISSING = re.compile("may not|not shown|not known|are old|is old")
"""In notes of what a person would miss on the screen; the others are worth no room there, only a line in ``:notes``."""


def context_line(state: State, row: Row | None, drawing: Drawing, width: int) -> Line:
    """Say in one line what matters most now: a source that fails, else the selected service."""
    api = api_health(state)
    if not state.fleet.services:
        return ()  # the notice in place of the list has said it
    if api.status is Status.FAILING:
        return _failure("api", api, width, drawing)
    if gone := [note for note in state.fleet.notes if GONE in note]:
        return shortened(((f" {clean(gone[0])}", "warn"),), width)
    prometheus = state.health.get(PROMETHEUS)
    if row is not None and row.severity < Severity.ERRORS and row.reason:
        return trouble_line(row, drawing, width)
    if prometheus is not None and prometheus.status is Status.FAILING:
        return _failure("prometheus", prometheus, width, drawing)
    if prometheus is None:
        return shortened(((" no Prometheus, so no traffic: start with --prometheus URL", "dim"),), width)
    if state.traffic is not None and not state.traffic.prometheus.families:
        return shortened(((" prometheus has none of the known metrics: are the model pods scraped?", "warn"),), width)
    spans: list[Span] = []
    if row is not None:
        spans = [(f" {clean(row.isvc.key.name)} ", "bold")]
        spans.extend(_traffic_words(row.traffic, drawing) or _facts(_kind_facts(row), drawing))
    count = sum(1 for note in state.fleet.notes if MISSING.search(note))
    notes: Line = ((f" {count} note{'s' if count > 1 else ''} (:notes) ", "warn"),) if count else ()
    return spread(joined(spans), notes, width)


def trouble_line(row: Row, drawing: Drawing, width: int) -> Line:
    """Name a service and why it is in trouble, in one line."""
    name = clean(row.isvc.key.name)
    room = max(10, width - len(name) - 3)
    reason = in_short(without_own_names(clean(row.reason), name, room), room, ellipsis=drawing.glyphs.ellipsis)
    return shortened(((f" {name}: ", "bold"), (reason, "reason")), width)


def headline(row: Row, drawing: Drawing, width: int) -> Line:
    """Name the service with its state, since when, and how it runs."""
    isvc = row.isvc
    glyph, word, look = state_words(row, drawing)
    since = f" {long_duration((drawing.now - isvc.since).total_seconds() // 60 * 60)}" if isvc.since else ""
    if since in {" 0s"}:
        since = " <1m"
    room = width - len(glyph) - len(word) - len(since) - 3
    key = isvc.key
    full = clean(f"{key.namespace}/{key.name}")
    name = full if len(full) <= room else middle(clean(key.name), max(10, room), ellipsis=drawing.glyphs.ellipsis)
    line: Line = ((f"{glyph} {word}{since}", look), ("  ", ""), (name, "bold"))
    facts: Line = (("  ", ""), *_facts(_kind_facts(row), drawing))
    return (*line, *facts) if width_of((*line, *facts)) <= width else shortened(line, width, drawing.glyphs.ellipsis)


def advice_lines(diagnosis: Diagnosis, drawing: Drawing, width: int) -> list[Line]:
    """Say what still serves and what to try; `w` tells the whole chain."""
    lines: list[Line] = []
    ellipsis = drawing.glyphs.ellipsis
    if diagnosis.serving:
        label = serving_label(diagnosis.serving)
        lines.append(
            shortened(((f"{label}: " if label else "", "dim"), (clean(diagnosis.serving), "")), width, ellipsis)
        )
    for one in diagnosis.tries[:MOST_TRIES]:
        lines.append(shortened((("try ", "key"), (clean(one.text), "")), width, ellipsis))
        if one.command:
            lines.append(shortened(((f"    {clean(one.command)}", "accent"),), width, ellipsis))
    return lines


def serving_label(serving: str) -> str:
    """Name what still serves where its words tell only who takes how much: others are a sentence of their own."""
    return "still serving" if " takes " in serving else ""


def story_lines(row: Row, drawing: Drawing, width: int, diagnosis: Diagnosis | None = None) -> list[Line]:
    """Tell the service: reason, what to try, where it answers, pods, split, conditions."""
    isvc = row.isvc
    lines: list[Line] = [headline(row, drawing, width)]
    if row.reason and not row.reason.startswith("alert "):  # the alerts themselves say more
        lines.extend(((line, "reason"),) for line in wrap(clean(row.reason), width, most_lines=6))
    if diagnosis is not None and row.reason == diagnosis.verdict:
        lines.extend(advice_lines(diagnosis, drawing, width))
    for alert in row.alerts[:MOST_ALERTS]:
        lines.extend(alert_lines(alert, drawing, width))
    if (facts := _facts(_kind_facts(row), drawing)) and not text_of(lines[0]).endswith(text_of(facts)):
        lines.append(shortened(facts, width, drawing.glyphs.ellipsis))
    pods: Line = ((f"pods {replicas_words(isvc)}", "warn" if isvc.not_serving else ""),)
    split: Line = ()
    if isvc.traffic:
        split = ((f"traffic {clean(split_words(isvc.traffic))}", "bold" if has_split(isvc.traffic) else ""),)
    together: Line = (*pods, ("   ", ""), *split)
    lines.extend(
        [together] if width_of(together) <= width else [pods, shortened(split, width, drawing.glyphs.ellipsis)]
    )
    if isvc.url:
        lines.append(((middle(clean(isvc.url), width, ellipsis=drawing.glyphs.ellipsis), "dim"),))
    said = [condition for condition in isvc.conditions if (condition.type, condition.status) != ("Stopped", "False")]
    lines.extend(_condition_line(condition, drawing, width) for condition in sorted(said, key=_false_first))
    for pod in isvc.pods:
        if pod.trouble:
            words = f"pod {clean(pod.name)}: {clean(pod.trouble)} {clean(pod.message)}"
            lines.append(shortened(((words, "reason"),), width, drawing.glyphs.ellipsis))
    return lines


def alert_lines(alert: Alert, drawing: Drawing, width: int) -> list[Line]:
    """Say which alert it is, since when, how grave, and what its rule says."""
    state = "firing" if alert.firing else "pending"
    since = f" {age(max(60.0, (drawing.now - alert.since).total_seconds()))}" if alert.since is not None else ""
    look = "failed" if alert.is_grave else "reason" if alert.matters else "warn" if alert.firing else "dim"
    told = "  ".join(filter(None, (alert.severity, alert.summary)))
    words = clean(f"alert {alert.name} {state}{since}{f'  {told}' if told else ''}")
    return [((line, look),) for line in wrap(words, width, most_lines=3)]


SCRAPE = " (:scrape reads its pods without Prometheus)"


def no_traffic_words(state: State, row: Row | None) -> str:
    """Say why there is no chart."""
    health = state.health.get(PROMETHEUS)
    if health is None:
        return "no Prometheus is configured: start with --prometheus URL"
    if health.status is Status.FAILING:
        return f"{clean(health.error)}. {clean(health.hint)}".strip() + SCRAPE
    if state.traffic is None or health.status is Status.STARTING:
        return "waiting for the first answer of Prometheus"
    if row is not None and row.traffic is not None and row.traffic.problem:
        return clean(row.traffic.problem)
    if unscraped := state.traffic.prometheus.unscraped:
        return clean(unscraped)
    last = _last_words(state, row)
    cause = state.causes.get(row.isvc.key) if row is not None else None
    if cause is not None:
        told = f"{f'{last}. ' if last else ''}{clean(cause.title)}: {clean(cause.text).rstrip('.')}"
        return f"{told}{'' if told.endswith('?') else '.'} D says what mends it" if cause.is_bad else told
    if last:
        return f"{last}: none of its pods is scraped any more{SCRAPE}"
    if not state.traffic.prometheus.families:
        return "this Prometheus has none of the metrics of KServe or Knative: is it scraping the model pods?" + SCRAPE
    return "no series for this service: it has had no request yet, or its pods are not scraped" + SCRAPE


def _last_words(state: State, row: Row | None) -> str:
    """Say how old the newest sample is of a service that nobody counts any more; empty: nobody ever did."""
    traffic = row.traffic if row is not None else None
    if state.traffic is None or traffic is None or not traffic.lost:
        return ""
    age_s = state.traffic.prometheus.age_s(traffic.sampled_at)
    return "" if age_s is None else f"its newest sample is {long_duration(age_s)} old"


def _failure(source: str, health: Health, width: int, drawing: Drawing) -> Line:
    """Say what fails and what to do; where that has no room, where it is told in full."""
    error = f" {source}: {clean(health.error)}"
    hint = f"  {clean(health.hint)}" if health.hint else ""
    if width_of(((error + hint, ""),)) <= width:
        return ((error, "failed"), (hint, ""))
    more = "  :notes says more" if source == "api" else "  :prom says more"
    room = max(0, width - len(more))
    return shortened(((in_short(error, room, ellipsis=drawing.glyphs.ellipsis), "failed"), (more, "")), width)


def _traffic_words(traffic: Traffic | None, drawing: Drawing) -> list[Span]:
    if traffic is None:
        return []
    if traffic.problem and traffic.requests_per_s is None:
        return [(clean(traffic.problem), "warn")]
    if traffic.requests_per_s == 0 and traffic.error_ratio is None:
        return [("no requests", "dim")]
    top = traffic.top_bound_ms
    words = f"{percent(traffic.error_ratio)} % errors ({scope_words(traffic.scope)})"
    quantiles = "/".join(milliseconds(value, top) for value in (traffic.p50_ms, traffic.p90_ms, traffic.p99_ms))
    span_s = traffic.requests.step_s * len(traffic.requests.values)
    trend = f"  trend {long_duration(span_s)}" if traffic.requests.values else ""
    stale_s = drawing.stale_age_s(traffic)
    old = f"  data {age(stale_s)} old" if stale_s is not None else ""
    rate = (
        f"{number(traffic.requests_per_s)} rps"
        if traffic.new_requests is None
        else f"new: {number(traffic.new_requests)}"
    )
    said = [(f"{rate}  {words}  p50/90/99 {quantiles}{trend}{old}", "stale" if old else "")]
    return [*said, (f"  {clean(traffic.remark)}", "warn")] if traffic.remark else said


def _kind_facts(row: Row) -> list[str]:
    isvc = row.isvc
    return [kind_word(isvc.key.kind), isvc.mode.value, isvc.runtime, isvc.format, isvc.protocol]


def _facts(facts: list[str], drawing: Drawing) -> Line:
    words = f" {drawing.glyphs.dot} ".join(clean(fact) for fact in facts if fact)
    return ((words, "dim"),)


def _false_first(condition: Condition) -> int:
    return {"False": 0, "Unknown": 1}.get(condition.status, 2) + (3 if condition.severity == "Info" else 0)


def _condition_line(condition: Condition, drawing: Drawing, width: int) -> Line:
    look = {"True": "ready", "False": "failed"}.get(condition.status, "unknown")
    if condition.severity == "Info" and look == "failed":
        look = "dim"
    status = fit(clean(condition.status), 8)
    since = f"  {age(max(60.0, (drawing.now - condition.since).total_seconds()))}" if condition.since else ""
    words = "  ".join(clean(text) for text in (condition.type, condition.reason, condition.message) if text)
    return shortened(((status, look), (fit(words, max(0, width - 8 - len(since))).rstrip(), ""), (since, "dim")), width)

"""The lines of the predict screen, from values alone."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from kmon_tui.domain.predict import Header, Prediction, PredictRequest, Repetition, Sent, Via
from kmon_tui.domain.predict_samples import pretty
from kmon_tui.domain.service import InferenceService, Readiness
from kmon_tui.render.cells import clean, middle, wrap
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import Line, joined, shortened
from kmon_tui.render.predict_words import answer_text, milliseconds, size_words, split_words, token_words
from kmon_tui.render.units import number

MOST_LINES = 4000
"""Of an answer on the screen; nobody scrolls through more."""


def where_lines(
    isvc: InferenceService | None, request: PredictRequest | None, pod: str, problem: str, width: int
) -> tuple[Line, ...]:
    """Say in two lines where the request goes, how, and with what."""
    name = clean(str(isvc.key)) if isvc is not None else ""
    if request is None:
        words = "  cannot be asked as it is" if problem else "  looking how to ask it"
        return ((f" {name}", "bold"), (words, "dim")), ()
    way = f"via {request.via.value}"
    path = f" {clean(request.path)}   "
    room = width - cell_len(path) - len(f" POST {request.speech.value}{way} to ")
    to = f" to {middle(clean(pod), room)}" if pod and request.via is Via.FORWARD and room > 20 else ""
    head: Line = ((" POST ", "key"), (request.speech.value, "bold"), (path, ""), (way + to, "accent"))
    first = joined(head)
    spans = [(f" {name}", "bold")]
    if request.headers:
        spans.append((f"   headers: {header_names(request.headers)}", "accent"))
    spans.append((f"   timeout {request.timeout_s:g}s", "dim"))
    if request.host:
        spans.append((f"   Host: {clean(request.host)}", "dim"))
    return shortened(first, width), shortened(joined(spans), width)


def header_names(headers: Sequence[Header]) -> str:
    """Give the names alone: values may be secrets."""
    return ", ".join(clean(header.name) for header in headers)


def idle_lines(words: str, look: str, width: int) -> tuple[Line, ...]:
    """Say in place of an answer why there is none."""
    return tuple(((line, look),) for line in wrap(clean(words), max(8, width)))


def answer_lines(prediction: Prediction, width: int) -> tuple[Line, ...]:
    """Give what came: the error first, then the model's text or the body."""
    lines: list[Line] = [((line, "failed"),) for line in wrap(clean(prediction.error), max(8, width))]
    lines += [((line, "warn"),) for line in wrap(clean(prediction.hint), max(8, width))]
    text = prediction.text if prediction.tokens is not None else pretty(prediction.body)
    if lines and text:
        lines.append(())
    if text:
        lines += [((line, ""),) for line in _folded(answer_text(text), max(8, width))]
    if not lines:
        lines.append((("waiting for the answer" if not prediction.complete else "an empty body", "dim"),))
    return tuple(lines)


def answer_title(prediction: Prediction | None, waited_s: float | None) -> str:
    """Give the title of the answer; it holds nothing that came from the network but a number."""
    if waited_s is not None:
        return f"answer  waiting {waited_s:.0f}s  x stops"
    if prediction is None:
        return "answer"
    status = "no answer" if prediction.status is None else f"HTTP {prediction.status}"
    return f"answer  {status}" + (f"  {milliseconds(prediction.latency_ms)}" if prediction.latency_ms else "")


def answer_foot(prediction: Prediction | None) -> str:
    """Give the size of what came."""
    return size_words(prediction.size) if prediction is not None and prediction.size else ""


def time_line(prediction: Prediction | None, width: int) -> Line:
    """Say where the time went, who answered, and the pace of a stream."""
    if prediction is None:
        return ()
    spans = []
    if words := token_words(prediction):
        spans.append((f" {words}  ", "accent"))
    if words := split_words(prediction):
        spans.append((f" {words} ms", ""))
    if prediction.pod and not prediction.tokens:
        spans.append((f"   {middle(clean(prediction.pod), 40)}", "dim"))
    return shortened(joined(spans), width)


def repetition_line(repetition: Repetition | None, width: int) -> Line:
    """Say how the repeated requests go."""
    if repetition is None:
        return ()
    spans = [
        (f" repeat {repetition.done}/{repetition.times} c{repetition.concurrency}", "bold"),
        (f"   {repetition.ok} ok", "ready" if repetition.ok else "dim"),
        (f" {repetition.failed} fail", "failed" if repetition.failed else "dim"),
        (f"   {number(repetition.requests_per_s)} req/s", ""),
        (f"   p50 {milliseconds(repetition.p50_ms)}", "p50"),
        (f"  p90 {milliseconds(repetition.p90_ms)}", "p90"),
        (f"  p99 {milliseconds(repetition.p99_ms)}", "p99"),
    ]
    spans += [(f"   {count}x {clean(error)}", "failed") for error, count in repetition.errors[:1]]
    return shortened(joined(spans), width)


def history_lines(history: Sequence[Sent], drawing: Drawing, width: int, height: int) -> tuple[Line, ...]:
    """Give the newest requests, a line each."""
    if not history:
        return ((("nothing was sent to this service yet", "dim"),),)
    return tuple(shortened(_history_line(sent, drawing), width) for sent in history[:height])


def advice(isvc: InferenceService | None, request: PredictRequest | None, problem: str) -> Line:
    """Say what a person ought to know before sending."""
    if isvc is None:
        return ((" the service is not there (any more); esc goes back", "failed"),)
    if request is not None and isvc.readiness is Readiness.COLD:
        if request.via.wakes:
            return ((f" scaled to zero: this request wakes it, and may take up to {request.timeout_s:g} s", "warn"),)
        return ((" scaled to zero: no pod to forward to; v takes its gateway, which wakes it", "warn"),)
    return ((f" {clean(problem)}", "warn"),) if problem else ()


def _history_line(sent: Sent, drawing: Drawing) -> Line:
    at = sent.at.astimezone(drawing.zone)
    now = drawing.now.astimezone(drawing.zone)
    moment = f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%b %d %H:%M}"
    status = "---" if sent.status is None else str(sent.status)
    look = "ready" if not sent.error else "failed"
    return joined(
        [
            (f" {moment:<12}", "dim"),
            (f"  {status}", look),
            (f"  {milliseconds(sent.latency_ms) if sent.latency_ms is not None else '':>7}", ""),
            (f"  {sent.speech.value:<6}", ""),
            (f"  {sent.via.value:<7}", "dim"),
            ("" if sent.error else f"  {size_words(sent.sent_bytes):>7} > {size_words(sent.answer_bytes):<7}", ""),
            (f"  {clean(sent.label)}" if sent.label else "", "accent"),
            (f"  {clean(sent.error)}", "failed" if sent.status is None else "warn"),
        ]
    )


def _folded(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` cells, with its indents as they are."""
    lines: list[str] = []
    for line in text.split("\n"):
        rest = line
        while cell_len(rest) > width and len(lines) < MOST_LINES:
            piece = set_cell_size(rest, width).rstrip() or rest[:1]
            lines.append(piece)
            rest = rest[len(piece) :]
        lines.append(rest)
        if len(lines) >= MOST_LINES:
            return [*lines[:MOST_LINES], "… the rest is not shown"]
    return lines

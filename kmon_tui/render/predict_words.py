"""Words about requests to models: for the one-shot and for the screen. What models say is cleaned, never markup."""

from __future__ import annotations

from kmon_tui.domain.predict import Prediction, Repetition
from kmon_tui.render.cells import clean
from kmon_tui.render.units import number

UNKNOWN = "?"


def answer_text(text: str) -> str:
    """Give a text of several lines with nothing in it that a terminal would obey; lines and tabs stay."""
    return "\n".join(clean(line.replace("\t", "    ")) for line in text.replace("\r\n", "\n").split("\n"))


def milliseconds(value: float | None) -> str:
    """Write a latency: ``0.4 ms``, ``38 ms``, ``5.2 s``."""
    if value is None:
        return UNKNOWN
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def size_words(size: int) -> str:
    """Write a size: ``23 B``, ``1.2 kB``."""
    return f"{size} B" if size < 1000 else f"{number(size)}B"


def status_words(prediction: Prediction) -> str:
    """Write what came: ``200 OK``, or ``no answer``."""
    if prediction.status is None:
        return "no answer" if prediction.complete else "waiting"
    return clean(f"{prediction.status} {prediction.reason}").strip()


def split_words(prediction: Prediction) -> str:
    """Write where the time went, in ms; empty when there was no answer."""
    split = prediction.split
    parts = (("connect", split.connect_ms), ("send", split.send_ms), ("wait", split.wait_ms), ("read", split.read_ms))
    known = [f"{name} {_short(value)}" for name, value in parts if value is not None]
    return "  ".join(known)


def token_words(prediction: Prediction) -> str:
    """Write the pace of a stream; empty when it was none."""
    tokens = prediction.tokens
    if tokens is None:
        return ""
    words = f"first token {milliseconds(tokens.first_ms)}"
    if tokens.between_ms:
        words += f"  between {milliseconds(tokens.between_ms)}  {number(1000 / tokens.between_ms)}/s"
    return f"{tokens.count} tokens  {words}"


def outcome_words(prediction: Prediction) -> tuple[str, ...]:
    """Say how one request went: one sentence, and another for what to do."""
    to = f" at pod {prediction.pod}" if prediction.pod else f" from {prediction.url}"
    after = f" in {milliseconds(prediction.latency_ms)}" if prediction.latency_ms is not None else ""
    lines = [f"{status_words(prediction)}{after}{clean(to)}"]
    if prediction.tokens is not None:
        lines.append(token_words(prediction))
    if prediction.error:
        lines.append(clean(f"{prediction.error.rstrip('.')}. {prediction.hint}").strip())
    return tuple(lines)


def repetition_rows(repetition: Repetition) -> tuple[tuple[str, str], ...]:
    """Give the outcome of many requests as names and values."""
    rate = repetition.requests_per_s
    rows = [
        ("sent", f"{repetition.done} of {repetition.times}, {repetition.concurrency} at once"),
        ("ok", str(repetition.ok)),
        ("failed", str(repetition.failed)),
        ("rate", f"{number(rate)} requests/s"),
        ("p50", milliseconds(repetition.p50_ms)),
        ("p90", milliseconds(repetition.p90_ms)),
        ("p99", milliseconds(repetition.p99_ms)),
        ("statuses", "  ".join(f"{clean(status)} {count}x" for status, count in repetition.statuses)),
    ]
    rows += [("error", f"{count}x {clean(error)}") for error, count in repetition.errors]
    return tuple(rows)


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"

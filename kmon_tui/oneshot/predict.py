"""`kmon-tui predict NAME`: one request to a model, or many, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from kmon_tui.backend import Backend, OpenBackend, Predictor
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.names import Wanted
from kmon_tui.domain.predict import Header, Prediction, PredictRequest, Repetition, Speech, Via
from kmon_tui.domain.predict_samples import pretty, wrong_json
from kmon_tui.domain.predict_speech import path_of
from kmon_tui.domain.service import InferenceService, Readiness
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.metrics import chosen, complete_fleet
from kmon_tui.render.cells import clean
from kmon_tui.render.escapes import json_text, yaml_text
from kmon_tui.render.predict_words import answer_text, outcome_words, repetition_rows
from kmon_tui.settings import Settings

FORMATS = ("body", "json", "yaml")
FINDING = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted
    body: str | None = None
    """None: a sample is sent."""
    speech: Speech | None = None
    via: Via = Via.FORWARD
    model: str = ""
    headers: tuple[Header, ...] = ()
    times: int = 1
    concurrency: int = 1
    timeout_s: float | None = None
    form: str = "body"
    ascii_only: bool = False


Write = Callable[[str], None]
"""Prints a piece of a stream as it comes."""


async def predict(
    open_backend: OpenBackend, settings: Settings, wish: Wish, write: Write, tell: Write = lambda _: None
) -> Answer:
    """Send what is wished. Raises KmonError when cluster or name are not there; a refused request is an Answer.

    ``tell`` hears before the request is sent what has to be known by then.
    """
    if wish.body is not None and (wrong := wrong_json(wish.body)):
        raise SettingsError(f"the body is no JSON: {wrong}", "Nothing was sent.")
    async with open_backend(settings) as backend:
        predictor = _predictor(backend)
        fleet = await complete_fleet(backend, settings)
        isvc = chosen(fleet, wish.wanted)
        request, words = await _request(predictor, isvc, wish)
        if isvc.readiness is Readiness.COLD and request.via.wakes:
            tell(
                f"{isvc.key.name} is scaled to zero: this request wakes it, and may take up to {request.timeout_s:g} s"
            )
        if wish.times > 1:
            answer = await _many(predictor, isvc, request, wish)
        else:
            answer = await _once(predictor, isvc, request, wish, write)
    return replace(answer, words=(*words, *answer.words))


def document(prediction: Prediction) -> dict[str, Any]:
    """Give what JSON shows of one request: ``response`` of a success, else ``error``."""
    split = prediction.split
    found: dict[str, Any] = {
        "status": prediction.status,
        "latency_ms": _ms(prediction.latency_ms),
        "protocol": prediction.speech.value,
        "url": prediction.url,
        "via": prediction.via.value,
        "pod": prediction.pod or None,
        "split_ms": {
            "connect": _ms(split.connect_ms),
            "send": _ms(split.send_ms),
            "wait": _ms(split.wait_ms),
            "read": _ms(split.read_ms),
        },
        "size_bytes": prediction.size,
    }
    if prediction.tokens is not None:
        tokens = prediction.tokens
        found["tokens"] = {
            "count": tokens.count,
            "first_ms": _ms(tokens.first_ms),
            "between_ms": _ms(tokens.between_ms),
        }
    if prediction.ok:
        found["response"] = _parsed(prediction)
    else:
        found["error"] = prediction.error or f"HTTP {prediction.status}"
        found["hint"] = prediction.hint or None
    return found


def many_document(repetition: Repetition) -> dict[str, Any]:
    """Give what JSON shows of many requests."""
    return {
        "times": repetition.times,
        "concurrency": repetition.concurrency,
        "ok": repetition.ok,
        "failed": repetition.failed,
        "took_s": round(repetition.took_s, 3),
        "requests_per_s": _ms(repetition.requests_per_s),
        "latency_ms": {
            "p50": _ms(repetition.p50_ms),
            "p90": _ms(repetition.p90_ms),
            "p99": _ms(repetition.p99_ms),
        },
        "statuses": dict(repetition.statuses),
        "errors": dict(repetition.errors),
        "protocol": repetition.speech.value,
        "url": repetition.url,
        "via": repetition.via.value,
    }


def _predictor(backend: Backend) -> Predictor:
    if backend.predictor is None:
        raise SettingsError("this backend cannot predict")
    return backend.predictor


async def _request(predictor: Predictor, isvc: InferenceService, wish: Wish) -> tuple[PredictRequest, tuple[str, ...]]:
    prepared = await predictor.prepare(isvc, wish.speech, wish.via)
    request = prepared.request
    words: tuple[str, ...] = ()
    if wish.body is None:
        words = ("no body was given with -d or -f: a sample is sent", *prepared.notes)
    else:
        request = replace(request, body=wish.body)
    if wish.model:
        request = replace(request, path=path_of(isvc, request.speech, wish.model))
    timeout_s = wish.timeout_s or request.timeout_s
    return replace(request, headers=wish.headers, timeout_s=timeout_s), tuple(clean(word) for word in words)


async def _once(
    predictor: Predictor, isvc: InferenceService, request: PredictRequest, wish: Wish, write: Write
) -> Answer:
    latest: Prediction | None = None
    written = 0
    async with aclosing(predictor.send(isvc, request)) as predictions:
        async for latest in predictions:
            if wish.form == "body" and latest.text:
                text = answer_text(latest.text)
                write(text[written:])
                written = len(text)
    assert latest is not None, "a request ends with a Prediction"
    code = 0 if latest.ok else FINDING
    if wish.form == "body":
        text = "\n" if written else _body(latest)
        return Answer(text, outcome_words(latest), code)
    return Answer(_written(document(latest), wish), code=code)


async def _many(predictor: Predictor, isvc: InferenceService, request: PredictRequest, wish: Wish) -> Answer:
    async with aclosing(predictor.repeat(isvc, request, wish.times, wish.concurrency)) as repetitions:
        *_, latest = [repetition async for repetition in repetitions]
    code = 0 if latest.done and not latest.failed else FINDING
    if wish.form == "body":
        return Answer("".join(f"{name:<14}{value}\n" for name, value in repetition_rows(latest)), code=code)
    return Answer(_written(many_document(latest), wish), code=code)


def _body(prediction: Prediction) -> str:
    text = answer_text(pretty(prediction.body)).rstrip("\n")
    return f"{text}\n" if text else ""


def _written(content: dict[str, Any], wish: Wish) -> str:
    return yaml_text(content) if wish.form == "yaml" else json_text(content, ascii_only=wish.ascii_only)


def _parsed(prediction: Prediction) -> Any:
    """Give the answer as JSON where it is some, else as text; of a stream what the model said."""
    import json
    import math

    def number(text: str) -> float | None:
        value = float(text)
        return value if math.isfinite(value) else None

    if prediction.tokens is not None:
        return prediction.text
    try:
        return json.loads(prediction.body, parse_float=number, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return prediction.body


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 2)

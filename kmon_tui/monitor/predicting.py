"""Predictions as errands: how each command about them is done, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

from kmon_tui.backend import Backend, Predictor
from kmon_tui.domain.command import Predict, PreparePredict, SaveBody
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.predict import sent_of
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.state import State
from kmon_tui.monitor.errands import Tell, Work


def predicting(
    command: PreparePredict | Predict | SaveBody, backend: Backend | None, state: State, now: Callable[[], datetime]
) -> Work:
    """Give the work that a command about predictions means."""
    predictor = backend.predictor if backend is not None else None

    async def work(tell: Tell) -> tuple[str, object]:
        if predictor is None:
            raise KmonError("there is no way to the models just now", "Is the cluster there?")
        if isinstance(command, SaveBody):
            await predictor.save(command.key, command.saved)
            return f"saved as {command.saved.name}", command.saved
        if isinstance(command, PreparePredict):
            prepared = await predictor.prepare(_service(state, command.key), command.speech, command.via)
            return "ready to send", prepared
        isvc = _service(state, command.request.key)
        if command.times > 1:
            return await _many(predictor, isvc, command, tell)
        return await _once(predictor, isvc, command, tell, now)

    return work


async def _once(
    predictor: Predictor, isvc: InferenceService, command: Predict, tell: Tell, now: Callable[[], datetime]
) -> tuple[str, object]:
    at = now()
    async with aclosing(predictor.send(isvc, command.request)) as predictions:
        async for prediction in predictions:
            tell("answering", prediction)
    try:
        await predictor.remember(command.request.key, sent_of(at, command.request, prediction))
    except KmonError as error:
        return error.message, prediction
    return "", prediction


async def _many(predictor: Predictor, isvc: InferenceService, command: Predict, tell: Tell) -> tuple[str, object]:
    async with aclosing(predictor.repeat(isvc, command.request, command.times, command.concurrency)) as repetitions:
        async for repetition in repetitions:
            tell("repeating", repetition)
    return f"{repetition.ok} ok, {repetition.failed} failed", repetition


def _service(state: State, key: Key) -> InferenceService:
    found = next((isvc for isvc in state.fleet.services if isvc.key == key), None)
    if found is None:
        raise KmonError(f"{key} is not there (any more)")
    return found

"""Commands that take their time: how far they are, how they end, and what a cancel does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from kmon_tui.backend import Backend
from kmon_tui.domain.command import Cancel, Command, Predict, PreparePredict, Refresh, SaveBody
from kmon_tui.domain.errors import KmonError, Unreachable
from kmon_tui.domain.fleet import Place
from kmon_tui.domain.predict import Prediction, PredictRequest, Prepared, Repetition, SavedBody, Sent, Speech, Via
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.state import Activity, State
from kmon_tui.monitor.errands import Errands, Tell
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.monitor.store import Store
from kmon_tui.settings import Settings
from tests.monitor.worlds import NOON, Outside, fleet, now

pytestmark = pytest.mark.looptime

IRIS = Key(Kind.ISVC, "default", "iris")
REQUEST = PredictRequest(IRIS, Speech.V1, "/v1/models/iris:predict", '{"instances": []}')


@asynccontextmanager
async def errands() -> AsyncIterator[tuple[Errands, Store]]:
    """Give errands that live in a group of their own."""
    store = Store()
    made = Errands(store, now)
    async with asyncio.TaskGroup() as tasks:
        made.begin(tasks)
        yield made, store


async def ended(store: Store, number: int = 0) -> Activity:
    """Wait for the end of an activity."""

    def look(state: State) -> Activity | None:
        return next((one for one in state.activity[number:] if one.done is not None), None)

    async with asyncio.timeout(60):
        return await store.wait_for(look)


async def test_an_errand_says_how_far_it_is_and_how_it_ended() -> None:
    seen: list[tuple[str, object, bool | None]] = []

    async def work(tell: Tell) -> tuple[str, object]:
        tell("half way", 1)
        await asyncio.sleep(1)
        seen.extend((one.text, one.value, one.done) for one in store.state.activity)
        return "all of it", 2

    async with errands() as (made, store):
        made.start(Refresh(), work)
        end = await ended(store)

    assert seen == [("half way", 1, None)]
    assert (end.text, end.value, end.done) == ("all of it", 2, True)


async def test_a_failure_is_kept_with_its_hint_and_nothing_else_ends() -> None:
    async def fails(_: Tell) -> tuple[str, object]:
        raise Unreachable("nobody there", "Is the VPN up?")

    async def works(_: Tell) -> tuple[str, object]:
        await asyncio.sleep(1)
        return "done", None

    async with errands() as (made, store):
        made.start(Refresh(), fails)
        made.start(Refresh(), works)
        failed, worked = await ended(store), await ended(store, 1)

    assert (failed.done, failed.text, failed.hint) == (False, "nobody there", "Is the VPN up?")
    assert worked.done is True


async def test_a_cancelled_errand_keeps_what_it_had() -> None:
    async def endless(tell: Tell) -> tuple[str, object]:
        tell("going on", 7)
        await asyncio.Event().wait()
        return "", None

    async with errands() as (made, store):
        made.start(Refresh(), endless)
        await asyncio.sleep(1)
        made.cancel(store.state.activity[0].id)
        end = await ended(store)

    assert (end.done, end.text, end.value) == (False, "cancelled", 7)


async def test_to_cancel_what_is_over_changes_nothing() -> None:
    async def works(_: Tell) -> tuple[str, object]:
        return "done", None

    async with errands() as (made, store):
        made.start(Refresh(), works)
        end = await ended(store)
        made.cancel(end.id)
        await asyncio.sleep(1)

    assert store.state.activity == (end,)


async def test_without_a_way_to_the_cluster_it_is_said_at_once() -> None:
    async def works(_: Tell) -> tuple[str, object]:
        return "done", None

    store = Store()
    Errands(store, now).start(Refresh(), works)

    assert store.state.activity[0].done is False
    assert "no way to the cluster" in store.state.activity[0].text


@dataclass
class Scripted:
    """A Predictor that says what a test wrote down."""

    predictions: tuple[Prediction, ...] = ()
    repetitions: tuple[Repetition, ...] = ()
    refusal: KmonError | None = None
    remembered: list[Sent] = field(default_factory=list)
    saved: list[SavedBody] = field(default_factory=list)

    async def prepare(self, isvc: InferenceService, speech: Speech | None, via: Via) -> Prepared:
        if self.refusal is not None:
            raise self.refusal
        return Prepared(replace(REQUEST, key=isvc.key, speech=speech or Speech.V1, via=via))

    async def send(self, isvc: InferenceService, request: PredictRequest) -> AsyncGenerator[Prediction, None]:
        for prediction in self.predictions:
            await asyncio.sleep(1)
            yield prediction

    async def repeat(
        self, isvc: InferenceService, request: PredictRequest, times: int, concurrency: int
    ) -> AsyncGenerator[Repetition, None]:
        for repetition in self.repetitions:
            await asyncio.sleep(1)
            yield repetition

    async def remember(self, key: Key, sent: Sent) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.remembered.append(sent)

    async def save(self, key: Key, saved: SavedBody) -> None:
        self.saved.append(saved)


@asynccontextmanager
async def monitor_of(predictor: Scripted | None) -> AsyncIterator[Monitor]:
    """Give a monitor that has seen one service, and can predict with this."""
    outside = Outside([[fleet("iris")]])

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Backend]:
        async with outside.open(settings):
            yield Backend(Place(), cluster=outside, metrics=None, predictor=predictor)

    monitor = Monitor(opened, Settings(), now, chance=lambda: 0.0)
    task = asyncio.create_task(monitor.run())
    await monitor.store.wait_for(lambda state: state.fleet.services or None)
    try:
        yield monitor
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def outcome(predictor: Scripted | None, command: Command) -> Activity:
    """Give the end of a command."""
    async with monitor_of(predictor) as monitor:
        monitor.send(command)
        return await ended(monitor.store)


def prediction(status: int, *, complete: bool = True, error: str = "") -> Prediction:
    return Prediction(Speech.V1, "http://pod", Via.FORWARD, status, latency_ms=5.0, error=error, complete=complete)


async def test_a_prediction_is_an_activity_and_goes_into_the_history() -> None:
    predictor = Scripted((prediction(200, complete=False), prediction(200)))

    end = await outcome(predictor, Predict(REQUEST))

    assert (end.done, end.value) == (True, prediction(200))
    assert [(sent.status, sent.sent_bytes) for sent in predictor.remembered] == [(200, REQUEST.size)]
    assert predictor.remembered[0].at >= NOON


async def test_a_model_that_refuses_is_an_answer_and_no_failure() -> None:
    predictor = Scripted((prediction(500, error="X has 3 features"),))

    end = await outcome(predictor, Predict(REQUEST))

    assert end.done is True
    assert predictor.remembered[0].error == "X has 3 features"


async def test_a_history_that_cannot_be_written_does_not_lose_the_answer() -> None:
    predictor = Scripted((prediction(200),), refusal=KmonError("the history cannot be written: disk full"))

    end = await outcome(predictor, Predict(REQUEST))

    assert (end.done, end.value, end.text) == (True, prediction(200), "the history cannot be written: disk full")


async def test_a_repetition_can_be_watched_and_cancelled() -> None:
    values = tuple(Repetition(Speech.V1, "http://pod", Via.FORWARD, 100, 4, done=n, ok=n) for n in range(1, 100))

    async with monitor_of(Scripted(repetitions=values)) as monitor:
        monitor.send(Predict(REQUEST, 100, 4))
        await asyncio.sleep(3.5)
        monitor.send(Cancel(monitor.state.activity[0].id))
        end = await ended(monitor.store)

    assert (end.text, end.value) == ("cancelled", values[2])


async def test_what_is_found_out_before_the_first_request_is_the_value() -> None:
    end = await outcome(Scripted(), PreparePredict(IRIS, Speech.V2, Via.URL))

    assert isinstance(end.value, Prepared)
    assert (end.value.request.speech, end.value.request.via) == (Speech.V2, Via.URL)


async def test_a_service_that_is_gone_is_said() -> None:
    end = await outcome(Scripted(), PreparePredict(Key(Kind.ISVC, "default", "gone")))

    assert (end.done, end.text) == (False, "default/gone is not there (any more)")


async def test_a_body_is_saved() -> None:
    predictor, saved = Scripted(), SavedBody("two rows", Speech.V1, "{}")

    end = await outcome(predictor, SaveBody(IRIS, saved))

    assert (end.text, predictor.saved) == ("saved as two rows", [saved])


async def test_a_backend_that_cannot_predict_says_so() -> None:
    end = await outcome(None, Predict(REQUEST))

    assert end.done is False
    assert "no way to the models" in end.text

"""The predict screen: what it asks for, what it shows, and what no key may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from kmon_tui.domain.command import Cancel, Command, Predict, PreparePredict, SaveBody
from kmon_tui.domain.predict import (
    Prediction,
    PredictRequest,
    Prepared,
    Repetition,
    SavedBody,
    Sent,
    Speech,
    Split,
    Tokens,
    Via,
)
from kmon_tui.domain.predict_samples import sample
from kmon_tui.domain.predict_speech import host_of, path_of, timeout_of
from kmon_tui.domain.service import InferenceService, Readiness
from kmon_tui.domain.state import Activity, State
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.predict_screen import PredictScreen
from tests.ui.samples import NOW, PatientApp, Script, ago, isvc, ready_state, settled, with_fleet

SnapCompare = Callable[..., bool]
IRIS = isvc("sklearn-iris", "demo", Readiness.READY)
COLD = isvc("ocr", "demo", Readiness.COLD)
SIZES = [(80, 24), (120, 40), (200, 60)]
HISTORY = (
    Sent(ago(seconds=9), Speech.V1, Via.FORWARD, 200, 38.0, 75, 23, label="iris-2rows"),
    Sent(ago(minutes=3), Speech.V1, Via.INGRESS, 503, 5000.0, 75, 30, "the gateway reaches no pod of the service"),
    Sent(ago(hours=30), Speech.V2, Via.FORWARD, None, None, 190, 0, "no answer within 60 s"),
)


def prepared(service: InferenceService, speech: Speech = Speech.V1, **more: Any) -> Prepared:
    """Make what the model says before the first request."""
    body = sample(service, speech, service.key.name)
    path, timeout_s = path_of(service, speech), timeout_of(Via.FORWARD, speech)
    request = PredictRequest(service.key, speech, path, body, host_of(service), timeout_s=timeout_s)
    return Prepared(request, history=HISTORY, **more)


def answered(request: PredictRequest, **more: Any) -> Prediction:
    """Make a success, or what ``more`` makes of it."""
    usual: dict[str, Any] = {
        "status": 200,
        "reason": "OK",
        "latency_ms": 38.2,
        "split": Split(1.0, 0.2, 36.4, 0.6),
        "body": '{"predictions":[1,1]}',
        "size": 21,
        "pod": "sklearn-iris-predictor-00002-x9:8012",
        "complete": True,
    }
    return Prediction(request.speech, "http://pod/path", request.via, **(usual | more))


class Table:
    """An app whose wishes are answered by hand."""

    def __init__(self, service: InferenceService = IRIS, view: ViewSettings | None = None) -> None:
        self.script = Script(with_fleet(ready_state(), services=(service,)))
        self.app = PatientApp(self.script, view or ViewSettings(), now=lambda: NOW, zone=UTC)

    @property
    def screen(self) -> PredictScreen:
        """The screen on top."""
        screen = self.app.screen
        assert isinstance(screen, PredictScreen)
        return screen

    def asked(self, kind: type[Command]) -> Any:
        """Give the newest wish of a kind."""
        return next(command for command in reversed(self.script.sent) if isinstance(command, kind))

    def tell(self, command: Command, value: object = None, *, done: bool | None = True, **more: Any) -> None:
        """Say how far a wish is."""
        number = 1 + self.script.sent.index(command)
        activity = Activity(number, command, NOW - timedelta(seconds=3), done=done, value=value, **more)
        self.script.put(self.script.state.with_activity(activity))

    async def open(self, pilot: Pilot[None], ready: Prepared | None = None) -> None:
        """Press i and answer the question of how to ask."""
        await settled(pilot)
        await pilot.press("i")
        await drawn(pilot)
        if ready is not None:
            self.tell(self.asked(PreparePredict), ready)
            await drawn(pilot)


async def drawn(pilot: Pilot[None]) -> None:
    """Wait until all messages have been worked through."""
    for _ in range(4):
        await pilot.pause()


Run = Callable[[Table, Pilot[None]], Awaitable[None]]


async def fresh(table: Table, pilot: Pilot[None]) -> None:
    await table.open(pilot, prepared(IRIS))


async def waiting(table: Table, pilot: Pilot[None]) -> None:
    await fresh(table, pilot)
    await pilot.press("f5")
    await drawn(pilot)
    table.tell(table.asked(Predict), done=None)


async def success(table: Table, pilot: Pilot[None]) -> None:
    await fresh(table, pilot)
    await pilot.press("f5")
    await drawn(pilot)
    command = table.asked(Predict)
    table.tell(command, answered(command.request))


async def failure(table: Table, pilot: Pilot[None]) -> None:
    await fresh(table, pilot)
    await pilot.press("f5")
    await drawn(pilot)
    command = table.asked(Predict)
    error = "X has 3 features, [b]but[/b] \x1b[31mSVC is expecting 4"
    wrong = answered(command.request, status=500, error=error, hint="Look at it.", body='{"error":"[red]\x1b[31mno"}')
    table.tell(command, wrong)


async def stream(table: Table, pilot: Pilot[None]) -> None:
    await table.open(pilot, prepared(IRIS, Speech.OPENAI))
    await pilot.press("f5")
    await drawn(pilot)
    command = table.asked(Predict)
    text = "Hello! How can I help you with your irises today?"
    table.tell(command, answered(command.request, text=text, tokens=Tokens(12, 52.0, 18.3), complete=False), done=None)


async def repetition(table: Table, pilot: Pilot[None]) -> None:
    await success(table, pilot)
    await drawn(pilot)
    await pilot.press("R", "enter")
    await drawn(pilot)
    command = table.asked(Predict)
    value = Repetition(Speech.V1, "http://x", Via.FORWARD, 50, 4, 50, 48, 1.9, 36.0, 74.0, 120.0, errors=(("full", 2),))
    table.tell(command, value, text="48 ok, 2 failed")


async def wrong_body(table: Table, pilot: Pilot[None]) -> None:
    await fresh(table, pilot)
    await pilot.press("e", "comma")


async def header(table: Table, pilot: Pilot[None]) -> None:
    await fresh(table, pilot)
    await pilot.press("H", *"X-Key", "colon", *"abc")


async def no_way(table: Table, pilot: Pilot[None]) -> None:
    await table.open(pilot)
    words = "sklearn-iris speaks gRPC alone (protocolVersion grpc-v2); kmon-tui sends HTTP"
    table.tell(table.asked(PreparePredict), done=False, text=words, hint="Use grpcurl over a forward.")


LOOKS: dict[str, Run] = {
    "fresh": fresh,
    "waiting": waiting,
    "success": success,
    "failure": failure,
    "stream": stream,
    "repetition": repetition,
    "wrong_body": wrong_body,
    "header": header,
    "no_way": no_way,
}


def look(table: Table, run: Run) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def before(pilot: Pilot[None]) -> None:
        await run(table, pilot)
        await drawn(pilot)

    return before


@pytest.mark.parametrize("name", LOOKS)
def test_predict_at_80x24(name: str, snap_compare: SnapCompare) -> None:
    table = Table()

    assert snap_compare(table.app, terminal_size=(80, 24), run_before=look(table, LOOKS[name]))


@pytest.mark.parametrize("size", SIZES[1:])
def test_predict_at_other_sizes(size: tuple[int, int], snap_compare: SnapCompare) -> None:
    table = Table()

    assert snap_compare(table.app, terminal_size=size, run_before=look(table, repetition))


def test_predict_in_ascii(snap_compare: SnapCompare) -> None:
    table = Table(view=ViewSettings(ascii=True))

    assert snap_compare(table.app, terminal_size=(80, 24), run_before=look(table, success))


def test_a_service_scaled_to_zero_says_what_wakes_it(snap_compare: SnapCompare) -> None:
    table = Table(COLD)

    async def run(table: Table, pilot: Pilot[None]) -> None:
        await table.open(pilot, prepared(COLD, problem="ocr is scaled to zero: there is no pod to forward to"))

    assert snap_compare(table.app, terminal_size=(80, 24), run_before=look(table, run))


async def test_the_body_on_the_screen_is_what_is_sent() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        table.screen.query_one(TextArea).load_text('{"instances": [[5.1, 3.5, 1.4, 0.2]]}')
        await drawn(pilot)
        await pilot.press("f5")
        await drawn(pilot)

        assert table.asked(Predict).request.body == '{"instances": [[5.1, 3.5, 1.4, 0.2]]}'


@pytest.mark.parametrize("key", ["f5", "ctrl+j"])
async def test_both_keys_send_from_inside_of_the_body(key: str) -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("e", key)
        await drawn(pilot)

        assert table.asked(Predict).times == 1


async def test_a_body_that_is_no_json_is_not_sent() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await wrong_body(table, pilot)
        await pilot.press("f5")
        await drawn(pilot)

        assert not any(isinstance(command, Predict) for command in table.script.sent)


async def test_letters_are_letters_in_the_body() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("e", *"Royvnxq", "colon")
        await drawn(pilot)

        assert table.screen.query_one(TextArea).text.startswith("Royvnxq:")


async def test_a_second_request_waits_for_the_first() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await waiting(table, pilot)
        await drawn(pilot)
        await pilot.press("f5")
        await drawn(pilot)

        assert sum(isinstance(command, Predict) for command in table.script.sent) == 1


@pytest.mark.parametrize("key", ["x", "escape"])
async def test_what_runs_can_be_stopped(key: str) -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await waiting(table, pilot)
        await drawn(pilot)
        await pilot.press(key)
        await drawn(pilot)

        assert any(isinstance(command, Cancel) for command in table.script.sent)


async def test_numbers_say_how_often_and_how_many_at_once() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("R", *["backspace"] * 4, *"200x c8", "enter")
        await drawn(pilot)

        command = table.asked(Predict)
        assert (command.times, command.concurrency) == (200, 8)


async def test_another_protocol_is_asked_for_and_what_was_typed_comes_back() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        table.screen.query_one(TextArea).load_text('{"instances": []}')
        await drawn(pilot)
        for speech in (Speech.V2, Speech.OPENAI, Speech.V1):
            await pilot.press("o")
            await drawn(pilot)
            assert table.asked(PreparePredict).speech is speech
            table.tell(table.asked(PreparePredict), prepared(IRIS, speech))
            await drawn(pilot)

        assert table.screen.query_one(TextArea).text == '{"instances": []}'


async def test_another_way_waits_longer() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("v", "f5")
        await drawn(pilot)

        request = table.asked(Predict).request
        assert (request.via, request.timeout_s) == (Via.URL, 120.0)


async def test_a_body_is_saved_and_its_name_goes_into_the_history() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("ctrl+s", *"two rows", "enter")
        await drawn(pilot)
        command = table.asked(SaveBody)
        table.tell(command, command.saved, text="saved as two rows")
        await drawn(pilot)
        await pilot.press("f5")
        await drawn(pilot)

        assert command.saved == SavedBody("two rows", Speech.V1, prepared(IRIS).request.body)
        assert table.asked(Predict).request.label == "two rows"


async def test_the_value_of_a_header_is_sent_and_not_shown() -> None:
    table = Table()
    async with table.app.run_test(size=(120, 40)) as pilot:
        await fresh(table, pilot)
        await pilot.press("H", *"X-Key", "colon", *"abc123")
        await drawn(pilot)
        assert "abc123" not in table.app.export_screenshot()
        await pilot.press("enter", "f5")
        await drawn(pilot)

        assert "abc123" not in table.app.export_screenshot()
        assert "X-Key" in table.app.export_screenshot()
        assert [(one.name, one.value) for one in table.asked(Predict).request.headers] == [("X-Key", "abc123")]


async def test_curl_is_copied_without_secrets() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("H", *"Authorization", "colon", *"Bearer abc123", "enter", "y")
        await drawn(pilot)

        assert "$TOKEN" in table.app.clipboard
        assert "abc123" not in table.app.clipboard


async def test_escape_leaves_the_body_first_and_then_the_screen() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("e", "escape")
        assert isinstance(table.app.screen, PredictScreen)
        await pilot.press("escape")
        await drawn(pilot)

        assert not isinstance(table.app.screen, PredictScreen)


async def test_a_long_answer_is_cut_and_scrolls() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        await pilot.press("f5")
        await drawn(pilot)
        command = table.asked(Predict)
        table.tell(command, answered(command.request, body="x\n" * 100_000, size=200_000))
        await drawn(pilot)
        await pilot.press("pagedown")
        await drawn(pilot)

        assert table.screen.query_one("#answer").scroll_y == 10


async def test_a_service_that_vanishes_is_said() -> None:
    table = Table()
    async with table.app.run_test(size=(80, 24)) as pilot:
        await fresh(table, pilot)
        state: State = replace(table.script.state, fleet=replace(table.script.state.fleet, services=()))
        table.script.put(state)
        await drawn(pilot)

        assert "is not there" in table.app.export_screenshot().replace("&#160;", " ")

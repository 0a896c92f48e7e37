"""The screen of the forwards: what its keys ask for, and that quitting asks when connections would be cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from kmon_tui.domain.command import (
    CloseForward,
    Command,
    OpenForward,
    RemoveForward,
    SaveForward,
    StartForward,
)
from kmon_tui.domain.forward import Forward, ForwardKey, ForwardSpec, LogLine, Phase, parse_target
from kmon_tui.domain.state import State
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.confirm import Confirm
from kmon_tui.ui.forwards_screen import ForwardsScreen
from tests.ui.conftest import MakeApp
from tests.ui.samples import NOW, ready_state
from tests.ui.test_keys import Run, press
from tests.ui.test_snapshots import keys

CONTEXT = ready_state().place.context
IRIS = Forward(
    ForwardSpec("sklearn-iris", parse_target("models/isvc/sklearn-iris"), 8081, autostart=True),
    CONTEXT,
    saved=True,
    phase=Phase.OPEN,
    local_port=8081,
    hosts=("127.0.0.1", "::1"),
    pod="sklearn-iris-predictor-00002-deployment-7c9d8-x9abc",
    pod_port=8012,
    since=NOW - timedelta(minutes=12),
    connections=2,
    bytes_in=88_123,
    bytes_out=14_000,
    log=(
        LogLine(NOW - timedelta(minutes=12), "listening on 127.0.0.1, ::1 port 8081"),
        LogLine(NOW - timedelta(minutes=12), "new connections go to pod sklearn-iris-predictor-00002, port 8012"),
        LogLine(NOW - timedelta(minutes=1), "connection 17: port 8012 of the pod was reset"),
    ),
)
FRAUD = Forward(
    ForwardSpec("fraud-xgb", parse_target("risk/isvc/fraud-xgb")),
    CONTEXT,
    phase=Phase.WAITING,
    local_port=43121,
    hosts=("127.0.0.1",),
    error="no ready pod of isvc/fraud-xgb (0/2)",
    hint="Connections wait for a pod.",
    since=NOW - timedelta(seconds=20),
)
LLAMA = Forward(
    ForwardSpec("llama", parse_target("llm/llm/llama3-8b")),
    CONTEXT,
    phase=Phase.FAILING,
    local_port=8082,
    hosts=("127.0.0.1",),
    pod="llama3-8b-kserve-7tt",
    pod_port=8000,
    error="may not create pods/portforward in namespace llm",
    hint="Ask for the verbs create and get on pods/portforward in namespace llm: see manifests/rbac.yaml.",
    since=NOW - timedelta(hours=2),
)
GRAFANA = Forward(
    ForwardSpec("grafana", parse_target("monitoring/svc/grafana:80"), 3000, shared=True), CONTEXT, saved=True
)
TAKEN = Forward(
    ForwardSpec("prometheus", parse_target("monitoring/svc/prometheus:9090"), 9090),
    CONTEXT,
    saved=True,
    error="local port 9090 is held by pid 4411 (kmon-tui)",
    hint="9091 is free.",
)
ELSEWHERE = Forward(
    ForwardSpec("bert", parse_target("nlp/isvc/bert")), "staging", phase=Phase.OPENING, local_port=8090, since=NOW
)


def with_forwards(*forwards: Forward, note: str = "") -> State:
    """Give the State with these forwards."""
    return replace(ready_state(), forwards=forwards, forwards_note=note)


FORWARDS = with_forwards(IRIS, FRAUD, LLAMA, GRAFANA, TAKEN, ELSEWHERE)


def key_of(forward: Forward) -> ForwardKey:
    return ForwardKey(forward.context, forward.spec.name)


async def asked(state: State, *pressed: str) -> list[Command]:
    """Press keys on the screen of the forwards and give what they asked for."""
    run = Run(state)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "f", *pressed)
        return [one for one in run.watcher.sent if "Forward" in type(one).__name__]


async def test_enter_stops_what_listens_and_starts_what_does_not() -> None:
    assert await asked(FORWARDS, "enter") == [CloseForward(key_of(IRIS))]
    assert await asked(FORWARDS, "j", "j", "j", "enter") == [StartForward(key_of(GRAFANA))]


async def test_s_saves_first_and_then_turns_autostart_on_and_off() -> None:
    assert await asked(FORWARDS, "j", "S") == [SaveForward(key_of(FRAUD), autostart=False)]
    assert await asked(FORWARDS, "j", "j", "j", "S") == [SaveForward(key_of(GRAFANA), autostart=True)]
    assert await asked(FORWARDS, "S") == [SaveForward(key_of(IRIS), autostart=False)]


async def test_a_new_forward_is_typed() -> None:
    expected = OpenForward(ForwardSpec("grafana", parse_target("monitoring/svc/grafana:80"), 3001))

    assert await asked(FORWARDS, "F", *"monitoring/svc/grafana:80 3001", "enter") == [expected]


async def test_what_cannot_be_a_target_stays_in_the_row_and_nothing_is_asked() -> None:
    run = Run(FORWARDS)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "f", "F", *"node/x", "enter")

        assert isinstance(run.app.screen, ForwardsScreen)
        assert run.app.screen.query_one("#asked").display
        assert not [one for one in run.watcher.sent if isinstance(one, OpenForward)]


async def test_capital_f_on_a_service_begins_a_forward_to_it() -> None:
    run = Run(FORWARDS)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j")
        selected = run.table.selected
        assert selected is not None
        await press(pilot, "F")
        await pilot.pause()
        await press(pilot, "enter")

        opened = [one for one in run.watcher.sent if isinstance(one, OpenForward)]
        assert [str(one.spec.target).endswith(f"/{selected.name}") for one in opened] == [True]


async def test_u_copies_the_url() -> None:
    run = Run(FORWARDS)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "f", "u")

        assert run.app.clipboard == "http://127.0.0.1:8081"


async def test_a_forward_is_removed_only_after_a_yes() -> None:
    run = Run(FORWARDS)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "f", "ctrl+d")
        question = run.app.screen
        assert isinstance(question, Confirm)
        assert not [one for one in run.watcher.sent if isinstance(one, RemoveForward)]

        question.dismiss(True)
        await pilot.pause()

        assert RemoveForward(key_of(IRIS)) in run.watcher.sent


@pytest.mark.parametrize("pressed", ["enter", "n", "escape", "y"])
async def test_no_key_that_comes_with_the_question_removes_anything(pressed: str) -> None:
    assert [one for one in await asked(FORWARDS, "ctrl+d", pressed) if isinstance(one, RemoveForward)] == []


async def test_quitting_asks_while_connections_are_open() -> None:
    run = Run(FORWARDS)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "q")

        assert isinstance(run.app.screen, Confirm)
        assert run.app.is_running


async def test_quitting_does_not_ask_when_nobody_is_connected() -> None:
    run = Run(with_forwards(FRAUD))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "q")

        assert run.app._exit


BROKEN = "forwards.yaml is broken, kept as forwards.yaml.invalid: line 3, expected <block end>"
SNAPSHOTS: dict[str, tuple[State, tuple[str, ...]]] = {
    "list": (FORWARDS, ("f",)),
    "empty": (with_forwards(), ("f",)),
    "broken_file": (with_forwards(note=BROKEN), ("f",)),
    "new": (FORWARDS, ("f", "F")),
    "wrong": (FORWARDS, ("f", "F", *"node/x", "enter")),
    "remove": (FORWARDS, ("f", "ctrl+d")),
    "quit": (FORWARDS, ("q",)),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_forwards_at_80x24(name: str, make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    state, pressed = SNAPSHOTS[name]

    assert snap_compare(make_app(state), terminal_size=(80, 24), run_before=keys(*pressed))


@pytest.mark.parametrize("size", [(120, 40), (60, 20)])
def test_forwards_at_other_sizes(size: tuple[int, int], make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    app: KmonApp = make_app(FORWARDS)

    assert snap_compare(app, terminal_size=size, run_before=keys("f", "j", "j"))

"""The doctor's screen: it asks once, shows what was found in order, and copies what mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from kmon_tui.domain.command import Command, Examine
from kmon_tui.domain.doctor.examine import examine
from kmon_tui.domain.doctor.facts import Case, Facts, Right, RightsFacts, Told
from kmon_tui.domain.doctor.finding import Finding, Report, Status
from kmon_tui.domain.doctor.rights import FEATURES
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import Activity, State
from kmon_tui.ui.doctor_screen import DoctorScreen
from tests.domain import test_doctor as facts
from tests.ui.conftest import MakeApp
from tests.ui.samples import NOW, ready_state
from tests.ui.test_keys import Run, press
from tests.ui.test_snapshots import keys

FIRST = ready_state().fleet.services[0].key
CONTEXT = ready_state().place.context
MISSING = (Right("create", "pods/portforward"), Right("patch", "inferenceservices", "serving.kserve.io"))
BROKEN = replace(
    facts.HEALTHY,
    cluster=replace(facts.CLUSTER, observability=Told({"request-metrics-protocol": "none"})),
    prometheus=replace(
        facts.PROMETHEUS,
        retention=Told("2h"),
        targets=Told(
            (replace(facts.TARGET, health="down", last_error="connection refused", url="http://10.0.0.7:9091"),)
        ),
        series=Told(()),
    ),
    rights=RightsFacts("jane@example.com", {"default": MISSING}),
)
UNSEEN = replace(
    facts.HEALTHY,
    case=Case((), "default", problem="may not list inferenceservices in namespace default"),
    cluster=replace(
        facts.CLUSTER,
        kserve=Told(why="may not list deployments in all namespaces"),
        observability=Told(why="may not get configmap config-observability in namespace knative-serving"),
    ),
    prometheus=None,
    rights=RightsFacts("jane@example.com", {"default": FEATURES[0].rights}),
)


def report_of(told: Facts, key: Key | None, *running: str) -> Report:
    """Examine these facts."""
    return Report(CONTEXT, key, NOW, examine(told), running)


def examined(key: Key | None, told: Facts, *running: str) -> State:
    """Give the State after an examination, or in its middle."""
    report = report_of(told, key, *running)
    text = f"looking at {', '.join(running)}" if running else "done"
    activity = Activity(1, Examine(key), NOW, None if running else True, text, value=report)
    return replace(ready_state(), activity=(activity,))


def refused(key: Key) -> State:
    """Give the State when nothing could be looked at."""
    activity = Activity(1, Examine(key), NOW, False, "https://10.0.0.1:6443 does not answer in time", "Is the VPN up?")
    return replace(ready_state(), activity=(activity,))


async def asked(state: State, *pressed: str) -> list[Command]:
    """Press keys and give what the doctor was asked."""
    run = Run(state)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *pressed)
        return [one for one in run.watcher.sent if isinstance(one, Examine)]


async def test_capital_d_asks_about_the_selected_service_once() -> None:
    run = Run(ready_state())
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j")
        selected = run.table.selected
        await press(pilot, "D")

        assert isinstance(run.app.screen, DoctorScreen)
        assert [one for one in run.watcher.sent if isinstance(one, Examine)] == [Examine(selected)]


async def test_what_was_examined_is_not_asked_for_again_until_r() -> None:
    run = Run(ready_state())
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        key = run.table.selected
    state = examined(key, facts.HEALTHY)

    assert await asked(state, "D") == []
    assert await asked(state, "D", "r") == [Examine(key)]
    assert await asked(state, "D", "ctrl+r") == [Examine(key)]


async def test_an_old_examination_or_one_that_could_not_look_is_done_anew() -> None:
    key = examined(None, facts.HEALTHY).fleet.services[0].key
    old = Activity(
        1, Examine(key), NOW, True, "done", value=replace(report_of(facts.HEALTHY, key), at=NOW - timedelta(hours=1))
    )
    words = ("colon", *f"doctor {key.name}", "enter")

    assert await asked(replace(ready_state(), activity=(old,)), *words) == [Examine(key)]
    assert await asked(refused(key), *words) == [Examine(key)]


async def test_the_command_examines_a_service_by_name_or_what_is_common() -> None:
    name = FIRST.name

    assert await asked(ready_state(), "colon", *f"doctor {name}", "enter") == [Examine(FIRST)]
    assert await asked(ready_state(), "colon", *"doctor all", "enter") == [Examine(None)]


async def test_the_cursor_begins_at_the_first_failure_and_n_goes_to_the_next() -> None:
    run = Run(examined(None, BROKEN))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"doctor all", "enter")
        screen = run.app.screen
        assert isinstance(screen, DoctorScreen)
        first = screen.finding
        await press(pilot, "n")
        second = screen.finding

    assert first is not None
    assert first.id == "knative.protocol"
    assert second is not None
    assert second.is_bad
    assert second.id != first.id


async def test_c_copies_the_fix_and_y_the_report() -> None:
    run = Run(examined(None, BROKEN))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"doctor all", "enter", "c")
        fix = run.app.clipboard
        await press(pilot, "y")
        report = run.app.clipboard

    assert fix.startswith("kubectl patch configmap config-observability -n knative-serving")
    assert "Knative's metrics" in report
    assert "fix: kubectl patch" in report


async def test_an_empty_chart_shows_the_first_failing_check() -> None:
    state = ready_state()
    assert state.traffic is not None
    traffic = {key: one for key, one in state.traffic.traffic.items() if key != FIRST}
    cause = Finding("chain.target", "target", Status.FAIL, "no target of this Prometheus is a pod of it")
    mute = replace(state, traffic=replace(state.traffic, traffic=traffic, buckets={}), causes={FIRST: cause})
    run = Run(mute)
    async with run.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "colon", *"ns all", "enter")
        run.table.select(FIRST)
        await press(pilot)
        shown = "".join(segment.text for line in run.app.screen._compositor.render_strips() for segment in line)

    assert "target: no target of this" in shown


SNAPSHOTS: dict[str, State] = {
    "ok": examined(None, facts.HEALTHY),
    "findings": examined(None, BROKEN),
    "running": examined(None, replace(BROKEN, prometheus=None, rights=None), "prometheus", "rights"),
    "asking": ready_state(),
    "forbidden": examined(None, UNSEEN),
}
OPEN = ("colon", *"doctor all", "enter")


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_doctor_at_80x24(name: str, make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(SNAPSHOTS[name]), terminal_size=(80, 24), run_before=keys(*OPEN))


def test_one_finding_at_80x24(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(SNAPSHOTS["findings"]), terminal_size=(80, 24), run_before=keys(*OPEN, "enter"))


def test_an_api_that_does_not_answer_at_80x24(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    state = refused(FIRST)
    app = make_app(state)

    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("colon", *f"doctor {FIRST.name}", "enter"))


def test_doctor_at_120x40(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(SNAPSHOTS["findings"]), terminal_size=(120, 40), run_before=keys(*OPEN))

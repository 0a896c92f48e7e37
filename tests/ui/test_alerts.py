"""Alerts that fire on the screens: below the row that they make trouble of, and in the story of the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.service import Readiness
from kmon_tui.domain.state import State
from tests.ui.conftest import MakeApp
from tests.ui.samples import NOW, ready_state
from tests.ui.states import folded
from tests.ui.test_snapshots import keys

SLOW = Alert(
    "KServeLatencyHigh", True, "warning", NOW - timedelta(minutes=12), "p99 is 3.1 s, for ten minutes above 1 s"
)
DOWN = Alert("KServeNotReady", True, "critical", NOW - timedelta(hours=2), "no pod is ready")
SOON = Alert("KServeErrorRatioHigh", False, "critical", NOW - timedelta(minutes=1), "[red]6 %[/red] of requests fail")


def raised() -> State:
    """Give the State in which rules complain about a service that is ready."""
    state = ready_state()
    assert state.traffic is not None
    ready = [isvc.key for isvc in state.fleet.services if isvc.readiness is Readiness.READY]
    alerts = {ready[0]: (DOWN, SLOW, SOON), ready[1]: (SLOW,), ready[2]: (SOON,)}
    return replace(state, traffic=replace(state.traffic, alerts=alerts))


def raised_in_a_fold() -> State:
    """Give the State in which eight services fail for one cause, and rules complain about three of them."""
    state = folded()
    assert state.traffic is not None
    alike = [isvc.key for isvc in state.fleet.services if isvc.key.name.startswith("llm-")]
    alerts = {alike[0]: (DOWN,), alike[2]: (DOWN, SLOW), alike[5]: (SOON,)}
    return replace(state, traffic=replace(state.traffic, alerts=alerts))


def test_alerts_at_80x24(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(raised()), terminal_size=(80, 24), run_before=keys("ctrl+z"))


def test_alerts_at_120x40(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(raised()), terminal_size=(120, 40), run_before=keys("ctrl+z", "j", "j", "j"))


def test_alerts_of_a_folded_line(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(raised_in_a_fold()), terminal_size=(80, 24))


def test_alerts_of_an_unfolded_line(make_app: MakeApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(raised_in_a_fold()), terminal_size=(120, 40), run_before=keys("j", "j", "enter"))

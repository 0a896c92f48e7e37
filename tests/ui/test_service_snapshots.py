"""Each look of one service and of its logs, as a picture. A changed picture is looked at before it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kmon_tui.domain.logs import LogRequest, LogView
from kmon_tui.domain.state import Opened
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.settings import ViewSettings
from tests.ui.conftest import MakeApp
from tests.ui.faults import broken_state
from tests.ui.insides import (
    DOWN,
    FORBIDDEN_PARTS,
    FRAUD,
    FRAUD_ROOT,
    FRAUD_TREE,
    FRAUD_WHY,
    IRIS,
    IRIS_TREE,
    IRIS_WHY,
    PUZZLE,
    log_view,
    opened,
    with_logs,
)
from tests.ui.test_snapshots import SnapCompare, keys

OPEN_FRAUD = ("j", "enter")
OPEN_IRIS = ("slash", *"iris", "enter", "enter")
REQUEST = LogRequest(IRIS)
COMMON = (
    *("storage-403", "storage-missing", "image-pull", "crash", "oom", "gpu", "unready", "config-missing"),
    *("no-runtime", "quota"),
)


@pytest.mark.parametrize("fault", COMMON)
def test_why_of_the_ten_most_common_faults_at_80x24(fault: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    app = make_app(broken_state(fault))

    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("enter"))


def test_a_cause_that_nobody_knows_at_80x24(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    app = make_app(opened(FRAUD, FRAUD_TREE, PUZZLE))

    assert snap_compare(app, terminal_size=(80, 24), run_before=keys(*OPEN_FRAUD))


@pytest.mark.parametrize("key", ["2", "3", "4", "5", "6", "8", "d"])
def test_each_other_tab_at_80x24(key: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    app = make_app(opened(FRAUD, FRAUD_TREE, FRAUD_WHY))

    assert snap_compare(app, terminal_size=(80, 24), run_before=keys(*OPEN_FRAUD, key))


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
def test_the_main_tabs_stand_beside_each_other(
    size: tuple[int, int], make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    app = make_app(opened(IRIS, IRIS_TREE, IRIS_WHY))

    assert snap_compare(app, terminal_size=size, run_before=keys(*OPEN_IRIS))


@pytest.mark.parametrize("look", ["ascii", "ansi_dark", "no_color"])
def test_a_service_in_other_looks(look: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    views = {
        "ascii": ViewSettings(ascii=True),
        "ansi_dark": ViewSettings(theme="ansi-dark"),
        "no_color": ViewSettings(no_color=True),
    }
    app = make_app(opened(IRIS, IRIS_TREE, IRIS_WHY), views[look])

    assert snap_compare(app, terminal_size=(120, 40), run_before=keys(*OPEN_IRIS))


MISSING: dict[str, tuple[ObjectTree | None, Diagnosis | None, str]] = {
    "reading": (None, None, "1"),
    "pods_forbidden": (ObjectTree(root=FRAUD_ROOT, blind=FORBIDDEN_PARTS, synced=True), FRAUD_WHY, "4"),
    "no_events": (replace(FRAUD_TREE, events=()), FRAUD_WHY, "6"),
}


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_is_said(name: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    tree, diagnosis, key = MISSING[name]
    app = make_app(opened(FRAUD, tree, diagnosis))

    assert snap_compare(app, terminal_size=(80, 24), run_before=keys(*OPEN_FRAUD, key))


def test_an_old_tree_is_dimmed_with_its_age(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    app = make_app(opened(FRAUD, FRAUD_TREE, FRAUD_WHY, DOWN))

    assert snap_compare(app, terminal_size=(80, 24), run_before=keys(*OPEN_FRAUD))


def log_states() -> dict[str, tuple[LogView | None, tuple[str, ...]]]:
    """Give the looks of the logs: a view, and keys."""
    view = log_view(REQUEST, 1204)
    dropped = replace(view, chunks=(view.chunks[0][800:], view.chunks[1]), first=800, dropped_at_source=12_345)
    return {
        "following": (view, ()),
        "time_and_wrap": (view, ("t", "w")),
        "dropped": (dropped, ()),
        "scrolled_back": (view, ("ctrl+b", "ctrl+b")),
        "searched": (view, ("slash", *"ERROR", "enter", "n")),
        "filtered": (view, ("ampersand", *"error", "enter")),
        "containers": (view, ("o",)),
        "asked_for": (None, ()),
        "forbidden": (LogView(REQUEST, problems=("may not read logs in namespace demo (get pods/log)",)), ()),
        "no_pod": (LogView(REQUEST, ended=True), ()),
    }


@pytest.mark.parametrize("name", log_states())
def test_logs_at_80x24(name: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    view, pressed = log_states()[name]
    run: Callable[..., object] = keys(*OPEN_IRIS[:-1], "l", *pressed)

    assert snap_compare(make_app(with_logs(view)), terminal_size=(80, 24), run_before=run)


def test_logs_at_120x40(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    app = make_app(with_logs(log_view(REQUEST, 1204)))

    assert snap_compare(app, terminal_size=(120, 40), run_before=keys(*OPEN_IRIS[:-1], "l", "t"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_events_below_the_logs(size: tuple[int, int], make_app: MakeApp, snap_compare: SnapCompare) -> None:
    state = replace(with_logs(log_view(REQUEST, 1204)), opened=Opened(IRIS, IRIS_TREE, IRIS_WHY))

    assert snap_compare(make_app(state), terminal_size=size, run_before=keys(*OPEN_IRIS[:-1], "l", "v"))

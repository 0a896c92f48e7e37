"""The Metrics view: its panels at each size, its cursor, its range, its pause, what it exports and what it asks."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from textual.widgets import OptionList

from kmon_tui.domain.command import LookAt, Span
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Key, Kind, TrafficShare
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.render.lines import text_of
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.metrics_screen import MetricsScreen
from kmon_tui.ui.metrics_view import MetricsView
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.queries_screen import QueriesScreen
from tests.ui.conftest import MakeApp
from tests.ui.samples import NOW, SAMPLED, Script, buckets_of, ready_state
from tests.ui.states import HOSTILE, STATES
from tests.ui.test_keys import Run, press
from tests.ui.test_snapshots import keys

SnapCompare = Callable[..., bool]
IRIS = Key(Kind.ISVC, "demo", "sklearn-iris")
OPEN_IRIS = ("slash", *"sklearn", "enter", "m")
OPEN_LLM = ("slash", *"llama", "enter", "m")


def view_of(run: Run) -> MetricsView:
    screen = run.app.screen
    assert isinstance(screen, MetricsScreen)
    return screen.query_one(MetricsView)


def told(run: Run, panel: str) -> str:
    return "\n".join(text_of(line) for line in view_of(run).query_one(f"#{panel}", LinesView)._lines)


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def with_range(state: State, range_s: int) -> State:
    """The State once a longer time has come."""
    assert state.traffic is not None
    buckets = replace(buckets_of(IRIS), range_s=range_s, step_s=range_s / 60)
    return replace(state, traffic=replace(state.traffic, buckets={IRIS: buckets}))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 20), (40, 10)])
@pytest.mark.parametrize("opened", [OPEN_IRIS, OPEN_LLM], ids=["knative", "llm"])
def test_the_view_at_each_size(
    size: tuple[int, int], opened: tuple[str, ...], make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=size, run_before=keys(*opened))


@pytest.mark.parametrize(
    ("name", "pressed"),
    {
        "pointed": (*OPEN_IRIS, *["left"] * 9, "up"),
        "paused": (*OPEN_IRIS, "P"),
        "longer": (*OPEN_IRIS, "greater_than_sign"),
        "shorter": (*OPEN_IRIS, "less_than_sign"),
        "promql": (*OPEN_IRIS, "Q"),
        "export": (*OPEN_IRIS, "E"),
    }.items(),
)
def test_what_its_keys_show(name: str, pressed: tuple[str, ...], make_app: MakeApp, snap_compare: SnapCompare) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=(80, 24), run_before=keys(*pressed))


@pytest.mark.parametrize("name", ["no_prometheus", "prometheus_down", "prometheus_down_old", "stale_target", "hostile"])
def test_it_says_why_there_is_nothing_new(name: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    pressed = keys(
        "slash", *("bert" if name == "stale_target" else "evil" if name == "hostile" else "iris"), "enter", "m"
    )

    assert snap_compare(make_app(STATES[name]), terminal_size=(80, 24), run_before=pressed)


def test_it_is_ascii_where_it_must_be(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    pressed = keys(*OPEN_IRIS, "left", "left")

    assert snap_compare(make_app(ready_state(), ViewSettings(ascii=True)), terminal_size=(80, 24), run_before=pressed)


async def test_a_longer_time_is_asked_for_with_the_steps_that_fit_and_a_known_one_is_not() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS)
        await press(pilot, "less_than_sign")
        before = [one.span for one in run.watcher.sent if isinstance(one, LookAt) and one.span]
        await press(pilot, "greater_than_sign", "greater_than_sign", "greater_than_sign")
        asked = [one.span for one in run.watcher.sent if isinstance(one, LookAt) and one.span]

        assert before == []
        assert asked == [Span(1800, 72), Span(3600, 72)]
        assert "being asked for" in told(run, "span")

        run.watcher.put(with_range(run.watcher.state, 3600))
        await pilot.pause(0.1)

        assert "last 1h, step 1m  live" in told(run, "span")


async def test_where_the_books_hold_less_than_a_quarter_of_an_hour_the_rest_is_asked_for() -> None:
    run = Run()
    report = run.watcher.state.traffic
    assert report is not None
    short = replace(report, prometheus=replace(report.prometheus, tick_s=5.0, held_s=450.0))
    run.watcher.put(replace(run.watcher.state, traffic=short))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS)
        await pilot.pause(0.1)
        words = told(run, "span")
        await press(pilot, "less_than_sign")
        asked = [one.span for one in run.watcher.sent if isinstance(one, LookAt)]

    assert "last 15m" in words and "being asked for" in words
    assert Span(900, 72) in asked
    assert asked[-1] is None


async def test_the_longest_time_is_six_hours_and_the_list_is_looked_at_again_afterwards() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, *["greater_than_sign"] * 9)
        longest = [one.span for one in run.watcher.sent if isinstance(one, LookAt)][-1]
        await press(pilot, "q")
        await pilot.pause(0.3)

        assert longest == Span(21_600, 72)
        assert [one.span for one in run.watcher.sent if isinstance(one, LookAt)][-1] is None


async def test_paused_what_is_drawn_stands_still_and_says_how_far_behind_it_is() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, "P")
        before = told(run, "requests")
        state = run.watcher.state
        assert state.traffic is not None
        later = replace(state.traffic.prometheus, now=NOW + timedelta(seconds=12))
        numbers = {key: one._replace(requests_per_s=777.0) for key, one in state.traffic.traffic.items()}
        run.watcher.put(replace(state, traffic=replace(state.traffic, prometheus=later, traffic=numbers)))
        await pilot.pause(0.1)

        assert told(run, "requests") == before
        assert "paused, 12 s behind" in told(run, "span")

        await press(pilot, "P")
        assert "777" in told(run, "requests")


async def test_the_cursor_tells_time_bucket_and_count_and_stays_with_its_time() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, "left", "left", "up")
        first = told(run, "heat").splitlines()[0]
        state = run.watcher.state
        assert state.traffic is not None
        later = replace(state.traffic.buckets[IRIS], end_s=SAMPLED.timestamp() + 30)
        run.watcher.put(replace(state, traffic=replace(state.traffic, buckets={IRIS: later})))
        await pilot.pause(0.1)

        assert "12:40:32-12:40:47  50ms to 250ms  56 of 251 requests" in first
        assert "12:40:32-12:40:47  50ms to 250ms" in told(run, "heat").splitlines()[0]


async def test_a_gap_below_the_cursor_is_not_zero() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, *["left"] * 39)

        assert "a gap: not known" in told(run, "heat")


async def test_another_split_of_traffic_is_marked_when_it_is_seen() -> None:
    run = Run()
    async with run.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN_IRIS)
        state = run.watcher.state
        moved = (TrafficShare("sklearn-iris-predictor-00003", 100),)
        changed = tuple(one._replace(traffic=moved) if one.key == IRIS else one for one in state.fleet.services)
        run.watcher.put(replace(state, fleet=replace(state.fleet, services=changed)))
        await pilot.pause(0.1)

        assert "◇ traffic 100% 00003 12:41" in told(run, "span")


async def test_a_deploy_before_the_time_that_is_shown_is_no_mark_where_there_are_no_numbers() -> None:
    run = Run()
    async with run.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN_IRIS)
        state = run.watcher.state
        assert state.traffic is not None
        old = NOW - timedelta(hours=23)
        services = tuple(one._replace(changed=old) for one in state.fleet.services)
        fleet = replace(state.fleet, services=services)
        run.watcher.put(replace(state, fleet=fleet, traffic=replace(state.traffic, traffic={}, buckets={})))
        await pilot.pause(0.1)

        assert view_of(run).marks == ()


async def test_its_help_names_its_keys_as_they_are_on_a_keyboard() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, *OPEN_IRIS, "question_mark")
        page = "\n".join(text_of(line) for line in run.app.screen.query_one("#text", LinesView)._lines)

    for words in (
        "<        shorter range",
        ">        longer range",
        "^s E     export",
        "Q        PromQL",
        "P        pause",
    ):
        assert words in page


async def test_the_promql_of_a_panel_is_copied_by_its_number() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, "Q")
        assert isinstance(run.app.screen, QueriesScreen)
        await press(pilot, "2")

        assert run.app.clipboard.startswith("histogram_quantile(0.9")


@pytest.mark.parametrize(("place", "ending"), [(0, "csv"), (1, "json"), (2, "svg")])
async def test_an_export_is_a_file_whose_path_is_said_and_never_overwrites(
    place: int, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run()
    async with run.app.run_test(size=(80, 24), notifications=True) as pilot:
        await press(pilot, *OPEN_IRIS)
        for _ in range(2):
            await press(pilot, "ctrl+s")
            run.app.screen.query_one(OptionList).highlighted = place
            await press(pilot, "enter")
        said = [one.message for one in run.app._notifications]

    names = ["kmon-demo-sklearn_iris-20261122T124107Z"]
    paths = [tmp_path / f"{names[0]}.{ending}", tmp_path / f"{names[0]}-2.{ending}"]
    assert files_in(tmp_path) == sorted(paths)
    assert said == [f"wrote {path}" for path in paths]
    text = paths[0].read_text()
    if ending == "csv":
        rows = list(csv.DictReader(text.splitlines()))
        assert len(rows) == 60
        assert (rows[-1]["time"], rows[-1]["requests le_ms:+Inf"]) == ("2026-11-22T12:41:02Z", "0")
        assert rows[20]["requests_per_s 2xx"] == "", "a gap is no zero"
        assert float(rows[0]["top_bound_ms"]) == max(buckets_of(IRIS).le_ms[:-1])
        assert (rows[0]["family"], rows[0]["source"]) == ("knative-ms", "http://prometheus.monitoring:9090")
    elif ending == "json":
        content = json.loads(text)
        assert (content["name"], content["step_s"], content["buckets"][-1]["le_ms"]) == ("sklearn-iris", 15.0, None)
        assert content["promql"]["requests"].startswith("sum by")
        assert (content["range_s"], content["now"]["age_s"]) == (900.0, 5.0)
    else:
        assert "font-face" not in text
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "wrote" not in paths[1].read_text(), "what was told of the export before is no part of the view"


async def test_numbers_that_nobody_refreshes_are_exported_with_their_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clock, watcher = [NOW], Script(ready_state())
    async with KmonApp(watcher, ViewSettings(), now=lambda: clock[0]).run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS)
        clock[0] = NOW + timedelta(minutes=10)
        watcher.put(replace(watcher.state, health={**watcher.state.health, PROMETHEUS: Health(Status.FAILING, "away")}))
        await pilot.pause(0.1)
        await press(pilot, "E", "down", "enter")

    age_s = json.loads(files_in(tmp_path)[0].read_text())["now"]["age_s"]
    assert age_s >= 600.0


async def test_numbers_of_a_prometheus_that_just_went_away_are_as_old_as_they_are() -> None:
    clock, watcher = [NOW], Script(ready_state())
    app = KmonApp(watcher, ViewSettings(), now=lambda: clock[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN_IRIS)
        clock[0] = NOW + timedelta(seconds=25)
        watcher.put(replace(watcher.state, health={**watcher.state.health, PROMETHEUS: Health(Status.FAILING, "away")}))
        await pilot.pause(0.1)
        screen = app.screen
        assert isinstance(screen, MetricsScreen)

        assert screen.drawing.stale_age_s(ready_state().traffic.traffic[IRIS]) == 25.0  # type: ignore[union-attr]  # of samples


async def test_a_time_that_has_not_come_yet_is_not_said_to_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, *["greater_than_sign"] * 3, "E", "down", "enter")

    assert json.loads(files_in(tmp_path)[0].read_text())["range_s"] == 900.0


async def test_where_nothing_can_be_written_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "file")
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS, "E", "enter")
        said = [one.message for one in run.app._notifications]

    assert len(said) == 1 and said[0].startswith("cannot write into")


async def test_a_service_that_is_gone_says_so_and_its_keys_do_no_harm() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN_IRIS)
        state = run.watcher.state
        left = tuple(one for one in state.fleet.services if one.key != IRIS)
        run.watcher.put(replace(state, fleet=replace(state.fleet, services=left)))
        await pilot.pause(0.1)
        await press(pilot, "left", "up", "P", "P", "less_than_sign")

        assert "is not there (any more)" in text_of(run.app.screen.query_one("#context", LinesView)._lines[0])


def test_a_hostile_name_makes_a_harmless_file_name() -> None:
    from kmon_tui.render.export import file_stem

    stem = file_stem(Key(Kind.ISVC, "../..", HOSTILE), NOW)

    assert "/" not in stem and ".." not in stem and stem.isascii() and "\x1b" not in stem

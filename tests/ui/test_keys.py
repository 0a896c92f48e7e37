"""What keys do, pressed as a terminal sends them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Label
from textual.worker import WorkerFailed

from kmon_tui.domain.command import Awake, LookAt, Refresh, SwitchContext, SwitchNamespace
from kmon_tui.domain.fleet import Place
from kmon_tui.domain.service import Key, Kind, Readiness
from kmon_tui.domain.state import State
from kmon_tui.render.lines import text_of
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.base import KmonScreen
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.fleet_screen import LOOK_AFTER_S, FleetScreen
from kmon_tui.ui.metrics_screen import MetricsScreen
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.service_screen import ServiceScreen
from kmon_tui.ui.service_table import ServiceTable
from kmon_tui.ui.text_screen import TextScreen
from tests.ui.samples import NOW, PatientApp, Script, isvc, ready_state, services, settled, with_fleet
from tests.ui.states import STATES

GEMMA = Key(Kind.ISVC, "llm", "gemma-2b")


class Run:
    """An app that runs on a scripted watcher."""

    def __init__(self, state: State | None = None, view: ViewSettings | None = None, **more: str) -> None:
        self.watcher = Script(state or ready_state())
        self.app = PatientApp(self.watcher, view or ViewSettings(), now=lambda: NOW, **more)  # type: ignore[arg-type]  # of tests

    @property
    def fleet(self) -> FleetScreen:
        return self.app.fleet

    @property
    def table(self) -> ServiceTable:
        return self.fleet.query_one(ServiceTable)

    @property
    def names(self) -> list[str]:
        return [key.name for key in self.table.visible_keys]

    @property
    def looks(self) -> list[LookAt]:
        return [sent for sent in self.watcher.sent if isinstance(sent, LookAt)]

    @property
    def filtered(self) -> str:
        """How many rows the filter leaves, as its row says it."""
        return str(self.fleet.query_one("#filter .word", Label).content).split("  ")[0]

    def line(self, id_: str) -> str:
        view = self.fleet.query_one(f"#{id_}", LinesView)
        return "".join(text_of(line) for line in view._lines)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Wait until the newest State is drawn, then press keys."""
    if len(pilot.app.screen_stack) == 1:
        await settled(pilot)
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def test_the_worst_comes_first_and_is_selected() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)

        assert run.names[:3] == ["gemma-2b", "fraud-xgb", "resnet50"]
        assert run.fleet.selected == GEMMA


async def test_j_and_k_pass_over_reasons() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j", "j", "k")

        assert run.fleet.selected == Key(Kind.ISVC, "risk", "fraud-xgb")


async def test_G_and_g_go_to_the_ends() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "G")
        last = run.fleet.selected
        await press(pilot, "g")

        assert last == Key(Kind.ISVC, "risk", "old-ranker")
        assert run.fleet.selected == GEMMA


async def test_the_selection_survives_sorting_filtering_and_deletion() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j", "j", "N", "slash", *"zzz", "escape")
        kept = run.fleet.selected
        assert kept is not None and kept.name == "resnet50"

        without = tuple(service for service in services() if service.key != kept)
        run.watcher.put(with_fleet(ready_state(), services=without))
        await press(pilot)
        gone = run.fleet.selected
        run.watcher.put(ready_state())
        await press(pilot)

        assert gone != kept
        assert run.fleet.selected == kept


async def test_n_goes_from_trouble_to_trouble() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "n", "n")

        assert run.fleet.selected == Key(Kind.ISVC, "vision", "resnet50")


async def test_a_filter_narrows_while_it_is_typed_and_escape_clears_it() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "slash", *"ns:nlp")
        narrowed = set(run.names)
        await press(pilot, "enter", "escape")

        assert narrowed == {"bert-ner", "embed-e5", "toxic-clf", "route-graph"}
        assert len(run.fleet.rows.rows) == 12 and not run.fleet.view.is_narrow


async def test_rows_of_an_unfolded_line_are_counted_once() -> None:
    run = Run(STATES["folded"])
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "slash", *"llm-", "enter")
        folded = run.filtered
        await press(pilot, "g", "enter")

        assert "llm-0" in run.names
        assert (folded, run.filtered) == ("8 of 20", "8 of 20")


async def test_minus_goes_back_to_the_last_view() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "ctrl+z", "minus")
        wide = len(run.names)
        await press(pilot, "minus")

        assert wide == 12
        assert run.fleet.view.faults_only


async def test_a_number_narrows_to_a_namespace_and_0_widens() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "2")
        narrowed = run.names
        await press(pilot, "0")

        assert narrowed == ["gemma-2b", "llama3-8b"]
        assert len(run.names) == 12
        assert not [sent for sent in run.watcher.sent if isinstance(sent, SwitchNamespace)]


async def test_0_asks_for_all_namespaces_when_the_watch_is_narrower() -> None:
    run = Run(STATES["one_namespace"])
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "0")

        assert SwitchNamespace(None) in run.watcher.sent


@pytest.mark.parametrize("place", [Place("prod", namespace="risk"), Place("prod", namespace_known=False)])
async def test_0_asks_for_all_namespaces_also_before_the_first_list(place: Place) -> None:
    run = Run(replace(STATES["connecting"], place=place))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "0")

        assert SwitchNamespace(None) in run.watcher.sent


async def test_ctx_with_a_name_switches_also_while_the_api_is_away() -> None:
    run = Run(STATES["unreachable"])
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"ctx staging", "enter")

        assert SwitchContext("staging") in run.watcher.sent


async def test_ctx_without_a_name_lets_choose() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "colon", *"ctx", "enter")
        assert isinstance(run.app.screen, Chooser)
        await press(pilot, "j", "enter")

        assert SwitchContext("prod-us") in run.watcher.sent


async def test_where_a_person_looks_is_told_once_it_rests() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        began_s = time.monotonic()
        await press(pilot, "j", "j", "j")
        rests = (time.monotonic() - began_s) // LOOK_AFTER_S
        async with asyncio.timeout(10):
            while not run.looks or run.looks[-1].selected != Key(Kind.ISVC, "demo", "sklearn-iris"):
                await pilot.pause(0.05)

        assert len(run.looks[-1].visible) == 12
        assert len(run.looks) <= 2 + rests  # on a busy machine it may rest between two keys


async def test_m_and_enter_open_the_service_and_q_comes_back() -> None:
    for key, kind in (("m", MetricsScreen), ("enter", ServiceScreen)):
        run = Run()
        async with run.app.run_test(size=(80, 24)) as pilot:
            await press(pilot, key)
            screen = run.app.screen
            assert isinstance(screen, KmonScreen) and isinstance(screen, kind)
            assert screen.looked_at == GEMMA
            await press(pilot, "q")

            assert run.app.screen_stack == [run.fleet]


async def test_a_service_named_at_the_start_is_opened() -> None:
    run = Run(open_name="bert-ner")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        await pilot.pause(0.1)

        assert isinstance(run.app.screen, ServiceScreen)
        assert run.app.screen.key.name == "bert-ner"


async def test_help_names_the_real_keys() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "question_mark")

        assert isinstance(run.app.screen, TextScreen)
        page = "\n".join(text_of(line) for line in run.app.screen._lines)
        for key, words in (("^z", "only what is"), ("C", "last changed"), ("N", "sort by name"), ("down j", "down")):
            assert f"  {key:<9}{words}" in page


async def test_q_quits_at_the_top_and_waits_for_the_monitor() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "q")

    assert run.watcher.ended
    assert run.app.return_code == 0


async def test_the_second_ctrl_c_quits_out_of_a_page_of_words_too() -> None:
    run = Run()
    async with run.app.run_test() as pilot:
        await press(pilot, "question_mark", "ctrl+c", "ctrl+c")

        assert not run.app.is_running


async def test_a_key_tells_the_monitor_that_somebody_is_there_but_not_every_key() -> None:
    run = Run()
    async with run.app.run_test() as pilot:
        await press(pilot, "j", "j", "k")

    assert run.watcher.sent.count(Awake()) == 1


async def test_the_second_ctrl_c_quits() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "slash", *"abc", "ctrl+c")
        still_there = run.app.is_running
        await press(pilot, "ctrl+c")

    assert still_there
    assert run.watcher.ended


async def test_ctrl_r_asks_for_everything_anew() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "ctrl+r")

        assert Refresh() in run.watcher.sent


async def test_a_click_selects_and_a_second_one_opens() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        await pilot.click(ServiceTable, offset=(20, 3))
        await pilot.pause()
        selected = run.fleet.selected
        await pilot.double_click(ServiceTable, offset=(20, 3))
        await pilot.pause()

        assert selected == Key(Kind.ISVC, "risk", "fraud-xgb")
        assert isinstance(run.app.screen, ServiceScreen)


async def test_rows_keep_their_place_until_they_are_sorted() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        before = run.names
        broken = tuple(
            service._replace(readiness=Readiness.FAILED, reason="Boom") if service.key.name == "pca-drift" else service
            for service in services()
        )
        run.watcher.put(with_fleet(ready_state(), services=broken))
        await press(pilot)
        kept = run.names
        counted = run.line("top")
        await press(pilot, "ctrl+r")

        assert kept == before
        assert "3 FAILED" in counted
        assert run.names.index("pca-drift") < 3


async def test_names_too_long_for_anything_and_terminals_too_small_do_no_harm() -> None:
    run = Run(with_fleet(ready_state(), services=(isvc("x" * 253, "y" * 253, Readiness.READY),)))
    async with run.app.run_test(size=(20, 5)) as pilot:
        await press(pilot, "j", "m", "q", "question_mark", "escape", "o", "escape", "colon", "escape")
        await pilot.resize_terminal(200, 60)
        await press(pilot, "j")
        await pilot.resize_terminal(1, 1)
        await press(pilot, "j")

        assert run.app.is_running


async def test_a_bug_in_the_monitor_ends_the_program() -> None:
    class Broken(Script):
        async def run(self) -> None:
            raise ZeroDivisionError("a bug")

    app = KmonApp(Broken(ready_state()), ViewSettings(), now=lambda: NOW)
    with pytest.raises(WorkerFailed, match="a bug"):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause(0.2)

    assert app.return_code == 1


async def test_what_is_typed_in_one_burst_reaches_the_command_line() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        for char in ":ctx staging":
            run.app.post_message(events.Key({":": "colon", " ": "space"}.get(char, char), char))
        await pilot.pause()
        await press(pilot, "enter")

        assert SwitchContext("staging") in run.watcher.sent


def burst(run: Run, keys: str) -> None:
    """Send keys as a paste or a slow line does: all at once. ``\r`` is Enter, ``\x1b`` Escape."""
    names = {":": "colon", " ": "space", "/": "slash", "\r": "enter", "\x1b": "escape"}
    for char in keys:
        run.app.post_message(events.Key(names.get(char, char), char))


async def test_keys_behind_enter_in_one_burst_meet_the_filtered_list() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        burst(run, "/iris\rm")
        await press(pilot)

        assert run.fleet.view.filter.text == "iris"
        screen = run.app.screen
        assert isinstance(screen, MetricsScreen)
        assert screen.key.name == "sklearn-iris"


async def test_keys_behind_escape_in_one_burst_meet_the_list() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        burst(run, "/iris\x1bC")
        await press(pilot)

        assert not run.fleet.view.filter
        assert run.fleet.view.sort.name == "change"


async def test_keys_behind_a_command_in_one_burst_meet_what_it_made() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        burst(run, ":sort name\rG")
        await press(pilot)

        assert run.fleet.view.sort.name == "name"
        assert run.table.selected is not None
        assert run.table.selected.name == "toxic-clf"


async def test_a_filter_that_cannot_be_read_keeps_its_row_and_no_key_waits_for_ever() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        burst(run, "/state:broken\r")
        await press(pilot)
        await press(pilot, "x")

        assert run.fleet.query_one("#filter").query_one("Input").value.endswith("brokenx")  # type: ignore[attr-defined]  # an Input


async def test_a_colon_in_the_filter_is_a_character() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "slash", *"ns:llm")

        assert run.fleet.view.filter.text == "ns:llm"


async def test_commands_work_on_the_detail_screen_too() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "m", "colon", *"ctx staging", "enter")

        assert SwitchContext("staging") in run.watcher.sent


@pytest.mark.parametrize("width", [40, 60, 80, 120])
async def test_the_key_bar_shows_whole_keys_and_always_the_way_out(width: int) -> None:
    run = Run()
    async with run.app.run_test(size=(width, 24)) as pilot:
        await press(pilot)
        shown = run.line("keys")

        assert len(shown) <= width
        assert shown.startswith(" ? help ") and shown.rstrip().endswith("q quit")


async def test_sort_without_a_known_order_lets_choose() -> None:
    for typed in ("sort", "sort nonsense"):
        run = Run()
        async with run.app.run_test(size=(80, 24)) as pilot:
            await press(pilot, "colon", *typed, "enter")

            assert isinstance(run.app.screen, Chooser)


async def test_help_groups_its_keys() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "question_mark")
        page = run.app.screen
        assert isinstance(page, TextScreen)
        lines = [text_of(line) for line in page._lines]

        assert [line for line in lines if line in {"Do", "Narrow and order", "Move", "Program"}] == [
            "Do",
            "Narrow and order",
            "Move",
            "Program",
        ]
        assert max(len(line.rstrip()) for line in lines) <= 74

"""What drawing costs: modules before the first paint, bytes, and work per State."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from textual.command import CommandList, CommandPalette
from textual.strip import Strip
from textual.widgets.option_list import Option

from kmon_tui.domain.service import Readiness, Replicas
from kmon_tui.render.columns import row_line
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.difference import differences
from kmon_tui.ui.service_table import ServiceTable
from tests.ui.samples import NOW, PatientApp, Script, isvc, ready_state, settled, traffic_of, with_fleet

FIRST_PAINT = """
import asyncio, sys
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.app import KmonApp
from tests.ui.samples import Script, ready_state

heavy = {"plotext", "yaml", "kubernetes", "httpx", "aiohttp", "requests", "prometheus_api_client", "msgspec", "numpy"}
found = []

class Watched(KmonApp):
    def _start(self):
        found.extend(heavy & set(sys.modules))
        self.exit()

async def main():
    async with Watched(Script(ready_state()), ViewSettings()).run_test(size=(80, 24)) as pilot:
        await pilot.pause()

asyncio.run(main())
print(sorted(found))
"""


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_PAINT], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout.strip() == "[]"


DATACLASSES = """
import dataclasses, sys
import kmon_tui.cli.screen, kmon_tui.settings.load, kmon_tui.live.kubeconfig, kmon_tui.ui.app
ours = [module for name, module in sys.modules.items() if name.startswith("kmon_tui")]
print(*sorted(module.__name__ for module in ours if vars(module).get("dataclass") is dataclasses.dataclass))
"""


def test_the_values_that_the_first_paint_imports_are_made_late() -> None:
    ran = subprocess.run([sys.executable, "-c", DATACLASSES], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout.split() == [], "take their dataclass from kmon_tui.domain.late: 0.4 ms each (docs/adr/0008)"


def strip(app_text: str) -> Strip:
    from rich.segment import Segment

    return Strip([Segment(app_text)])


def test_equal_lines_have_no_differences() -> None:
    assert differences(strip("abc"), strip("abc")) == []


def test_far_changes_are_two_runs_and_near_ones_are_one() -> None:
    assert differences(strip("a" * 40), strip("b" + "a" * 38 + "b")) == [(0, 1), (39, 40)]
    assert differences(strip("a" * 10), strip("baaaab" + "a" * 4)) == [(0, 6)]


def test_a_wide_character_is_written_whole() -> None:
    assert differences(strip("型x"), strip("模x")) == [(0, 2)]


async def test_only_changed_visible_rows_are_drawn_anew() -> None:
    many = tuple(sorted((isvc(f"m-{i:05d}", f"ns-{i % 7}", Readiness.READY) for i in range(2000)), key=lambda s: s.key))
    watcher = Script(with_fleet(ready_state(), services=many))
    app = KmonApp(watcher, ViewSettings(), now=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        table = app.fleet.query_one(ServiceTable)
        before = dict(table._painted)
        visible = table.visible_keys[3]
        changed = tuple(s._replace(replicas=Replicas(2, 3)) if s.key in {visible, many[-1].key} else s for s in many)
        watcher.put(with_fleet(ready_state(), services=changed))
        await settled(pilot)

        assert [y for y, drawn in table._painted.items() if drawn is not before[y]] == [4]
        assert "2/3" in table._painted[4].text


async def test_new_numbers_of_thousands_are_on_the_screen_at_once_and_reach_every_row() -> None:
    many = tuple(sorted((isvc(f"m-{i:05d}", "ns", Readiness.READY) for i in range(2000)), key=lambda s: s.key))
    watcher = Script(with_fleet(ready_state(), services=many))
    app = KmonApp(watcher, ViewSettings(), now=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("G")
        told = watcher.state.traffic
        assert told is not None
        numbers = {service.key: traffic_of(7.0) for service in many}
        state = replace(watcher.state, traffic=replace(told, traffic=numbers))
        app.fleet.show(state)
        table, rows = app.fleet.query_one(ServiceTable), app.fleet.rows
        behind = rows.is_behind
        seen = [rows.rows[key].traffic for key in table.visible_keys]
        watcher.put(state)
        while rows.is_behind:
            await pilot.pause(0.01)

        assert behind and seen == [numbers[key] for key in table.visible_keys]
        assert all(rows.rows[key].traffic is traffic for key, traffic in numbers.items())


async def test_twenty_rows_of_data_fit_into_80x24() -> None:
    many = tuple(sorted((isvc(f"m-{i:05d}", "ns", Readiness.READY) for i in range(50)), key=lambda s: s.key))
    app = KmonApp(Script(with_fleet(ready_state(), services=many)), ViewSettings(), now=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)

        assert len(app.fleet.query_one(ServiceTable).visible_keys) == 20


async def test_every_row_fits_its_width_exactly() -> None:
    app = KmonApp(Script(ready_state()), ViewSettings(), now=lambda: NOW)
    for width in (40, 60, 80, 100, 120, 160, 200):
        async with app.run_test(size=(width, 40)) as pilot:
            await settled(pilot)
            table = app.fleet.query_one(ServiceTable)
            columns = table._shown_columns()
            for row in app.fleet.rows.rows.values():
                length = sum(len(text) for text, _ in row_line(row, columns, app.fleet.drawing))
                assert length == table.line_width
        app = KmonApp(Script(ready_state()), ViewSettings(), now=lambda: NOW)


async def test_an_ascii_screen_with_a_scroll_bar_is_ascii() -> None:
    many = tuple(sorted((isvc(f"m-{i:05d}", "ns", Readiness.READY) for i in range(50)), key=lambda s: s.key))
    app = KmonApp(Script(with_fleet(ready_state(), services=many)), ViewSettings(ascii=True), now=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = "".join(strip.text for strip in app.fleet._compositor.render_strips())

        assert [char for char in text if not char.isascii()] == []


async def test_a_page_turned_in_the_command_palette_before_its_list_is_drawn_is_nothing() -> None:
    app = KmonApp(Script(ready_state()), ViewSettings(), now=lambda: NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        palette = app.screen
        assert isinstance(palette, CommandPalette)
        commands = palette.query_one(CommandList)
        commands.add_option(Option("new"))
        commands.highlighted = 0
        commands._index_to_line.clear()  # as it is until the next layout

        palette._action_command_list("page_down")

        assert app.screen is palette


@pytest.mark.parametrize(("theme", "said"), [("nope", ["there is no theme nope: :theme chooses one"]), ("nord", [])])
async def test_a_theme_that_does_not_exist_is_said(theme: str, said: list[str]) -> None:
    app = PatientApp(Script(ready_state()), ViewSettings(theme=theme), now=lambda: NOW)

    async with app.run_test() as pilot:
        await settled(pilot)

        assert [notice.message for notice in app._notifications] == said

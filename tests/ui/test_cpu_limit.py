"""No regular expression holds the keys: one that takes too long is given up, and the screen says so."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from textual.app import App, ComposeResult

from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import Readiness
from kmon_tui.render.page import Page
from kmon_tui.ui.cpu_limit import TooSlow, cpu_limit
from kmon_tui.ui.page_view import PageView
from kmon_tui.ui.service_table import ServiceTable
from tests.ui.insides import with_logs
from tests.ui.samples import isvc, ready_state, services, with_fleet
from tests.ui.test_keys import Run, press
from tests.ui.test_logs import OPEN, REQUEST, lines, put
from tests.ui.test_service import foot, head

YEARS = "(a+)+$"
"""Takes two to the power of forty steps on LONG."""
LONG = "a" * 40 + "!"
ON_FORTY = {"(a+)+$": LONG, "(.*)(.*)(.*)x": "a" * 64_000, ".*x": "a" * 64_000, r"(?=(a+))\1*b": "a" * 64_000}


def view_of(*texts: str, request: LogRequest = REQUEST) -> LogView:
    chunk = tuple(LogLine(text, "iris-predictor-1", "kserve-container") for text in texts)
    return LogView(request, (chunk,), 0, len(chunk), streams=(("iris-predictor-1", "kserve-container"),))


@pytest.mark.parametrize("pattern", ON_FORTY)
def test_a_search_that_would_take_years_is_ended(pattern: str) -> None:
    began_s = time.process_time()
    with pytest.raises(TooSlow), cpu_limit(0.1):
        re.search(pattern, ON_FORTY[pattern])

    assert time.process_time() - began_s < 2.0


async def test_waiting_does_not_count_and_nothing_is_ended_afterwards() -> None:
    with cpu_limit(0.05):
        await asyncio.sleep(0.1)
    end_s = time.process_time() + 0.1
    while time.process_time() < end_s:
        pass  # computes beyond the limit that was

    assert time.process_time() >= end_s


async def test_a_filter_that_takes_years_stays_in_its_row_with_what_is_wrong() -> None:
    run = Run(with_logs(view_of("first", LONG)))
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN, "ampersand", *YEARS, "enter")

        assert "takes too long" in str(run.app.screen.query_one("#search .word").render())
        assert any("first" in line for line in lines(run))


async def test_a_search_that_takes_years_is_not_begun_and_plain_text_is_found() -> None:
    run = Run(with_logs(view_of("first", LONG)))
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN, "slash", *YEARS, "enter")
        refused = str(run.app.screen.query_one("#search .word").render())
        await press(pilot, "escape", "slash", *"first", "enter")

        assert "takes too long" in refused
        assert "1 of 1" in foot(run)


async def test_a_filter_that_is_too_slow_for_new_lines_is_off_and_all_lines_are_shown() -> None:
    run = Run(with_logs(view_of("first", "aaa")))
    async with run.app.run_test(size=(100, 24), notifications=True) as pilot:
        await press(pilot, *OPEN, "ampersand", *YEARS, "enter")
        shown = lines(run)
        await put(run, pilot, with_logs(view_of("first", "aaa", LONG)))
        await pilot.pause(0.5)

        assert not any("first" in line for line in shown)
        assert any("first" in line for line in lines(run))
        assert "shown" not in head(run)
        assert any("is off" in note.message for note in run.app._notifications)


async def test_on_a_page_it_is_meant_literally() -> None:
    view = PageView(id="page")

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield view

    async with Alone().run_test() as pilot:
        await pilot.pause()
        view.fill(lambda _: Page((((LONG, ""),), ((f"x {YEARS}", ""),))), ("lines",))
        found = view.search(YEARS)

    assert found == (1, 1)


async def test_a_filter_of_the_fleet_that_takes_years_is_not_taken_and_says_so() -> None:
    odd = isvc("a" * 40 + "b", "ml", Readiness.READY)
    every = tuple(sorted((*services(), odd), key=lambda one: one.key))
    run = Run(with_fleet(ready_state(), services=every))
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, "slash", "/", *YEARS, "/")

        assert "takes too long" in str(run.app.screen.query_one("#filter .word").render())
        await press(pilot, "escape")
        assert run.app.screen.query_one(ServiceTable).selected is not None

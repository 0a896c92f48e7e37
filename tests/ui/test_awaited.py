"""A service that was named at the start and is not there: that is said until something changes, and it opens later."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot

from kmon_tui.domain.command import SwitchNamespace
from kmon_tui.domain.state import State
from kmon_tui.render.lines import text_of
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.notice_view import NoticeView
from kmon_tui.ui.page_view import PageView
from kmon_tui.ui.service_screen import ServiceScreen
from tests.ui.samples import ready_state, with_fleet
from tests.ui.test_keys import Run, press

WHOLE = ready_state()


def without(name: str, namespace: str | None = None) -> State:
    rest = tuple(isvc for isvc in WHOLE.fleet.services if isvc.key.name != name)
    return with_fleet(WHOLE, services=rest, namespace=namespace)


def said(run: Run) -> str:
    view = run.fleet.query_one(NoticeView)
    return " ".join(text_of(line).strip() for line in view._lines) if view.display else ""


async def drawn(run: Run, pilot: Pilot[None], words: str) -> str:
    """Wait until the notice says this."""
    async with asyncio.timeout(10):
        while words not in said(run):
            await pilot.pause(0.02)
    return said(run)


async def opened(run: Run, pilot: Pilot[None]) -> ServiceScreen:
    """Wait until a service is shown alone."""
    async with asyncio.timeout(10):
        while not (isinstance(run.app.screen, ServiceScreen) and run.app.screen.query(PageView)):
            await pilot.pause(0.02)
    return run.app.screen


async def test_that_it_is_not_there_stays_on_the_screen_with_what_to_press() -> None:
    run = Run(without("bert-ner", "nlp"), open_name="bert-ne")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await drawn(run, pilot, "no service bert-ne in namespace nlp")
        run.watcher.put(without("bert-ner", "nlp"))
        await pilot.pause(0.1)

        words = await drawn(run, pilot, "it opens as soon as it exists")

        assert "esc show the others" in " ".join(words.split())
        assert "0 look in all namespaces" in " ".join(words.split())
        assert run.fleet.looked_at is None, "no key means a row that nobody sees"


async def test_it_opens_when_it_appears_and_all_are_shown_behind_it() -> None:
    run = Run(without("bert-ner"), open_name="bert-ner")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await drawn(run, pilot, "no service bert-ner in any namespace")
        run.watcher.put(WHOLE)
        assert (await opened(run, pilot)).key.name == "bert-ner"
        await press(pilot, "q")
        assert len(run.names) > 1
        assert run.fleet.selected is not None
        assert run.fleet.selected.name == "bert-ner"


async def test_who_looks_at_others_meanwhile_is_not_disturbed() -> None:
    run = Run(without("bert-ner"), open_name="bert-ner")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await drawn(run, pilot, "no service bert-ner")
        await press(pilot, "escape")
        assert said(run) == ""
        run.watcher.put(WHOLE)
        await pilot.pause(0.2)

        assert run.app.screen is run.fleet
        assert "bert-ner" in {key.name for key in run.fleet.rows.rows}


async def test_names_that_are_like_it_are_said() -> None:
    run = Run(open_name="bert-nerr")
    async with run.app.run_test(size=(80, 24)) as pilot:
        assert "there is bert-ner" in await drawn(run, pilot, "no service bert-nerr")


async def test_zero_looks_for_it_in_all_namespaces() -> None:
    run = Run(without("bert-ner", "nlp"), open_name="bert-ner")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await drawn(run, pilot, "no service bert-ner")
        await press(pilot, "0")

        assert SwitchNamespace(None) in run.watcher.sent
        run.watcher.put(without("bert-ner"))
        await drawn(run, pilot, "no service bert-ner in any namespace")


async def test_a_filter_of_the_start_does_not_hide_the_service_that_was_named() -> None:
    run = Run(view=ViewSettings(filter="ns:none"), open_name="bert-ner")
    async with run.app.run_test(size=(80, 24)) as pilot:
        assert (await opened(run, pilot)).key.name == "bert-ner"


async def test_keys_move_in_the_list_again_after_the_terminal_was_too_small_for_it() -> None:
    run = Run()
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j")
        first = run.fleet.selected
        await pilot.resize_terminal(20, 5)
        await drawn(run, pilot, "too small")
        await pilot.resize_terminal(80, 24)
        await listed(run, pilot)
        await press(pilot, "j")

        assert run.fleet.selected not in {None, first}


async def test_keys_move_in_the_list_after_a_notice_stood_in_its_place() -> None:
    run = Run(without("bert-ner"), open_name="bert-ner")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await drawn(run, pilot, "no service bert-ner")
        await press(pilot, "escape")
        await listed(run, pilot)
        first = run.fleet.selected
        await press(pilot, "j")

        assert run.fleet.selected not in {None, first}


async def listed(run: Run, pilot: Pilot[None]) -> None:
    """Wait until the list is back."""
    async with asyncio.timeout(10):
        while said(run) or run.app.focused is None:
            await pilot.pause(0.02)

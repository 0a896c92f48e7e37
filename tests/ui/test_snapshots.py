"""Each look of the screens, as a picture. A changed picture is looked at before it is accepted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from kmon_tui.settings import ViewSettings
from tests.ui.conftest import MakeApp
from tests.ui.samples import ready_state, settled
from tests.ui.states import STATES

SnapCompare = Callable[..., bool]


def keys(*pressed: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press keys and wait until all is drawn."""

    async def run(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause()
        deadline = time.monotonic() + 5  # a toast is mounted some messages later
        while len(pilot.app.screen.query("Toast")) < len(pilot.app._notifications) and time.monotonic() < deadline:
            await pilot.pause()
        await pilot.pause()

    return run


@pytest.mark.parametrize("name", STATES)
def test_every_state_at_80x24(name: str, make_app: MakeApp, snap_compare: SnapCompare) -> None:
    assert snap_compare(make_app(STATES[name]), terminal_size=(80, 24), run_before=keys())


@pytest.mark.parametrize("size", [(120, 40), (200, 60), (120, 24), (60, 20), (20, 5)])
def test_ready_at_other_sizes(size: tuple[int, int], make_app: MakeApp, snap_compare: SnapCompare) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=size, run_before=keys("j", "j", "j"))


@pytest.mark.parametrize(
    ("name", "pressed"),
    {
        "help": ("question_mark",),
        "detail": ("j", "j", "j", "m"),
        "detail_without_series": ("m",),
        "filter": ("slash", *"state:ready !ns:risk"),
        "filter_wrong": ("slash", *"state:broken"),
        "filter_matches_nothing": ("slash", *"zzz", "enter"),
        "faults_only": ("ctrl+z",),
        "sort_menu": ("o",),
        "sorted_by_change": ("C",),
        "context_chooser": ("colon", *"ctx", "enter"),
        "command_wrong": ("colon", *"nonsense", "enter"),
        "prometheus_page": ("colon", *"prom", "enter"),
        "namespace_two": ("2",),
    }.items(),
)
def test_what_keys_show_at_80x24(
    name: str, pressed: tuple[str, ...], make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=(80, 24), run_before=keys(*pressed))


@pytest.mark.parametrize(
    ("name", "view"),
    {
        "ascii": ViewSettings(ascii=True),
        "no_color": ViewSettings(no_color=True),
        "ansi_dark": ViewSettings(theme="ansi-dark"),
        "ansi_light": ViewSettings(theme="ansi-light"),
        "light": ViewSettings(theme="textual-light"),
    }.items(),
)
@pytest.mark.parametrize("pressed", [("j", "j", "j"), ("j", "j", "j", "m")], ids=["fleet", "detail"])
def test_ready_in_other_looks(
    name: str, view: ViewSettings, pressed: tuple[str, ...], make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    assert snap_compare(make_app(ready_state(), view), terminal_size=(80, 24), run_before=keys(*pressed))


@pytest.mark.parametrize("size", [(120, 40), (200, 60)])
def test_a_failed_service_without_numbers_has_the_whole_pane(
    size: tuple[int, int], make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=size, run_before=keys())


def test_a_named_service_that_is_not_there_is_said(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    app = make_app(ready_state(), open_name="bert-nerr")

    assert snap_compare(app, terminal_size=(80, 24), run_before=awaited)


async def awaited(pilot: Pilot[Any]) -> None:
    """Wait until the list has made room for the notice."""
    async with asyncio.timeout(10):
        while not (pilot.app.screen.query("#list.-empty") and pilot.app.screen.query("#filter")):
            await pilot.pause(0.02)
    await pilot.pause()


def test_read_only_is_said(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    assert snap_compare(make_app(ready_state(), read_only=True), terminal_size=(80, 24), run_before=keys())


def test_an_unfolded_line_shows_its_rows(make_app: MakeApp, snap_compare: SnapCompare) -> None:
    pressed = keys("j", "j", "enter")

    assert snap_compare(make_app(STATES["folded"]), terminal_size=(80, 24), run_before=pressed)

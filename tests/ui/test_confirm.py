"""The question: its default is No, and neither Enter, nor a paste, nor a key that came too soon is a yes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot

from kmon_tui.ui.confirm import BURST_S, DEAF_S, Confirm, Ear

QUIET_S = DEAF_S + 0.1


class Asking(App[None]):
    """Asks one question and remembers the answer."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.question = Confirm("apply this?", ((("one object", ""),),), name)
        self.answers: list[bool | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.question, self.answers.append)


@asynccontextmanager
async def asked(name: str = "") -> AsyncGenerator[tuple[Asking, Pilot[None]]]:
    """Open a question; its first moments are over."""
    app = Asking(name)
    async with app.run_test() as pilot:
        await pilot.pause(QUIET_S)
        yield app, pilot


async def slowly(pilot: Pilot[None], *keys: str) -> None:
    """Press keys as a person does."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause(BURST_S * 3)


async def test_enter_does_nothing() -> None:
    async with asked() as (app, pilot):
        await slowly(pilot, "enter", "enter")

        assert app.answers == []
        assert app.screen is app.question


async def test_y_is_yes() -> None:
    async with asked() as (app, pilot):
        await slowly(pilot, "y")

        assert app.answers == [True]


@pytest.mark.parametrize("key", ["n", "escape", "q"])
async def test_no_is_no(key: str) -> None:
    async with asked() as (app, pilot):
        await slowly(pilot, key)

        assert app.answers == [False]


async def test_a_key_right_after_it_appears_is_no_answer() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        await pilot.press("y")
        await pilot.pause(BURST_S * 3)

        assert app.answers == []


async def test_a_y_that_other_keys_follow_at_once_is_no_answer() -> None:
    async with asked() as (app, pilot):
        for key in "yes":
            app.post_message(events.Key(key, key))
        await pilot.pause(BURST_S * 4)

        assert app.answers == []


async def test_a_paste_is_no_answer() -> None:
    async with asked() as (app, pilot):
        app.post_message(events.Paste("y"))
        await pilot.pause(BURST_S * 3)

        assert app.answers == []


async def test_where_the_name_is_wanted_y_is_not_enough() -> None:
    async with asked("prod") as (app, pilot):
        await slowly(pilot, "y", "enter")

        assert app.answers == []


async def test_the_name_typed_by_hand_is_yes() -> None:
    async with asked("prod") as (app, pilot):
        await slowly(pilot, *"prod", "enter")

        assert app.answers == [True]


async def test_the_name_pasted_is_not() -> None:
    async with asked("prod") as (app, pilot):
        app.post_message(events.Paste("prod"))
        await slowly(pilot, "enter")

        assert app.answers == []


def test_the_ear_stays_deaf_as_long_as_a_burst_lasts() -> None:
    ear = Ear()
    ear.appear(0.0)
    times = [0.29, 0.32, 0.36, 0.40, 0.60]

    assert [ear.hears(at) for at in times] == [False, False, False, False, True]

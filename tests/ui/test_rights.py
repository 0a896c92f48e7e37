"""A key without the right is dim wherever it is shown, and says which right is missing."""

from __future__ import annotations

from dataclasses import replace

from kmon_tui.domain.doings import Doing
from kmon_tui.domain.state import State
from kmon_tui.render.lines import Line
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.palette import LinesView
from tests.ui.conftest import MakeApp
from tests.ui.samples import Script, ready_state, settled

RIGHT = "patch inferenceservices.serving.kserve.io in namespace demo"


def without_rights() -> State:
    """Give a State in which nothing may be deployed anywhere."""
    state = ready_state()
    namespaces = {isvc.key.namespace for isvc in state.fleet.services}
    return replace(state, lacks={name: {Doing.DEPLOY: RIGHT} for name in namespaces})


def look_of(line: Line, key: str) -> str:
    """Give the look of a key in the bar."""
    return next(look for text, look in line if text == f" {key}")


async def test_the_key_is_dim_on_the_fleet(make_app: MakeApp) -> None:
    app = make_app(without_rights())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        line = app.screen.query_one(KeyBar).lines[0]

        assert look_of(line, "a") == "dim"
        assert look_of(line, "i") == "key"


async def test_the_key_is_bright_where_the_right_is_there_or_not_known(make_app: MakeApp) -> None:
    app = make_app(ready_state())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)

        assert look_of(app.screen.query_one(KeyBar).lines[0], "a") == "key"


async def test_keys_of_a_service_are_dim_until_there_is_one(make_app: MakeApp) -> None:
    full = ready_state()
    app = make_app(replace(full, fleet=replace(full.fleet, services=())))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        bar = app.screen.query_one(KeyBar)
        empty = [look_of(bar.lines[0], key) for key in ("w", "l", "m", "i", "q")]
        assert isinstance(app._watcher, Script)
        app._watcher.put(full)
        await settled(pilot)

        assert empty == ["dim", "dim", "dim", "dim", "key"]
        assert [look_of(bar.lines[0], key) for key in ("w", "l", "m", "i")] == ["key"] * 4


async def test_the_help_names_the_right(make_app: MakeApp) -> None:
    app = make_app(without_rights())
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await settled(pilot)
        text = "\n".join(
            "".join(part for part, _ in line) for view in app.screen.query(LinesView) for line in view.lines
        )

    assert f"deploy: may not {RIGHT}" in text


async def test_pressing_it_says_which_right_is_missing(make_app: MakeApp) -> None:
    app = make_app(without_rights())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)

        assert [note.message for note in app._notifications] == [f"may not {RIGHT}"]

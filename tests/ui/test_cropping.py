"""What is left out of a paint changes nothing of the picture: as Textual alone would paint it."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kmon_tui.settings import ViewSettings
from kmon_tui.ui.cropping import CroppingCompositor, Layout
from kmon_tui.ui.palette import Painted
from tests.ui.conftest import MakeApp
from tests.ui.samples import ready_state, settled

LOOKS = {
    "dark": ViewSettings(),
    "light": ViewSettings(theme="textual-light"),
    "the terminal's own colours": ViewSettings(theme="ansi_dark"),
}
PRESSED: dict[str, list[str]] = {
    "fleet": ["j", "j", "j"],
    "filter": ["slash", "i", "r"],
    "help": ["question_mark"],
    "service": ["enter"],
    "metrics": ["m"],
    "doctor": ["D"],
    "forwards": ["f"],
    "chooser": ["o"],
}


def cells(strips: list[Strip]) -> list[list[tuple[str, object]]]:
    """Give each cell with its style, however the segments are cut."""
    return [[(character, segment.style) for segment in strip for character in segment.text] for strip in strips]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
@pytest.mark.parametrize("pressed", PRESSED.values(), ids=PRESSED)
@pytest.mark.parametrize("view", LOOKS.values(), ids=LOOKS)
async def test_the_picture_is_the_one_that_textual_paints(
    view: ViewSettings,
    pressed: list[str],
    size: tuple[int, int],
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(ready_state(), view)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press(*pressed)
        await pilot.pause()
        compositor = app.screen._compositor
        ours = compositor.render_strips()

        monkeypatch.setattr(CroppingCompositor, "_get_renders", Compositor._get_renders)
        monkeypatch.setattr(Painted, "render_lines", Widget.render_lines)
        textuals = compositor.render_strips()

        assert [strip.text for strip in ours] == [strip.text for strip in textuals]
        assert cells(ours) == cells(textuals)


def test_a_widget_behind_others_is_seen_only_in_the_rows_that_they_leave_free() -> None:
    screen = Region(0, 0, 10, 4)
    left, right, behind = Widget(), Widget(), Widget()
    layout = Layout.arranged(
        {left: (Region(0, 1, 6, 2), screen), right: (Region(6, 1, 9, 1), screen), behind: (screen, screen)}
    )

    assert {widget: f"{rows:04b}"[::-1] for widget, rows in layout.seen.items()} == {
        left: "0110",
        right: "0100",
        behind: "1011",
    }


async def test_a_paint_of_one_row_asks_only_those_for_lines_that_are_seen_there(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(ready_state())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        asked: list[tuple[str | None, int]] = []

        def noted(widget: Widget, crop: Region) -> list[Strip]:
            asked.append((widget.id, crop.height))
            return [Strip([Segment(" " * crop.width)])] * crop.height

        monkeypatch.setattr(Painted, "render_lines", noted)
        monkeypatch.setattr(Widget, "render_lines", noted)
        compositor = app.screen._compositor
        compositor._dirty_regions = {Region(0, 4, 20, 1)}
        compositor.render_partial_update()

        assert asked == [("table", 1)]


@pytest.mark.parametrize("narrow", [False, True], ids=["no lines", "lines of another width"])
async def test_what_a_widget_does_not_paint_of_its_place_is_painted_by_those_behind_it(
    narrow: bool, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A widget that has just been shown has the lines of its old size, until it heard of its new one."""
    app = make_app(ready_state())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await pilot.pause()
        late = app.screen.query_one("#page-revisions")
        monkeypatch.setattr(late, "render_lines", lambda crop: [Strip([Segment(" ")])] * crop.height * narrow)
        compositor = app.screen._compositor

        whole = compositor.render_full_update()
        compositor._dirty_regions = {Region(late.region.x, late.region.y, 20, 1)}
        part = compositor.render_partial_update()

        assert whole.render_segments(app.console)
        assert all(strip is not None for line in whole.strips for strip in line)
        assert part is not None
        assert part.chops[late.region.y][late.region.x] is not None

"""A line that has no room is cut where one can see it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kmon_tui.render.cells import clean
from kmon_tui.render.lines import shifted, shortened, text_of, width_of

LINES = st.lists(st.tuples(st.text().map(clean), st.sampled_from(["", "dim"])), max_size=4).map(tuple)


@given(LINES, st.integers(0, 40))
def test_a_shortened_line_fits(line: tuple[tuple[str, str], ...], width: int) -> None:
    assert width_of(shortened(line, width, "~")) <= width


@given(LINES)
def test_a_line_that_fits_stays(line: tuple[tuple[str, str], ...]) -> None:
    assert shortened(line, width_of(line), "~") == line


def test_what_is_cut_away_leaves_a_mark() -> None:
    line = (("requests/s 4.3 ", ""), ("as its pods count", "dim"))

    assert text_of(shortened(line, 20, "~")) == "requests/s 4.3 as i~"
    assert shortened(line, 20, "~")[-1][1] == "dim"


def test_room_that_is_cut_away_leaves_none() -> None:
    assert text_of(shortened((("ready    ", ""), ("   ", "")), 6, "~")) == "ready "


def test_what_is_left_away_at_the_beginning_leaves_a_mark_too() -> None:
    line = (("name: ", "key"), ("value", ""))

    assert shifted(line, 2) == (("…e: ", "key"), ("value", ""))
    assert text_of(shifted(line, 8)) == "…ue"
    assert text_of(shifted(line, 90)) == "…"


def test_only_room_that_is_left_away_leaves_none() -> None:
    assert text_of(shifted((("    name", ""),), 3)) == " name"

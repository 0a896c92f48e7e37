"""A picture of the screen: words in their places, and curves that are drawn, whatever fonts there are."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from kmon_tui.render.picture import plain_svg

SNAPSHOTS = Path(__file__).parents[1] / "ui" / "__snapshots__" / "test_metrics"


def text(content: str) -> str:
    return f'<text class="c-r1" x="122" y="44.4" textLength="99" clip-path="url(#c-line-1)">{content}</text>'


def test_words_stand_where_their_cells_are() -> None:
    drawn = plain_svg(text("&#160;&#160;15:33&#160;&#160;a&amp;b"))

    assert 'x="146.4" y="44.4" textLength="61.0" clip-path="url(#c-line-1)">15:33</text>' in drawn
    assert 'x="231.8" y="44.4" textLength="36.6" clip-path="url(#c-line-1)">a&amp;b</text>' in drawn
    assert "&#160;" not in drawn


def test_wide_characters_take_two_cells() -> None:
    assert 'x="158.6"' in plain_svg(text("\u6a21&#160;x"))


@pytest.mark.parametrize(
    ("char", "boxes"), [("\u2801", 1), ("\u28ff", 8), ("\u2584", 1), ("\u2588", 1), ("\u2500", 2), ("\u2514", 2)]
)
def test_what_is_no_letter_is_drawn(char: str, boxes: int) -> None:
    drawn = plain_svg(text(char))

    assert "<text" not in drawn
    assert drawn.count("z") == boxes


def test_half_a_bar_is_the_lower_half_of_its_cell() -> None:
    assert 'd="M122.0 38.1h12.2v12.2h-12.2z"' in plain_svg(text("\u2584"))


@pytest.mark.parametrize("file", sorted(SNAPSHOTS.glob("*.svg")), ids=lambda file: file.stem[-30:])
def test_every_picture_is_xml_without_fonts_of_the_web_or_letters_that_overrun(file: Path) -> None:
    drawn = plain_svg(file.read_text())

    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert "font-face" not in drawn
    assert not any("\u2800" <= char <= "\u28ff" for char in drawn)

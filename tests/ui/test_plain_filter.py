"""What a terminal without UTF-8 is sent."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from kmon_tui.ui.plain_filter import PlainFilter


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "cut off…", "cut off~"),
        ("ascii", "│▅└", "|#+"),
        ("ascii", "naïve 模型 e\u0301", "na?ve ???? e"),
        ("iso8859-1", "naïve…", "naïve~"),
        ("utf-8", "naïve… 模型", "naïve… 模型"),
    ],
)
def test_what_the_encoding_lacks_is_replaced_cell_by_cell(encoding: str, text: str, shown: str) -> None:
    bold = Style(bold=True)

    line = PlainFilter(encoding).apply([Segment("a"), Segment(text, bold)], Color(0, 0, 0))

    assert line == [Segment("a"), Segment(shown, bold)]

"""Text from the cluster never reaches the terminal as it is."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kmon_tui.render.cells import clean, fit, middle, wrap


@given(st.text())
def test_clean_text_has_nothing_a_terminal_would_obey(text: str) -> None:
    assert not {unicodedata.category(char) for char in clean(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(), st.integers(0, 50), st.booleans())
def test_fitted_text_has_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(clean(text), width, right=right)) == width


@given(st.text(), st.integers(1, 50))
def test_a_middle_cut_is_never_too_wide(text: str, width: int) -> None:
    assert cell_len(middle(clean(text), width)) <= width


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_are_never_too_wide(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(clean(text), width))


def test_escape_sequences_and_markup_become_plain_text() -> None:
    assert clean("\x1b[31mred\x00") == "�[31mred�"
    assert clean("[red]x[/red]") == "[red]x[/red]"


def test_invisible_and_turning_marks_go() -> None:
    assert clean("a\u200bb\u202ec\u2066d\ufeff") == "abcd"


def test_line_ends_become_spaces() -> None:
    assert clean("a\r\nb\tc\u2028d") == "a  b c d"


def test_heaps_of_accents_are_cut() -> None:
    assert clean("e" + "\u0301" * 30) == "e" + "\u0301" * 2


def test_both_ends_of_a_long_name_stay() -> None:
    assert middle("arn:aws:eks:eu-central-1:123456789012:cluster/prod", 20) == "arn:aws:ek…ster/prod"


def test_a_wide_character_is_not_cut_in_half() -> None:
    assert fit("模型服务", 5) == "模型…"
    assert fit("模型服务", 4, ellipsis="~") == "模 ~"

"""The sheet: what was told stays as it was, and a row that changes hands tells nothing of who had it before."""

import math
from array import array

from kmon_tui.live.sheet import Sheet


def filled(*values: float | None) -> tuple[Sheet, int]:
    """Give a sheet with one row of these values."""
    sheet = Sheet()
    row = sheet.row()
    for value in values:
        sheet.begin(4)
        sheet.put(row, value)
    return sheet, row


def test_a_row_has_its_newest_steps_oldest_first() -> None:
    sheet, row = filled(1.0, 2.0, 3.0, 4.0, 5.0)

    assert list(sheet.last(row, 4)) == [2.0, 3.0, 4.0, 5.0]


def test_a_step_of_which_nothing_is_known_is_a_gap() -> None:
    sheet, row = filled(1.0, None)

    assert [math.isnan(value) for value in sheet.last(row, 2)] == [False, True]


def test_a_step_in_which_nothing_was_written_is_a_gap() -> None:
    sheet, row = filled(1.0)
    sheet.begin(4)

    assert [math.isnan(value) for value in sheet.last(row, 2)] == [False, True]


def test_what_was_told_does_not_change_when_a_step_comes() -> None:
    sheet, row = filled(1.0, 2.0)
    told = sheet.last(row, 2)
    sheet.begin(4)
    sheet.put(row, 3.0)

    assert list(told) == [1.0, 2.0]


def test_what_was_told_does_not_change_when_steps_are_left_out() -> None:
    sheet, row = filled(1.0, 2.0, 3.0)
    told = sheet.last(row, 3)
    sheet.thin()

    assert (list(told), list(sheet.last(row, 2))) == ([1.0, 2.0, 3.0], [1.0, 3.0])


def test_steps_before_a_row_was_there_are_gaps() -> None:
    sheet, _ = filled(1.0, 2.0)
    late = sheet.row()
    sheet.put(late, 7.0)

    assert [value for value in sheet.last(late, 2) if not math.isnan(value)] == [7.0]


def test_a_row_is_given_again_once_it_was_given_up() -> None:
    sheet, row = filled(1.0)
    sheet.give_up(row)

    assert (sheet.row(), sheet.row()) == (row, row + 1)


def test_a_strand_is_read_like_an_array() -> None:
    sheet, row = filled(1.0, 2.0, 3.0)
    strand = sheet.last(row, 3)

    assert (strand[-1], strand[0], strand[-2:], len(strand)) == (3.0, 1.0, array("d", [2.0, 3.0]), 3)
    assert (list(strand[1:2]), list(strand[::-1]), list(strand[2:1])) == ([2.0], [3.0, 2.0, 1.0], [])
    assert strand == [1.0, 2.0, 3.0]

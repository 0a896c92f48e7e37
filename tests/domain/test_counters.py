"""Increases of counters."""

import math

from kmon_tui.domain.counters import increase

GONE = math.nan


def steps(*values: float, born_at: int | None = None) -> list[float | None]:
    return [None if math.isnan(v) else v for v in increase(values, born_at).steps]


def test_each_step_has_its_own_gain() -> None:
    assert steps(5, 7, 7, 10) == [2, 0, 3]


def test_a_counter_that_fell_began_again_at_zero() -> None:
    assert steps(50, 3, 4) == [3, 1]


def test_a_gap_is_not_zero() -> None:
    assert steps(5, GONE, 9, 10) == [None, 2, 1]


def test_the_gain_over_a_gap_is_in_the_total() -> None:
    assert increase((5, GONE, 9, 10)).total == 5


def test_a_counter_found_late_gives_nothing_for_its_first_value() -> None:
    assert steps(GONE, 1000, 1001) == [None, 1]


def test_the_first_value_of_a_counter_that_was_born_is_a_gain() -> None:
    assert steps(GONE, 7, 8, born_at=1) == [7, 1]


def test_what_came_before_the_window_is_not_in_it() -> None:
    assert increase((7, 8), born_at=0).total == 1


def test_a_counter_that_was_never_there_was_not_seen() -> None:
    assert not increase((GONE, GONE)).seen

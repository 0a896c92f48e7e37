"""Numbers and ages as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmon_tui.render.units import (
    age,
    bound,
    coarse_age,
    duration,
    long_duration,
    milliseconds,
    number,
    percent,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "?"), (math.nan, "?"), (math.inf, "?"), (0.0, "0"), (0.0004, "<.001"), (0.004, "0.004"), (0.05, "0.05"),
        (0.996, "1"), (3.2, "3.2"), (3.25, "3.25"), (9.996, "10"), (41.34, "41.3"), (99.96, "100"), (212.4, "212"),
        (999.6, "1k"), (1234.0, "1.2k"), (12_345.0, "12.3k"), (999_600.0, "1M"), (-3.2, "-3.2"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(min_value=0, max_value=1e14))
def test_numbers_fit_five_cells_and_say_about_what_they_are(value: float) -> None:
    text = number(value)

    assert len(text) <= 5
    if value >= 0.01:
        factor = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}.get(text[-1], 1.0)
        assert float(text.rstrip("kMGT")) * factor == pytest.approx(value, rel=0.06, abs=0.006)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "?"), (0.0, "0"), (0.00001, "<.01"), (0.0004, "0.04"), (0.031, "3.1"), (0.5, "50"), (1.0, "100")],
)
def test_percent(ratio: float | None, text: str) -> None:
    assert percent(ratio) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "?"), (0.3, "<1ms"), (38.2, "38ms"), (999.6, "1s"), (1234.0, "1.2s"), (99_960.0, "100s"), (3.6e6, "1h")],
)
def test_milliseconds(value: float | None, text: str) -> None:
    assert milliseconds(value) == text


def test_a_quantile_at_the_top_bound_is_more_than_it() -> None:
    assert milliseconds(10_000.0, 10_000.0) == ">10s"
    assert milliseconds(9_999.0, 10_000.0) == "10s"


@given(st.floats(min_value=0, max_value=1e12))
def test_latencies_fit_five_cells(value: float) -> None:
    assert len(milliseconds(value)) <= 6 if value > 1e10 else len(milliseconds(value)) <= 5


def test_bounds_differ_from_their_neighbours() -> None:
    assert [bound(le) for le in (2.5, 5, 250, 1000, 2500, 10_000, 60_000, math.inf)] == [
        "2.5ms", "5ms", "250ms", "1s", "2.5s", "10s", "1m", "+Inf",
    ]  # fmt: skip


def test_ages_step_by_ten_seconds_then_minutes_then_hours() -> None:
    assert [age(s) for s in (0, 9.9, 10, 19, 59, 60, 119, 3599, 3600, 86_400)] == [
        "<10s", "<10s", "10s", "10s", "50s", "1m", "1m", "59m", "1h", "1d",
    ]  # fmt: skip


def test_durations_show_one_or_two_units() -> None:
    assert duration(400 * 86_400) == "1y"
    assert long_duration(192) == "3m12s"
    assert long_duration(180) == "3m"
    assert long_duration(41 * 86_400 + 3 * 3600) == "41d3h"


def test_a_start_that_is_not_known_has_no_age() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert coarse_age(None, now) == "?"
    assert coarse_age(datetime(1, 1, 1, tzinfo=UTC), now) == "?"
    assert coarse_age(now - timedelta(seconds=50), now) == "<1m"
    assert coarse_age(now + timedelta(seconds=50), now) == "<1m"

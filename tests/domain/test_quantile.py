"""Quantiles from buckets."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmon_tui.domain.quantile import own_counts, parse_le, quantile

LE = (100.0, 200.0, 400.0, math.inf)


def test_a_quantile_is_interpolated_inside_its_bucket() -> None:
    assert quantile(0.5, LE, (0, 10, 0, 0)) == 150.0


def test_the_lowest_bucket_begins_at_zero() -> None:
    assert quantile(0.5, LE, (10, 0, 0, 0)) == 50.0


def test_the_infinite_bucket_gives_the_largest_finite_bound() -> None:
    assert quantile(0.99, LE, (1, 0, 0, 9)) == 400.0


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (math.nan, 0, 0, 0)])
def test_nothing_counted_has_no_quantile(counts: tuple[float, ...]) -> None:
    assert quantile(0.9, LE, counts) is None


def test_without_an_infinite_bucket_nothing_is_known() -> None:
    assert quantile(0.9, (100.0, 200.0), (1, 1)) is None


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(any), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_share_never_has_a_lower_latency(counts: list[int], one: float, other: float) -> None:
    low, high = sorted((one, other))

    at_low, at_high = quantile(low, LE, counts), quantile(high, LE, counts)

    assert at_low is not None and at_high is not None
    assert at_low <= at_high <= 400.0


def test_bounds_are_sorted_as_numbers_and_counts_become_their_own() -> None:
    bounds, counts = own_counts({math.inf: 10, 1000: 9, 5: 2})

    assert bounds == (5, 1000, math.inf)
    assert counts == (2, 7, 1)


def test_a_bound_that_fell_below_a_smaller_one_is_lifted() -> None:
    assert own_counts({5: 4, 10: 3, math.inf: 6})[1] == (4, 0, 2)


@pytest.mark.parametrize(
    ("text", "bound"), [("100", 100.0), ("100.0", 100.0), ("+Inf", math.inf), ("", None), ("NaN", None)]
)
def test_bounds_are_read_as_numbers(text: str, bound: float | None) -> None:
    assert parse_le(text) == bound

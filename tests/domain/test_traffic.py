"""Series and ages."""

import math
from array import array
from datetime import UTC, datetime, timedelta

import pytest

from kmon_tui.domain.traffic import Family, Prometheus, Series, Traffic

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_points_end_at_the_end_and_gaps_are_none() -> None:
    series = Series(100.0, 15.0, array("d", [1.0, math.nan, 3.0]))

    assert series.points() == [(70.0, 1.0), (85.0, None), (100.0, 3.0)]


def test_a_gap_at_the_end_is_not_known() -> None:
    assert Series(100.0, 15.0, array("d", [1.0, math.nan])).newest is None


@pytest.mark.parametrize(("age_s", "stale"), [(0, False), (30, False), (31, True)])
def test_samples_older_than_two_scrapes_are_stale(age_s: int, stale: bool) -> None:
    prometheus = Prometheus(now=NOW, scrape_interval_s=15)

    assert prometheus.is_stale(Traffic(Family.ALIAS, sampled_at=NOW - timedelta(seconds=age_s))) is stale


def test_without_a_sample_there_is_no_age() -> None:
    assert Prometheus(now=NOW).age_s(None) is None


def test_equal_is_only_what_is_the_same() -> None:
    one, other = Traffic(Family.ALIAS), Traffic(Family.ALIAS)

    assert one in [one] and one not in [other] and one != other
    assert len({one, other, Series(0.0, 1.0), Series(0.0, 1.0)}) == 4

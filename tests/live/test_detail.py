"""Tables of one service are made of raw counters, and a burst that only a failed scrape hid is counted whole."""

from __future__ import annotations

import math

import pytest

from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.traffic import ALL, Family
from kmon_tui.live.detail import Table, buckets_of, tabulate
from kmon_tui.live.looks import Fresh, missed, place_of
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.parts import SAMPLED

NAN = math.nan
DIALECT = DIALECTS[Family.KNATIVE_MS]
TARGET = {"job": "kserve-model-metrics", "instance": "10.0.0.7:9091", "pod": "iris-1"}
COUNTED = {**TARGET, "__name__": "revision_request_count", "response_code_class": "2xx"}
UP = {"job": TARGET["job"], "instance": TARGET["instance"]}


def table(counted: list[float], up: list[float]) -> Table:
    looks = [(COUNTED, counted), (UP, up)]
    return tabulate(looks, DIALECT, len(counted) - 1, {place_of(COUNTED, DIALECT)}, lambda _: False)


@pytest.mark.parametrize(
    ("up", "total"),
    [
        ([1, 1, 1, 1, 1], 9.0),
        ([1, 1, 0, 1, 1], 9.0),
        ([1, 0, 0, 1, 1], 9.0),
        ([0, 0, 0, 1, 1], 2.0),
        ([1, 1, NAN, 1, 1], 2.0),
        ([NAN, NAN, NAN, 1, 1], 2.0),
    ],
    ids=["answered", "failed once", "failed twice", "always failed", "not a target", "never a target"],
)
def test_a_first_value_is_a_gain_where_a_scrape_before_it_showed_no_series(up: list[float], total: float) -> None:
    found = table([NAN, NAN, NAN, 7.0, 9.0], up)

    assert found.requests.total == total


def test_what_was_there_before_the_window_is_no_gain() -> None:
    assert table([7.0, 7.0, 8.0], [1, 1, 1]).requests.total == 1.0


def test_requests_without_codes_have_one_curve_over_the_time_that_is_drawn() -> None:
    dialect = DIALECTS[Family.SDK]
    counted = {**TARGET, "__name__": "request_predict_seconds_count", "model_name": "iris"}
    place = place_of(counted, dialect)
    found = tabulate([(counted, [0.0, 60.0, 60.0]), (UP, [1, 1, 1])], dialect, 2, {place}, lambda _: False)

    buckets = buckets_of(Key(Kind.ISVC, "default", "iris"), dialect, found, 1000, 60, 60)

    assert {code: list(one.values) for code, one in buckets.by_code.items()} == {ALL: [1.0, 0.0]}


def missing(sampled: list[float], step_s: float = 60.0) -> list[int]:
    """Give the looks that a target missed, whose scrapes are 15 s apart."""
    told = {**TARGET, SAMPLED: DIALECT.family.value}
    found = missed([(told, sampled)], DIALECT, Fresh(0.0, step_s, 31.0))
    return sorted(found[place_of(TARGET, DIALECT)])


def test_a_target_is_missed_from_the_first_look_on_that_had_nothing_new() -> None:
    assert missing([0, 55, 55, 55, 55, 290]) == [2, 3, 4]
    assert missing([0, 15, 25, 25, 25, 25, 80], step_s=15) == [3, 4, 5]


def test_what_was_scraped_less_often_in_the_past_is_not_missed() -> None:
    assert missing([-50, 5, 65, 125, 185]) == []


def test_a_target_that_is_forgotten_was_missed_while_it_was_remembered() -> None:
    assert missing([0, 55, 55, 55, NAN, NAN]) == [2, 3]

"""Sparklines, line charts and heat maps."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.traffic import Buckets, Family, Series
from kmon_tui.render.charts import Curve, line_chart, nice_top
from kmon_tui.render.glyphs import ASCII, UNICODE
from kmon_tui.render.heatmap import grid_of, heat_map, level
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.metrics import Cursor, moment_words
from kmon_tui.render.sparkline import condensed, sparkline
from kmon_tui.render.timeaxis import clock, time_axis
from kmon_tui.render.units import number

NAN = math.nan
END_S = 1_763_812_800.0


def series(*values: float, step_s: float = 15.0) -> Series:
    return Series(end_s=END_S, step_s=step_s, values=array("d", values))


def test_a_sparkline_runs_from_zero_to_its_peak() -> None:
    drawn = sparkline(series(0, 5, 10), None, 3, UNICODE)

    assert text_of(drawn.line) == "▁▅█"
    assert drawn.peak == 10


def test_a_gap_is_blank_and_zero_is_not() -> None:
    assert text_of(sparkline(series(1, NAN, 0), None, 3, UNICODE).line) == "█ ▁"


def test_pieces_with_errors_have_their_colour() -> None:
    drawn = sparkline(series(1, 1, 1), series(0, 0.02, 0.2), 3, UNICODE)

    assert [look for _, look in drawn.line] == ["trend", "warn", "bad"]


def test_nothing_known_is_no_line_and_no_scale() -> None:
    drawn = sparkline(series(NAN, NAN), None, 4, UNICODE)

    assert (text_of(drawn.line), drawn.peak) == ("    ", None)


def test_ascii_sparklines_are_ascii() -> None:
    assert text_of(sparkline(series(*range(20)), None, 8, ASCII).line).isascii()


@given(st.lists(st.floats(0, 1e9) | st.just(NAN), max_size=300), st.integers(1, 60))
def test_a_sparkline_has_exactly_its_width(values: list[float], width: int) -> None:
    assert width_of(sparkline(series(*values), None, width, UNICODE).line) == width


def test_columns_stand_still_until_a_share_is_full() -> None:
    first = Series(end_s=15.0 * 103, step_s=15.0, values=array("d", range(60)))
    later = Series(end_s=15.0 * 104, step_s=15.0, values=array("d", range(1, 61)))

    moved = sum(a != b for a, b in zip(condensed(first, 10), condensed(later, 10), strict=True))

    assert moved <= 2


def test_a_chart_has_its_size_and_its_labels() -> None:
    lines = line_chart([Curve("all", series(*range(1, 61)), "trend")], 60, 12, UNICODE, UTC, number)

    assert len(lines) == 12
    assert {width_of(line) for line in lines} == {60}
    assert text_of(lines[0]).startswith("    60│")
    assert text_of(lines[9]).startswith("     0│")
    assert text_of(lines[-1]).rstrip().endswith("12:00")


def test_a_gap_stays_open_in_a_chart() -> None:
    values = [5.0] * 20 + [NAN] * 20 + [5.0] * 20
    lines = line_chart([Curve("all", series(*values), "trend")], 67, 12, UNICODE, UTC, number)
    drawn = [column for line in lines[:10] for column, char in enumerate(text_of(line)[7:]) if char != " "]

    assert not [column for column in drawn if 22 < column < 38]
    assert [column for column in drawn if column <= 20] and [column for column in drawn if column >= 40]


def test_an_ascii_chart_is_ascii() -> None:
    lines = line_chart([Curve("all", series(1, 2, 3), "trend")], 40, 8, ASCII, UTC, number)

    assert lines and all(text_of(line).isascii() for line in lines)


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_nothing_known_is_no_chart(values: list[float]) -> None:
    assert line_chart([Curve("all", series(*values), "trend")], 60, 12, UNICODE, UTC, number) == []


def test_no_room_is_no_chart() -> None:
    assert line_chart([Curve("all", series(1, 2), "trend")], 10, 3, UNICODE, UTC, number) == []


def test_one_point_is_a_chart() -> None:
    assert line_chart([Curve("all", series(3.0), "trend")], 60, 12, UNICODE, UTC, number)


@given(st.floats(1e-6, 1e12))
def test_the_top_is_round_and_not_below_the_highest(highest: float) -> None:
    assert highest <= nice_top(highest) <= highest * 2.0001


def buckets(*rows: list[float]) -> Buckets:
    bounds = (*(10.0, 100.0, 1000.0)[: len(rows) - 1], math.inf)
    return Buckets(
        key=Key(Kind.ISVC, "ns", "a"),
        family=Family.KNATIVE_MS,
        end_s=END_S,
        step_s=60.0,
        le_ms=bounds,
        counts=tuple(array("d", row) for row in rows),
    )


def test_a_heat_map_has_buckets_upwards_and_time_to_the_right() -> None:
    lines = heat_map(buckets([9, 9, 9, 9], [0, 0, 0, 5]), 28, 4, UNICODE, UTC, shaded=True)

    assert [text_of(line) for line in lines] == [
        "   +Inf│···············▓▓▓▓▓",
        "   10ms│████████████████████",
        "       └───────────────▲▲▲▲▲",
        "            11:57      12:00",
    ]


def test_what_is_pointed_at_says_more_than_where_the_histogram_ends() -> None:
    shown = replace(
        buckets([0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 9]),
        quantiles={"p50": series(1, 1, 1, 42, step_s=60.0), "p99": series(1, 1, 1, 100, step_s=60.0)},
    )
    grid = grid_of(shown, 28, 5)
    assert grid is not None

    assert text_of(moment_words(grid, shown, Cursor(100.0))) == "there: p50 42ms  p99 >100ms "


def test_a_gap_in_a_heat_map_is_blank_and_zero_is_not() -> None:
    lines = heat_map(buckets([1, NAN, 0, 1], [0, NAN, 0, 0]), 12, 4, UNICODE, UTC, shaded=True)

    assert text_of(lines[1]) == "   10ms│█ ·█"


def test_more_buckets_than_lines_are_added_together() -> None:
    lines = heat_map(buckets([1, 1], [2, 2], [3, 3], [4, 4]), 12, 4, UNICODE, UTC, shaded=True)

    assert [text_of(line)[:7].strip() for line in lines[:2]] == ["+Inf", "100ms"]


def test_coloured_levels_are_runs() -> None:
    lines = heat_map(buckets([9] * 20, [0] * 20), 28, 4, UNICODE, UTC, shaded=False)

    assert [look for _, look in lines[1]] == ["dim", "heat-7"]


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_levels_grow_with_counts(one: float, two: float) -> None:
    most = max(one, two)
    low, high = sorted((one, two))

    assert 0 <= level(low, most) <= level(high, most) <= 7


def test_the_newest_label_stands_at_the_right_end() -> None:
    assert time_axis(END_S, 60.0, 30, UTC).endswith("12:00")
    assert len(time_axis(END_S, 60.0, 3, UTC)) == 3


@pytest.mark.parametrize(
    ("zone", "end", "axis"),
    [
        ("Europe/Berlin", "2026-10-25T01:20", "02:42 CEST      02:01 CET      02:20 CET"),
        ("Europe/Berlin", "2026-03-29T01:20", "01:35       01:50       03:05       03:20"),
        ("America/New_York", "2026-11-01T06:20", "01:42 EDT      01:01 EST      01:20 EST"),
        ("America/New_York", "2026-03-08T07:20", "01:35       01:50       03:05       03:20"),
        ("Asia/Kolkata", "2026-03-08T07:20", "12:05       12:20       12:35       12:50"),
        ("Asia/Kathmandu", "2026-03-08T07:20", "12:20       12:35       12:50       13:05"),
        ("Pacific/Chatham", "2026-04-04T14:20", "03:22 +1345      03:43 +1345      03:05 +1245"),
    ],
)
def test_an_hour_that_the_clock_shows_twice_says_which_one_it_is(zone: str, end: str, axis: str) -> None:
    end_s = datetime.fromisoformat(f"{end}+00:00").timestamp()

    assert time_axis(end_s, 75.0, 48, ZoneInfo(zone)).strip() == axis


def test_half_an_hour_before_and_after_summer_time_ends_are_told_apart() -> None:
    before_s = datetime.fromisoformat("2026-10-25T00:30+00:00").timestamp()

    told = [clock(at_s, ZoneInfo("Europe/Berlin")) for at_s in (before_s, before_s + 3600)]

    assert told == ["02:30 CEST", "02:30 CET"]

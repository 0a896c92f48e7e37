"""How often Prometheus is asked."""

from __future__ import annotations

import pytest

from kmon_tui.live.pace import CALM_TICKS, Pace, wait_s


@pytest.mark.parametrize(("scrape_s", "tick_s", "window_s"), [(1, 5, 60), (15, 15, 60), (30, 30, 120), (60, 60, 240)])
def test_a_tick_is_a_scrape_and_the_window_four_of_them(scrape_s: float, tick_s: int, window_s: int) -> None:
    assert (Pace(scrape_s).tick_s, Pace(scrape_s).window_s) == (tick_s, window_s)


def test_queries_that_take_a_twentieth_of_the_interval_double_it() -> None:
    assert Pace(15).after(0.8).tick_s == 30


def test_quick_queries_change_nothing() -> None:
    assert Pace(15).after(0.7) == Pace(15)


def test_it_is_never_slower_than_five_minutes() -> None:
    pace = Pace(15)
    for _ in range(20):
        pace = pace.after(60)

    assert pace.tick_s == 300


def test_long_calm_brings_the_old_pace_back() -> None:
    pace = Pace(15, doublings=1)
    for _ in range(CALM_TICKS):
        pace = pace.after(0.1)

    assert (pace.tick_s, pace.note) == (15, "")


def test_long_ticks_need_fewer_of_them_for_that() -> None:
    pace = Pace(15, doublings=3)
    for _ in range(3 + 5 + 10):
        pace = pace.after(0.1)

    assert pace.tick_s == 15


def test_while_nobody_looks_it_is_asked_once_a_minute() -> None:
    assert wait_s(14.0, idle=False, jitter_s=0.25) == 14.25
    assert wait_s(14.0, idle=True, jitter_s=0.25) == 60.25
    assert wait_s(120.0, idle=True, jitter_s=0.25) == 120.25

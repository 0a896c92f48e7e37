"""Traffic that is a function of time: what was counted in the past joins what is counted now."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmon_tui.sandbox.models_load import Flow, Latency, Load, Plan
from kmon_tui.sandbox.models_meter import Meter

START_S = 1_800_000_000.0
BUSY = Plan(requests_per_s=20, wave=0.6, burst_every_s=400, burst_s=50, burst_requests_per_s=30, latency_ms=40)


def meter(flow: Flow) -> Meter:
    """Give a meter that counts everything."""
    return Meter(flow, [0.01, 0.05, 0.1, 1.0], lambda slot: (1.0, Latency(0.04 * flow.load.mood(slot)[0], 0.5)))


@given(st.floats(0, 5000), st.floats(0.1, 900))
def test_the_rate_is_what_the_requests_grow_by(at_s: float, length_s: float) -> None:
    load = Load(BUSY, "seed")
    steps = 2000

    summed = sum(load.rate(START_S + at_s + (i + 0.5) * length_s / steps) for i in range(steps)) * length_s / steps

    assert load.requests(START_S + at_s, START_S + at_s + length_s) == pytest.approx(summed, rel=0.02, abs=2)


def test_the_past_ends_where_the_present_begins() -> None:
    flow = Flow(Load(BUSY, "seed"), START_S, [(START_S, 1.0), (START_S + 700, 0.5)])
    times = [START_S + 15 * i for i in range(1, 100)]

    past = meter(flow).past(times)

    live = meter(flow).read(times[-1])
    assert past[-1] is not None
    assert live == pytest.approx(past[-1])


def test_counters_never_fall_and_buckets_hold_each_other() -> None:
    rows = meter(Flow(Load(BUSY, "seed"), START_S, [(START_S, 1.0)])).past([START_S + 15 * i for i in range(1, 200)])

    known = [row for row in rows if row is not None]
    assert all(list(row[:5]) == sorted(row[:5]) for row in known)
    assert all(a <= b for one, other in pairwise(known) for a, b in zip(one, other, strict=True))


def test_a_step_counts_no_request_at_one_bound_that_it_misses_at_the_next() -> None:
    slow = Flow(Load(Plan(requests_per_s=0.4, latency_ms=40), "seed"), START_S, [(START_S, 1.0)])

    pages = meter(slow).past([START_S + 15 * i for i in range(1, 200)])

    for before, now in pairwise(page for page in pages if page):
        gained = [b - a for a, b in zip(before[:-1], now[:-1], strict=True)]  # the last is the sum of seconds
        assert gained == sorted(gained)


def test_a_trickle_is_counted_as_it_comes() -> None:
    slow = Flow(Load(Plan(requests_per_s=0.1, latency_ms=40), "seed"), START_S, [(START_S, 1.0)])

    page = meter(slow).read(START_S + 1000)

    assert page is not None and page[-2] == pytest.approx(slow.load.requests(START_S, START_S + 1000), abs=3)


def test_a_restart_of_the_container_begins_at_zero() -> None:
    flow = Flow(Load(BUSY, "seed"), START_S, [(START_S, 1.0)], restarts_s=[START_S + 300])

    before, after = meter(flow).past([START_S + 299, START_S + 301])

    assert before is not None
    assert after is not None
    assert before[-2] > 1000 > after[-2]


def test_a_pod_that_ended_counts_no_more() -> None:
    flow = Flow(Load(BUSY, "seed"), START_S, [(START_S, 1.0)], ended_s=START_S + 100)

    at_the_end, later = meter(flow).past([START_S + 100, START_S + 4000])

    assert at_the_end == later


def test_shares_of_two_pods_add_up_to_the_whole() -> None:
    load = Load(BUSY, "seed")
    whole = Flow(load, START_S, [(START_S, 1.0)])
    parts = [Flow(load, START_S, [(START_S, 0.3)]), Flow(load, START_S, [(START_S, 0.7)])]

    totals = [sum(count for _, count in flow.pieces(START_S, START_S + 1000)) for flow in [whole, *parts]]

    assert totals[1] + totals[2] == pytest.approx(totals[0])


def test_real_requests_are_added_to_the_simulated_ones() -> None:
    now_s = time.time()
    counted = meter(Flow(Load(Plan(), "quiet"), now_s, [(now_s, 1.0)]))
    assert counted.read(now_s + 1) is None

    counted.observe(0.07)

    assert counted.read(now_s + 2) == [0, 0, 1, 1, 1, 1, 0.07]

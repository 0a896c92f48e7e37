"""Which curves a panel shows."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace

from kmon_tui.domain.service import Key, Kind
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import UNICODE
from kmon_tui.render.lines import text_of
from kmon_tui.render.panels import latency, legend, request_curves, requests, waiting
from tests.ui.samples import POINTS, buckets_of, series, traffic_of

BUCKETS = buckets_of(Key(Kind.ISVC, "demo", "sklearn-iris"))


def test_each_class_of_codes_is_a_curve() -> None:
    assert [curve.name for curve in request_curves(traffic_of(1.0), BUCKETS)] == ["2xx", "5xx"]


def test_what_a_gateway_refused_is_a_curve_beside_them() -> None:
    seen = {"2xx": series([30.0] * POINTS), "5xx": series([0.0] * 50 + [2.0] * 10)}
    curves = request_curves(traffic_of(1.0), replace(BUCKETS, users_by_code=seen))

    assert text_of(legend(curves, UNICODE)).split("  ")[:3] == ["\u25002xx", "\u25005xx", "\u25005xx users"]


def test_without_refusals_there_is_no_such_curve() -> None:
    quiet = replace(BUCKETS, users_by_code={"2xx": series([30.0] * POINTS), "5xx": series([0.0] * POINTS)})

    assert [curve.name for curve in request_curves(traffic_of(1.0), quiet)] == ["2xx", "5xx"]


def test_where_nobody_tells_codes_all_requests_are_one_curve() -> None:
    assert [curve.name for curve in request_curves(traffic_of(1.0), replace(BUCKETS, by_code={}))] == ["all"]


def test_buckets_without_their_last_one_are_named_as_the_reason_for_no_quantiles() -> None:
    cut = replace(BUCKETS, le_ms=BUCKETS.le_ms[:-1], counts=BUCKETS.counts[:-1])

    assert waiting(traffic_of(1.0), cut, "why") == "its buckets have no +Inf, so quantiles are not known"


def test_buckets_that_were_seen_once_and_those_without_a_request_are_told_apart_from_none() -> None:
    once = replace(BUCKETS, counts=tuple(array("d", [math.nan] * POINTS) for _ in BUCKETS.le_ms))
    idle = replace(BUCKETS, counts=tuple(array("d", [0.0] * POINTS) for _ in BUCKETS.le_ms))
    told = [waiting(traffic_of(1.0), one, "why") for one in (once, idle, replace(BUCKETS, le_ms=(), counts=()))]

    assert told == [
        "seen once: how many requests come takes a second sample",
        "no request in this time, so there are no quantiles",
        "this Prometheus has no latency buckets of this service",
    ]


def test_a_counter_that_was_seen_once_is_no_failure_of_prometheus() -> None:
    once = traffic_of(1.0)._replace(requests=series([math.nan] * POINTS), counter_sum=3.0)
    lines = requests(once, None, Drawing(), "no Prometheus answers")(60, 8)

    assert text_of(lines[0]).strip() == "seen once: how many requests come takes a second sample"


def test_half_of_five_milliseconds_is_not_called_two() -> None:
    few = replace(BUCKETS, quantiles={"p50": series([4.8] * POINTS)})
    labels = [text_of(line)[:7].strip("│ ") for line in latency(traffic_of(1.0), few, Drawing(), "why")(60, 9)]

    assert labels[:4] == ["5ms", "", "", "2.5ms"]

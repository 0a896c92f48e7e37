"""Which curves a panel shows."""

from __future__ import annotations

from dataclasses import replace

from kmon_tui.domain.service import Key, Kind
from kmon_tui.render.glyphs import UNICODE
from kmon_tui.render.lines import text_of
from kmon_tui.render.panels import legend, request_curves, waiting
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

"""The heading of a panel: the answer now, its unit, its source and its age, in one line or two."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from datetime import timedelta

import pytest

from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import ASCII, UNICODE
from kmon_tui.render.heading import NAMES, Heading, heat_heading, latency_heading, requests_heading
from kmon_tui.render.lines import text_of, width_of
from tests.ui.samples import NOW, buckets_of, ready_state, traffic_of

REPORT = ready_state().traffic
DRAWING = Drawing(now=NOW, report=REPORT)
KEY = Key(Kind.ISVC, "demo", "sklearn-iris")


def headings(drawing: Drawing = DRAWING) -> list[Heading]:
    traffic = traffic_of(41.0, 0.031)
    return [
        requests_heading(traffic, drawing),
        latency_heading(traffic, drawing),
        heat_heading(traffic, buckets_of(KEY), drawing),
    ]


@pytest.mark.parametrize("width", [38, 39, 47, 60, 80, 120])
def test_it_always_holds_answer_unit_source_and_age(width: int) -> None:
    for heading, answer in zip(headings(), ("41", "p90 38ms", "251 requests"), strict=True):
        lines = heading.lines(width, UNICODE, (("─2xx  ─5xx  ", ""),))
        told = " ".join(text_of(line) for line in lines)

        assert all(width_of(line) <= width for line in lines)
        assert answer in told
        assert "knative-ms" in told or "revision_request_" in told
        assert "<30s" in told


def test_with_room_it_is_one_line() -> None:
    assert [len(heading.lines(80, UNICODE)) for heading in headings()] == [1, 1, 1]
    assert "requests/s 41  err 3.1% (pods)" in text_of(headings()[0].lines(80, UNICODE)[0])
    assert "revision_request_* over 1m, <30s old" in text_of(headings()[0].lines(80, UNICODE)[0])


def test_old_numbers_say_their_age_there() -> None:
    assert REPORT is not None
    later = replace(REPORT, prometheus=replace(REPORT.prometheus, now=NOW + timedelta(minutes=4)))

    assert "4m old" in headings(Drawing(now=NOW, report=later))[0].words


def test_a_newest_column_that_is_a_gap_has_no_known_number_of_requests() -> None:
    known = buckets_of(KEY)
    gap = replace(known, counts=tuple(array("d", [*row[:-1], math.nan]) for row in known.counts))

    assert "? requests in the last" in heat_heading(traffic_of(41.0, 0.031), gap, DRAWING).words


def test_what_callers_saw_stands_beside_what_the_pods_saw() -> None:
    traffic = traffic_of(41.0, 0.05, scope=Scope.USERS)._replace(pods_error_ratio=0.0)

    assert "err 5% (users), 0% (pods)" in requests_heading(traffic, DRAWING).words


def test_a_quantile_at_the_top_bound_is_more_than_it() -> None:
    traffic = traffic_of(1.0)._replace(p99_ms=10_000.0)

    assert "p99 >10s" in latency_heading(traffic, DRAWING).words


def test_without_a_histogram_the_mean_is_the_answer() -> None:
    traffic = traffic_of(1.0)._replace(family=Family.TRITON, p50_ms=None, p90_ms=None, p99_ms=None, mean_ms=12.0)

    assert latency_heading(traffic, DRAWING).words.startswith("latency mean 12ms  nv_inference_request_*")


def test_what_is_not_known_has_no_source() -> None:
    assert text_of(requests_heading(None, DRAWING).lines(30, UNICODE)[0]).startswith("─ requests/s ? ─")


def test_every_family_is_named_by_its_metrics() -> None:
    assert set(NAMES) == set(Family)


def test_in_ascii_it_is_ascii() -> None:
    assert all(text_of(line).isascii() for heading in headings() for line in heading.lines(60, ASCII))

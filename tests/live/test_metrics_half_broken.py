"""A Prometheus that refuses some questions: what it does tell stands, and what it does not is said."""

from __future__ import annotations

import math

import pytest

from tests.live.stories import BUCKET, IRIS, OK, POD, SCRAPE_S, share_of
from tests.live.test_metrics_poll import busy, watched


async def test_where_ranges_are_refused_the_numbers_of_now_are_there_without_a_past() -> None:
    story, line = busy()
    async with watched(story) as seen:
        seen.lacks = "/query_range"
        await seen.poll()
        for _ in range(5):
            seen.pass_time(line)
            report = await seen.poll()

    traffic = report.traffic[IRIS.key]
    assert traffic.requests_per_s == pytest.approx(2)
    assert list(traffic.requests.values[-5:]) == [2.0] * 5
    assert any(note.startswith("the past is not known: ") for note in report.prometheus.notes)
    assert "no Prometheus API" in report.buckets[IRIS.key].problem


async def test_where_buckets_are_refused_requests_and_errors_stay() -> None:
    story, line = busy()
    bucket = (BUCKET, {**POD, **OK, "le": "+Inf"}, share_of(1.0))
    story.tell(*bucket)
    story.tell(BUCKET, {**POD, **OK, "le": "100"}, share_of(0.5))
    async with watched(story) as seen:
        before = (await seen.poll()).traffic[IRIS.key].p90_ms
        seen.lacks = "increase"
        seen.pass_time(line, bucket)
        report = await seen.poll()

    traffic = report.traffic[IRIS.key]
    assert before == 100
    assert (traffic.requests_per_s, traffic.error_ratio, traffic.p90_ms) == (2, 0, None)
    assert any(note.startswith("latency is not known: ") for note in report.prometheus.notes)


async def test_what_was_refused_once_is_not_spoken_of_for_ever() -> None:
    story, line = busy()
    async with watched(story) as seen:
        seen.lacks = "/query_range"
        await seen.poll()
        seen.lacks = "/of no path"
        seen.pass_time(line, scrapes=70)
        report = await seen.poll()

    assert report.prometheus.notes == ()
    assert not any(map(math.isnan, report.traffic[IRIS.key].requests.values[-20:]))
    assert report.traffic[IRIS.key].requests.step_s == SCRAPE_S


async def test_a_server_that_takes_long_for_a_step_is_asked_for_a_shorter_past_a_few_steps_at_a_time() -> None:
    """All of a quarter of an hour would keep it at work for half a minute, or be given up by its own limit."""
    story, _ = busy()
    async with watched(story) as seen:
        seen.server.faults.delay_s = 0.25
        traffic = (await seen.poll()).traffic[IRIS.key]
        ranges = sum("/query_range" in path for path in seen.requests)

    known = sum(1 for value in traffic.requests.values if not math.isnan(value))
    assert traffic.requests_per_s == 2
    assert 4 <= known <= 20
    assert ranges >= 4

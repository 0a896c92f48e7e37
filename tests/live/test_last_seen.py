"""A service whose pods were sampled last long before the window: how old that is, or why nobody can say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kmon_tui.domain.command import Span
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.oneshot.metrics import document
from tests.live.served import Serve
from tests.live.stories import COUNT, IRIS, OK, POD, SCRAPE_S, Story
from tests.live.test_metrics_numbers import asked
from tests.live.test_metrics_poll import ROSE, watched

HOURS = 3
SCRAPES = HOURS * 3600 // SCRAPE_S
DEAD_S = 2 * 3600
KNATIVE = "http_server_request_duration_seconds_count"


def long_dead(*lines: tuple[str, dict[str, str]], dead_s: int = DEAD_S) -> Story:
    """Series that ended some time ago, beside another service that goes on."""
    story = Story()
    story.times = [story.now - SCRAPE_S * back for back in reversed(range(SCRAPES))]
    last = SCRAPES - 1 - dead_s // SCRAPE_S
    for name, labels in lines or ((COUNT, {**POD, **OK}),):
        story.tell(name, labels, lambda n: 100 + n if n <= last else None)
    rose = {**POD, **OK, "service_name": "rose", "pod": "rose-predictor-1", "instance": "10.0.0.7:9091"}
    story.tell(COUNT, rose, lambda n: 30 * n)
    return story


async def test_the_age_of_a_target_that_died_hours_ago_is_known(serve: Serve) -> None:
    async with asked(long_dead(), serve) as metrics:
        told = document(await metrics.measure((IRIS, ROSE), IRIS.key, 900))

    assert told["age_s"] == pytest.approx(DEAD_S, abs=SCRAPE_S + 2)
    assert told["family"] == "kserve-alias"
    assert (told["requests_per_s"]["now"], told["requests_in_window"], told["error_ratio"]) == (None, None, None)
    assert "none of its pods is scraped any more" in told["problem"]


async def test_so_it_is_where_a_revision_is_told_by_target_info_alone(serve: Serve) -> None:
    process = {"job": "k", "instance": "10.0.0.1:9091"}
    who = {"k8s_namespace_name": "default", "kn_revision_name": "iris-predictor-00001"}
    story = long_dead(
        (KNATIVE, {**process, "kn_route_tag": "DEFAULT", "http_response_status_code": "200"}),
        ("target_info", {**process, **who, "kn_configuration_name": "iris-predictor"}),
    )
    async with asked(story, serve) as metrics:
        told = document(await metrics.measure((IRIS, ROSE), IRIS.key, 900))

    assert told["age_s"] == pytest.approx(DEAD_S, abs=SCRAPE_S + 2)
    assert told["family"] == "knative-s"


async def test_an_age_is_exact_where_a_long_window_is_looked_at_rarely(serve: Serve) -> None:
    async with asked(long_dead(dead_s=600), serve) as metrics:
        told = document(await metrics.measure((IRIS, ROSE), IRIS.key, 7 * 86_400))

    assert told["requests_per_s"]["now"] is None
    assert told["age_s"] == pytest.approx(600, abs=SCRAPE_S + 2)


async def test_what_nobody_sampled_for_a_day_is_said_to_be_that(serve: Serve) -> None:
    other = InferenceService(Key(Kind.ISVC, "default", "iris-predictor"))
    async with asked(long_dead(), serve) as metrics:
        told = document(await metrics.measure((IRIS, ROSE, other), other.key, 900))

    assert told["age_s"] is None
    assert "not for a day" in told["problem"]


async def test_a_server_that_refuses_the_question_is_why_it_is_not_known() -> None:
    async with watched(long_dead(), IRIS, ROSE) as seen:
        seen.lacks = "max_over_time"
        report = await seen.poll(IRIS.key)

    assert IRIS.key not in report.traffic


async def test_on_the_screen_the_service_that_is_looked_at_has_an_age_too() -> None:
    async with watched(long_dead(), IRIS, ROSE) as seen:
        await seen.poll(ROSE.key)
        seen.pass_time()
        report = await seen.poll(IRIS.key)
        questions = [path for path in seen.requests if "max_over_time" in path]
        seen.pass_time()
        again = await seen.poll(IRIS.key)

    traffic = report.traffic[IRIS.key]
    assert traffic.sampled_at is not None
    assert (datetime.now(UTC) - traffic.sampled_at).total_seconds() == pytest.approx(DEAD_S, abs=SCRAPE_S + 5)
    assert traffic.requests_per_s is None
    assert report.prometheus.is_stale(traffic)
    assert len(questions) == 1
    assert again.traffic[IRIS.key] is traffic
    assert not [path for path in seen.requests if "max_over_time" in path], "it is asked once in a while"


async def test_a_range_that_reaches_back_to_when_it_counted_is_drawn() -> None:
    async with watched(long_dead(dead_s=3600), IRIS, ROSE) as seen:
        await seen.poll(ROSE.key)
        seen.pass_time()
        await seen.poll(IRIS.key)
        seen.pass_time()
        buckets = (await seen.poll(IRIS.key, Span(2 * 3600, 60))).buckets[IRIS.key]

    rates = [rate for _, rate in buckets.by_code["2xx"].points()]
    assert any(rate is not None for rate in rates[:20])
    assert set(rates[-20:]) == {None}
    assert buckets.sampled_at is not None


async def test_a_service_that_ended_while_somebody_watched_keeps_its_age() -> None:
    async with watched(long_dead(), IRIS, ROSE) as seen:
        rose = {**POD, **OK, "service_name": "rose", "pod": "rose-predictor-1", "instance": "10.0.0.7:9091"}
        first = (await seen.poll(None)).traffic[ROSE.key].sampled_at
        seen.pass_time(scrapes=120)
        await seen.poll(None)
        seen.pass_time()
        ended = (await seen.poll(None)).traffic[ROSE.key]
        seen.pass_time((COUNT, rose, lambda n: 30 * n), scrapes=2)
        back = (await seen.poll(None)).traffic[ROSE.key]

    assert (ended.sampled_at, ended.requests_per_s, ended.lost) == (first, None, True)
    assert back.counter_sum is not None and not back.lost

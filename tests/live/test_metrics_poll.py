"""Polling over time: ticks, gaps, failures and selections, on the sandbox with a clock that a test moves."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from kmon_tui.domain.command import Span
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.service import InferenceService, Key, Kind, Pod
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import PrometheusClient
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.promql.values import NAME
from kmon_tui.settings import PrometheusSettings
from tests.live.interests import Interested
from tests.live.served import sandboxed
from tests.live.stories import BAD, COUNT, IRIS, OK, OTHER_POD, POD, SCRAPE_S, Shape, Story, rising, steady

ROSE = InferenceService(Key(Kind.ISVC, "default", "rose"))


class Watched:
    """A poller, the Prometheus it asks, and the time, which stands still until it is moved."""

    def __init__(self, server: Prometheus, story: Story, services: tuple[InferenceService, ...]) -> None:
        self.server = server
        self.services = services
        self.requests: list[str] = []
        self.lacks = "/of no path"
        """What this server answers with 404, as those do that are only compatible."""
        self._story = story
        self._client = PrometheusClient(PrometheusSettings(url=server.url), adapter=self._adapter)
        self._poller = Poller(Matchers(), server.url, "", now=lambda: self._clock() + self._shift_s + self._ahead_s)
        self._clock: Callable[[], float] = time.time
        self._shift_s = self._ahead_s = 0.0
        server.clock = lambda: self._clock() + self._shift_s
        self._scrapes = len(story.times)

    async def poll(self, selected: Key | None = IRIS.key, span: Span | None = None) -> TrafficReport:
        look = Look(self.services, selected, tuple(isvc.key for isvc in self.services), span=span)
        self.requests.clear()
        return await self._client.run(partial(self._poller.poll, look=look))

    def stop_clock(self) -> None:
        """Let no time pass but what is told: on a busy machine a tick may end in the middle of a test."""
        now_s = time.time()
        self._clock = lambda: now_s

    def set_clock(self, ahead_s: float) -> None:
        """Let our clock be so far ahead of the server's."""
        self._ahead_s = ahead_s

    async def look_closer(self, selected: Key, visible: tuple[Key, ...] = ()) -> TrafficReport:
        look = Look(self.services, selected, visible)
        return await self._client.run(partial(self._poller.look_closer, look=look))

    def pass_time(self, *shapes: tuple[str, dict[str, str], Shape], scrapes: int = 1, scraped: bool = True) -> None:
        """Let time pass, with or without scrapes in it."""
        for _ in range(scrapes):
            at_s = self._story.times[-1] + SCRAPE_S
            self._story.times.append(at_s)
            for name, labels, shape in shapes if scraped else ():
                value = shape(len(self._story.times) - 1)
                if value is not None:
                    self.server.samples.series({NAME: name, **labels}).append(at_s * 1000, value)
        self._shift_s += SCRAPE_S * scrapes

    async def aclose(self) -> None:
        await self._client.aclose()

    def _adapter(self) -> Any:
        from requests.adapters import HTTPAdapter

        seen = self

        class Counting(HTTPAdapter):  # type: ignore[misc]  # requests has no types here
            def send(self, request: Any, **options: Any) -> Any:
                seen.requests.append(request.path_url)
                if seen.lacks in request.path_url:
                    request.prepare_url(request.url.partition("/api/v1/")[0] + "/not/there", None)
                return super().send(request, **options)

        return Counting()


@asynccontextmanager
async def watched(story: Story, *services: InferenceService) -> AsyncIterator[Watched]:
    async with sandboxed(story) as server:
        found = Watched(server, story, services or (IRIS,))
        try:
            yield found
        finally:
            await found.aclose()


def busy() -> tuple[Story, tuple[str, dict[str, str], Shape]]:
    """A service with two requests a second, and how it goes on."""
    story = Story()
    line = (COUNT, {**POD, **OK}, rising(30))
    story.tell(*line)
    return story, line


async def test_a_tick_adds_one_step() -> None:
    story, line = busy()
    async with watched(story) as seen:
        before = (await seen.poll()).traffic[IRIS.key]
        seen.pass_time(line)
        after = (await seen.poll()).traffic[IRIS.key]

    assert after.requests.end_s - before.requests.end_s == SCRAPE_S
    assert after.requests.newest == 2


async def test_a_tick_asks_at_most_four_questions_whatever_the_number_of_services() -> None:
    story, line = busy()
    roses = tuple(InferenceService(Key(Kind.ISVC, "default", f"rose-{n}")) for n in range(50))
    for rose in roses:
        pod = {**POD, "service_name": rose.key.name, "pod": rose.key.name, "instance": f"{rose.key.name}:1"}
        story.tell(COUNT, {**pod, **OK}, rising(15))
    async with watched(story, IRIS, *roses) as seen:
        await seen.poll()
        seen.pass_time(line)
        report = await seen.poll()
        asked = len(seen.requests)

    assert len(report.traffic) == 51
    assert asked <= 4


async def test_an_outage_is_filled_up_by_range() -> None:
    story, line = busy()
    async with watched(story) as seen:
        await seen.poll()
        seen.server.faults.status = 503
        seen.pass_time(line, scrapes=4)
        with pytest.raises(BackendError):
            await seen.poll()
        seen.server.faults.status = 0
        seen.pass_time(line)
        traffic = (await seen.poll()).traffic[IRIS.key]

    assert list(traffic.requests.values[-6:]) == [2.0] * 6


async def test_scrapes_that_are_missing_stay_a_gap() -> None:
    story, line = busy()
    async with watched(story) as seen:
        await seen.poll()
        seen.pass_time(line, scrapes=6, scraped=False)
        seen.pass_time(line)
        traffic = (await seen.poll()).traffic[IRIS.key]

    assert [math.isnan(value) for value in traffic.requests.values[-7:-1]].count(True) in (4, 5)
    assert traffic.requests_per_s == pytest.approx(2)


async def test_while_one_of_two_pods_is_not_scraped_it_is_said_that_its_requests_are_missing() -> None:
    story, line = busy()
    lost = (COUNT, {**OTHER_POD, **OK}, rising(30))
    story.tell(*lost)
    pods = tuple(Pod("default", one["pod"], one["pod"], "iris", ready=True) for one in (POD, OTHER_POD))
    async with watched(story, IRIS._replace(pods=pods)) as seen:
        before = (await seen.poll()).traffic[IRIS.key]
        for _ in range(4):
            seen.pass_time(line)
            after = (await seen.poll()).traffic[IRIS.key]
        seen.services = (IRIS._replace(pods=pods[:1]),)
        seen.pass_time(line)
        gone = (await seen.poll()).traffic[IRIS.key]

    assert (before.remark, after.remark, gone.remark) == ("", "1 of 2 pods scraped", "")
    assert after.requests_per_s is not None and after.requests_per_s < 4


async def test_a_target_whose_series_ended_is_old_at_the_next_tick() -> None:
    story, line = busy()
    async with watched(story) as seen:
        before = await seen.poll()
        labels = {NAME: COUNT, **POD, **OK}
        seen.server.samples.series(labels).mark_stale((story.times[-1] + SCRAPE_S) * 1000)
        seen.pass_time(line, scraped=False)
        after = await seen.poll()

    assert not before.prometheus.is_stale(before.traffic[IRIS.key])
    assert after.prometheus.is_stale(after.traffic[IRIS.key])


async def test_errors_that_ended_are_forgotten_with_the_window() -> None:
    story, _ = busy()
    errors = (COUNT, {**POD, **BAD}, rising(3))
    story.tell(*errors)
    idle = (COUNT, {**POD, **OK}, lambda n: 30 * 79)
    ended = (COUNT, {**POD, **BAD}, lambda n: 3 * 79)
    async with watched(story) as seen:
        before = (await seen.poll()).traffic[IRIS.key].error_ratio
        seen.pass_time(idle, ended, scrapes=6)
        after = (await seen.poll()).traffic[IRIS.key]

    assert before == pytest.approx(3 / 33)
    assert (after.requests_per_s, after.error_ratio) == (0, None)


async def test_the_first_error_of_a_service_is_counted() -> None:
    story, line = busy()
    async with watched(story) as seen:
        await seen.poll()
        seen.pass_time(line, (COUNT, {**POD, **BAD}, lambda n: 4))
        traffic = (await seen.poll()).traffic[IRIS.key]

    assert traffic.error_ratio == pytest.approx(4 / 124)


async def test_a_new_counter_shows_its_first_requests_as_new_and_then_a_rate() -> None:
    story, line = busy()
    rose = (COUNT, {**OTHER_POD, **OK, "service_name": "rose", "pod": "rose-predictor-1"}, lambda n: 7.0)
    async with watched(story, IRIS, ROSE) as seen:
        await seen.poll()
        seen.pass_time(line, rose)
        young = (await seen.poll()).traffic[ROSE.key]
        seen.pass_time(line, rose)
        grown = (await seen.poll()).traffic[ROSE.key]

    assert (young.new_requests, young.requests_per_s) == (7, None)
    assert (grown.new_requests, grown.requests_per_s) == (None, 0)


async def test_the_first_requests_of_a_pod_that_was_scraped_all_along_are_in_the_rate() -> None:
    story, line = busy()
    pod = {**OTHER_POD, "service_name": "rose", "pod": "rose-predictor-1"}
    story.tell("up", {"job": pod["job"], "instance": pod["instance"]}, lambda n: 1)
    rose = (COUNT, {**pod, **OK}, lambda n: 7.0)
    async with watched(story, IRIS, ROSE) as seen:
        await seen.poll()
        seen.pass_time(line, rose)
        young = (await seen.poll()).traffic[ROSE.key]
        seen.pass_time(line, rose)
        grown = (await seen.poll()).traffic[ROSE.key]

    assert young.new_requests == 7
    assert grown.requests_per_s == pytest.approx(7 / (2 * SCRAPE_S), rel=0.2)


async def test_another_selection_has_other_buckets() -> None:
    story = steady()
    async with watched(story, IRIS, ROSE) as seen:
        first = (await seen.poll(IRIS.key)).buckets
        second = (await seen.poll(ROSE.key)).buckets

    assert (set(first), set(second)) == ({IRIS.key}, set())


async def test_services_of_different_families_both_have_numbers() -> None:
    story, _ = busy()
    pod = {"job": "m", "instance": "10.0.0.9:8080", "namespace": "default", "pod": "rose-predictor-7c9f-abcde"}
    story.tell("request_predict_seconds_count", {**pod, "model_name": "rose"}, rising(15))
    async with watched(story, IRIS, ROSE) as seen:
        traffic = (await seen.poll()).traffic

    assert {key.name: (t.family, t.requests_per_s) for key, t in traffic.items()} == {
        "iris": ("kserve-alias", 2),
        "rose": ("kserve-sdk", 1),
    }


async def test_a_prometheus_without_our_metrics_says_so() -> None:
    story = Story()
    story.tell("up", {"job": "x"}, lambda n: 1)
    async with watched(story) as seen:
        report = await seen.poll()

    assert not report.traffic
    assert "no request metrics of models" in report.prometheus.notes[0]


async def test_a_slow_prometheus_is_asked_half_as_often() -> None:
    story, line = busy()
    async with watched(story) as seen:
        before = (await seen.poll()).prometheus.tick_s
        seen.server.faults.delay_s = 0.3
        seen.pass_time(line)
        slowed = (await seen.poll()).prometheus
        seen.pass_time(line, scrapes=2)
        seen.server.faults.delay_s = 0
        traffic = (await seen.poll()).traffic[IRIS.key]

    assert (before, slowed.tick_s) == (15, 30)
    assert "every 30 s" in slowed.notes[0]
    assert traffic.requests.step_s == 30 and set(traffic.requests.values[-20:]) == {2.0}


async def test_other_rows_are_read_as_soon_as_they_are_selected() -> None:
    async with sandboxed(steady()) as server:
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        interest = Interested((IRIS, ROSE), selected=ROSE.key)
        stream = metrics.poll(interest)
        first = await anext(stream)
        began = time.monotonic()
        interest.select(IRIS.key)
        second = await anext(stream)
        took_s = time.monotonic() - began
        await stream.aclose()
        await metrics.aclose()

    assert (set(first.buckets), set(second.buckets)) == (set(), {IRIS.key})
    assert took_s < 3


async def test_between_two_ticks_what_is_told_of_services_that_nobody_asked_for_stays_the_same_value() -> None:
    async with watched(steady(), IRIS, ROSE) as seen:
        first = await seen.poll(None)
        again = await seen.look_closer(ROSE.key)
        closer = await seen.look_closer(IRIS.key, visible=(IRIS.key,))

    assert again.traffic[IRIS.key] is first.traffic[IRIS.key]
    assert closer.buckets.keys() == {IRIS.key}


async def test_the_first_key_after_a_long_time_is_answered_with_a_poll_at_once() -> None:
    async with sandboxed(steady()) as server:
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        interest = Interested((IRIS,))
        interest.idle = True
        stream = metrics.poll(interest)
        first = await anext(stream)
        asleep = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)  # it waits for its minute now
        interest.idle = False
        async with asyncio.timeout(5):
            while not asleep.done():
                interest.select(IRIS.key)  # the monitor wakes it so, whatever is selected
                await asyncio.sleep(0.05)
        await stream.aclose()
        await metrics.aclose()

    assert asleep.result() is not first


async def test_services_that_come_later_are_read_as_soon_as_they_are_there() -> None:
    async with sandboxed(steady()) as server:
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        interest = Interested(())
        stream = metrics.poll(interest)
        first = await anext(stream)
        interest.services = (IRIS,)
        async with asyncio.timeout(5):
            second = await anext(stream)
        await stream.aclose()
        await metrics.aclose()

    assert (first.traffic, set(second.traffic)) == ({}, {IRIS.key})


async def test_services_that_are_listed_after_the_first_tick_have_their_past_too() -> None:
    story, line = busy()
    roses = tuple(InferenceService(Key(Kind.ISVC, "garden", f"rose-{n}")) for n in range(3))
    lines = [line]
    for rose in roses:
        pod = {
            **POD,
            "namespace": "garden",
            "service_name": rose.key.name,
            "pod": rose.key.name,
            "instance": rose.key.name,
        }
        lines.append((COUNT, {**pod, **OK}, rising(15)))
        story.tell(*lines[-1])
    async with watched(story, IRIS) as seen:
        await seen.poll()
        seen.services = (IRIS, *roses)
        seen.pass_time(*lines)
        traffic = (await seen.poll()).traffic

    assert set(traffic[roses[2].key].requests.values[-20:]) == {1.0}
    assert set(traffic[IRIS.key].requests.values[-20:]) == {2.0}


async def test_a_stream_that_begins_anew_has_the_old_series() -> None:
    async with sandboxed(steady()) as server:
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        before = await _one_report(metrics)
        server.faults.status = 502
        with pytest.raises(BackendError):
            await _one_report(metrics)
        server.faults.status = 0
        server.faults.empty = True
        after = await _one_report(metrics)
        await metrics.aclose()

    old, new = before.traffic[IRIS.key].requests, after.traffic[IRIS.key].requests
    slower = round(new.step_s / old.step_s)  # a busy machine makes it ask half as often
    assert list(old.values)[::-slower][::-1] == list(new.values)


async def _one_report(metrics: PrometheusMetrics) -> TrafficReport:
    stream = metrics.poll(Interested((IRIS,)))
    try:
        return await anext(stream)
    finally:
        await stream.aclose()


async def test_a_failure_says_who_was_asked_and_how_it_was_found() -> None:
    metrics = PrometheusMetrics(PrometheusSettings(url="http://me:secret@127.0.0.1:1", found_by="config"))

    with pytest.raises(BackendError) as failure:
        await anext(metrics.poll(Interested((IRIS,))))
    await metrics.aclose()

    assert failure.value.asked == ("http://127.0.0.1:1", "config")

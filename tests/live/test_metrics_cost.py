"""What a while costs a Prometheus: counted from what the server received, at every tick, the first ones included."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from aiohttp import web

from kmon_tui.domain.command import Span
from kmon_tui.domain.doctor.facts import Suspects
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.sandbox.prometheus_faults import PrometheusFaults
from kmon_tui.settings import PrometheusSettings
from tests.live.interests import Interested
from tests.live.served import sandboxed
from tests.live.stories import BAD, BUCKET, COUNT, IRIS, OK, POD, SCRAPE_S, Shape, Story, rising
from tests.live.test_metrics_beside import ACTIVATOR, GATEWAY, SCALER, VLLM
from tests.live.test_metrics_poll import Watched, watched

CHAT = InferenceService(Key(Kind.ISVC, "default", "chat"))
MANY = tuple(InferenceService(Key(Kind.ISVC, "default", f"rose-{n}")) for n in range(6))
WATCHING = Interested((IRIS, *MANY), selected=IRIS.key)
TICKS = 1800 // SCRAPE_S
MOST = 4


@dataclass(slots=True)
class Log(PrometheusFaults):
    """What a server received since the log was looked at last, besides its faults."""

    received: list[str] = field(default_factory=list)

    async def act(self, request: web.Request) -> web.StreamResponse | None:
        self.received.append(request.path)
        return await PrometheusFaults.act(self, request)

    def look(self) -> tuple[int, int]:
        """Give how many instant and how many range queries there were."""
        found = [path.rpartition("/")[2] for path in self.received]
        self.received.clear()
        return found.count("query"), found.count("query_range")


Line = tuple[str, dict[str, str], Shape]


def everything() -> list[Line]:
    """A fleet with every kind of thing that is asked for: codes, buckets, tokens, callers, scaling, alerts."""
    iris = [(COUNT, {**POD, **OK}, rising(30)), (COUNT, {**POD, **BAD}, rising(1))]
    buckets = [(BUCKET, {**POD, **OK, "le": le}, rising(n)) for le, n in (("5", 9), ("100", 20), ("+Inf", 30))]
    roses = [
        (COUNT, {**POD, **OK, "service_name": rose.key.name, "pod": rose.key.name, "instance": f"{n}:1"}, rising(15))
        for n, rose in enumerate(MANY)
    ]
    chat = {**VLLM, "service_name": "chat", "instance": "10.0.0.9:8080"}
    language = [
        ("vllm:request_success_total", {**chat, "finished_reason": "stop"}, rising(5)),
        ("vllm:time_to_first_token_seconds_bucket", {**chat, "le": "1.0"}, rising(5)),
        ("vllm:num_requests_running", chat, lambda n: 2.0),
    ]
    front = [
        ("istio_requests_total", {**GATEWAY, "response_code": "200"}, rising(30)),
        ("activator_request_count", {**ACTIVATOR, **OK}, rising(3)),
        ("kn_revision_pods_desired", SCALER, lambda n: 1.0),
    ]
    alert = {"alertname": "Slow", "alertstate": "firing", "namespace": "default", "service_name": "iris"}
    return [
        *iris, *buckets, *roses, *language, *front,
        ("ALERTS", alert, lambda n: 1.0), ("up", {"job": POD["job"], "instance": POD["instance"]}, lambda n: 1.0),
    ]  # fmt: skip


@asynccontextmanager
async def logged(*lines: Line, services: tuple[InferenceService, ...]) -> AsyncIterator[tuple[Watched, Log]]:
    story = Story()
    for line in lines:
        story.tell(*line)
    async with watched(story, IRIS) as seen:
        seen.services = services
        log = Log()
        seen.server.faults = log
        seen.stop_clock()
        yield seen, log


@asynccontextmanager
async def asked_for_everything() -> AsyncIterator[tuple[PrometheusMetrics, Log]]:
    """Serve what there may be; gives who asks, and what the server received."""
    story = Story()
    for line in everything():
        story.tell(*line)
    async with sandboxed(story) as server:
        log = server.faults = Log()
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        yield metrics, log
        await metrics.aclose()


@asynccontextmanager
async def after_a_tick() -> AsyncIterator[tuple[PrometheusMetrics, Log]]:
    """The same, with the first tick over."""
    async with asked_for_everything() as (metrics, log), aclosing(metrics.poll(WATCHING)) as stream:
        await anext(stream)
        yield metrics, log


async def test_no_tick_of_half_an_hour_asks_more_than_four_instant_queries() -> None:
    """With all that is asked between two ticks, while the selection wanders and a pod is replaced now and then."""
    lines, fleet = everything(), (IRIS, CHAT, *MANY)
    ticks, closer = [], []
    async with logged(*lines, services=fleet) as (seen, log):
        for tick in range(TICKS):
            young = (COUNT, {**POD, **OK, "service_name": "chat", "pod": f"new-{tick // 7}"}, rising(1))
            await seen.poll(fleet[tick % 5].key, Span(3600, 60) if tick % 5 == 3 else None)
            ticks.append(log.look())
            between = []
            for key in (fleet[(tick + 1) % 7].key, CHAT.key):
                await seen.look_closer(key, (MANY[tick % 6].key,))
                between.append(log.look())
            closer.append((sum(instant for instant, _ in between), max(ranges for _, ranges in between)))
            seen.pass_time(*lines, young)

    instant = [one + later for (one, _), (later, _) in zip(ticks, closer, strict=True)]
    assert max(instant) == MOST
    # Not of all: a busy machine makes it ask half as often, and begin its books anew once it is idle.
    assert statistics.median(instant) >= 2
    usual = sorted(map(sum, ticks[1:]))[: -TICKS // 10]
    assert usual[-1] == MOST, "ranges included: counters, times, quantiles or what is looked at anew, one in detail"
    assert max(ranges for _, ranges in closer) <= 1


async def test_ticks_without_samples_ask_no_more_than_others() -> None:
    """While it is found out whether Prometheus scrapes at another interval now, other things wait."""
    lines = everything()
    ticks = []
    async with logged(*lines, services=(IRIS, CHAT, *MANY)) as (seen, log):
        for tick in range(40):
            await seen.poll()
            ticks.append(log.look())
            seen.pass_time(*lines, scraped=tick % 12 < 4)

    assert max(map(sum, ticks[1:])) <= MOST


async def test_what_nobody_asked_for_takes_the_questions_that_ticks_leave() -> None:
    """The doctor looks by itself at a service without numbers, and so does who reads the memory of a killed pod."""
    async with after_a_tick() as (metrics, log):
        suspects = Suspects((IRIS,), IRIS, families=("kserve-alias",))
        examined = asyncio.create_task(metrics.examined(suspects))
        peaks = asyncio.create_task(metrics.memory_peaks("default", ("a",)))
        await asyncio.sleep(1)
        waiting = not examined.done() and not peaks.done()
        instant, _ = log.look()
        for task in (examined, peaks):
            task.cancel()

    assert waiting
    assert instant == MOST


async def test_the_doctor_that_somebody_calls_waits_for_a_question_that_a_tick_leaves() -> None:
    async with after_a_tick() as (metrics, log):
        examined = asyncio.create_task(metrics.examined(Suspects((IRIS,), IRIS)))
        await asyncio.sleep(1)
        waiting, first = not examined.done(), log.look()[0]
        metrics._poller._rations.left = 1  # as after the next tick
        facts = await asyncio.wait_for(examined, 10)
        second = log.look()[0]

    assert waiting
    assert (first, second) == (MOST, 1)
    assert "kserve-alias" in (facts.families.value or ())
    assert any(one.owned for one in facts.series.value or ())


async def test_while_nobody_watches_the_questions_of_a_tick_that_does_not_come_are_free() -> None:
    async with logged(*everything(), services=(IRIS, *MANY)) as (seen, _):
        await seen.poll()
        in_time = seen._poller.spare
        seen.pass_time(*everything(), scrapes=2)

        assert (in_time, seen._poller.spare) == (False, True)


async def test_the_doctor_alone_asks_one_question() -> None:
    async with asked_for_everything() as (metrics, log):
        facts = await metrics.examined(Suspects((IRIS,), IRIS))

    assert log.look() == (1, 0)
    assert facts.front.value and facts.skew_s.value == pytest.approx(0, abs=2)


async def test_a_first_tick_asks_four_and_has_rates_errors_and_latency() -> None:
    async with logged(*everything(), services=(IRIS, *MANY)) as (seen, log):
        traffic = (await seen.poll()).traffic[IRIS.key]
        instant, ranges = log.look()

    assert instant == MOST
    assert ranges < 40, "a quarter of an hour, a few steps at a time"
    assert traffic.requests_per_s and traffic.pods_error_ratio and traffic.p90_ms


async def test_while_no_service_is_known_four_are_enough_also_when_the_first_ones_come() -> None:
    async with logged(*everything(), services=()) as (seen, log):
        await seen.poll()
        alone = log.look()[0]
        seen.services = (IRIS,)
        traffic = (await seen.poll()).traffic[IRIS.key]
        both = alone + log.look()[0]

    assert alone <= 1
    assert traffic.requests_per_s == pytest.approx(31 / 15, rel=0.1)
    assert both <= MOST


async def test_a_prometheus_without_request_metrics_is_asked_no_more() -> None:
    async with logged(("up", {"job": "x"}, rising(1)), services=(IRIS,)) as (seen, log):
        asked = []
        for _ in range(6):
            await seen.poll()
            asked.append(log.look()[0])
            seen.pass_time()

    assert max(asked) <= MOST


async def test_a_server_that_fails_is_not_asked_more_than_a_good_one() -> None:
    """However often somebody tries: every error says when the next question is due."""
    async with logged(*everything(), services=(IRIS,)) as (seen, log):
        await seen.poll()
        log.look()
        log.status = 503
        seen.pass_time()
        for _ in range(8):
            with pytest.raises(BackendError, match="503") as raised:
                await seen.poll()
        failed = log.look()[0]
        log.status = 0
        seen.pass_time()
        traffic = (await seen.poll()).traffic[IRIS.key]
        again = log.look()[0]

    assert raised.value.retry_after_s == pytest.approx(SCRAPE_S, abs=2)
    assert 1 <= failed <= MOST
    assert again <= MOST
    assert traffic.requests_per_s is not None


@pytest.mark.parametrize("ahead_s", [-600, -20, 20, 600])
async def test_a_server_whose_clock_is_another_one_answers_every_tick(ahead_s: float) -> None:
    """``ahead_s``: our clock's before the server's."""
    lines = everything()
    ticks = []
    async with logged(*lines, services=(IRIS, CHAT, *MANY)) as (seen, log):
        seen.set_clock(ahead_s)
        for _ in range(3):
            report = await seen.poll()
            ticks.append((log.look()[0], report.traffic[IRIS.key].requests_per_s))
            seen.pass_time(*lines)

    assert [asked <= MOST for asked, _ in ticks] == [True] * 3
    assert [rate for _, rate in ticks] == pytest.approx([31 / SCRAPE_S] * 3, rel=0.01)


@pytest.mark.parametrize("step_s", [-600, 600])
async def test_a_clock_that_is_set_costs_a_few_ticks_and_not_as_long_as_it_was_set_by(step_s: float) -> None:
    lines = everything()
    sums = []
    async with logged(*lines, services=(IRIS, CHAT, *MANY)) as (seen, _):
        await seen.poll()
        seen.set_clock(step_s)
        for _ in range(8):
            seen.pass_time(*lines)
            sums.append((await seen.poll()).traffic[IRIS.key].counter_sum)

    assert [later - before for before, later in pairwise(sums[-3:]) if later and before] == [31, 31]

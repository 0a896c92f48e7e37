"""Quantiles of rows that come onto the screen between two ticks: at once, or said to be coming; never old ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import Family, TrafficReport
from kmon_tui.live.closeup import SWEEP
from kmon_tui.live.flow import Flow, Latency
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.poller import Look
from kmon_tui.live.sheet import Sheet
from kmon_tui.live.steps import Gain
from kmon_tui.settings import PrometheusSettings
from tests.live.interests import Interested
from tests.live.served import sandboxed
from tests.live.stories import BUCKET, COUNT, OK, POD, Story, rising
from tests.live.test_metrics_cost import MOST, Line, Log, logged

FLEET = tuple(InferenceService(Key(Kind.ISVC, "default", f"rose-{n:03}")) for n in range(2 * SWEEP + 9))
KEYS = tuple(isvc.key for isvc in FLEET)


def lines() -> list[Line]:
    """A fleet of which each service answers in less than 100 ms."""
    found: list[Line] = []
    for n, isvc in enumerate(FLEET):
        pod = {**POD, **OK, "service_name": isvc.key.name, "pod": isvc.key.name, "instance": f"10.0.0.{n}:1"}
        found += [(COUNT, pod, rising(10)), (BUCKET, {**pod, "le": "100"}, rising(10))]
        found += [(BUCKET, {**pod, "le": "+Inf"}, rising(10))]
    return found


class Scrolled:
    """A poller of this fleet, which is told what is on the screen."""

    def __init__(self, poller: object, client: object, log: Log) -> None:
        self._poller, self._client, self.log = poller, client, log

    async def poll(self, *visible: Key, near: tuple[Key, ...] = ()) -> TrafficReport:
        return await self._ask("poll", visible, near)

    async def look_closer(self, *visible: Key, near: tuple[Key, ...] = ()) -> TrafficReport:
        return await self._ask("look_closer", visible, near)

    async def _ask(self, step: str, visible: tuple[Key, ...], near: tuple[Key, ...]) -> TrafficReport:
        look = Look(FLEET, None, visible, near)
        report: TrafficReport = await self._client.run(partial(getattr(self._poller, step), look=look))  # type: ignore[attr-defined]  # those of Watched
        return report


@asynccontextmanager
async def scrolled() -> AsyncIterator[Scrolled]:
    async with logged(*lines(), services=FLEET) as (seen, log):
        found = Scrolled(seen._poller, seen._client, log)
        await found.poll(KEYS[0])  # in which it is found out what this server is like: no question is left
        seen.pass_time(*lines())
        log.look()
        yield found


def due(report: TrafficReport) -> set[Key]:
    return {key for key, traffic in report.traffic.items() if traffic.latency_due}


async def test_rows_that_nobody_asked_for_are_said_to_come() -> None:
    async with scrolled() as seen:
        report = await seen.poll(KEYS[0])

    assert len(due(report)) == 8
    assert all((report.traffic[key].p90_ms is None) == (key in due(report)) for key in KEYS)


async def test_a_row_that_is_scrolled_to_has_its_quantiles_with_the_question_that_is_left() -> None:
    async with scrolled() as seen:
        wanted = min(due(await seen.poll(KEYS[0])))
        closer = await seen.look_closer(wanted)
        instant, _ = seen.log.look()

    assert closer.traffic[wanted].p90_ms == 90.0
    assert not closer.traffic[wanted].latency_due
    assert instant <= MOST


async def test_without_a_question_left_the_next_row_still_says_that_it_comes() -> None:
    async with scrolled() as seen:
        first, second = sorted(due(await seen.poll(KEYS[0])))[:2]
        await seen.look_closer(first)
        closer = await seen.look_closer(second)
        instant, _ = seen.log.look()

    assert closer.traffic[second].latency_due
    assert instant == MOST


async def test_the_pages_around_are_asked_for_with_the_one_on_the_screen() -> None:
    async with scrolled() as seen:
        near = tuple(sorted(due(await seen.poll(KEYS[0]))))
        closer = await seen.look_closer(near[0], near=near[1:])

    assert due(closer) == set()


async def test_rows_nearby_alone_are_no_reason_to_ask_between_two_ticks() -> None:
    async with scrolled() as seen:
        near = tuple(sorted(due(await seen.poll(KEYS[0]))))
        seen.log.look()
        await seen.look_closer(KEYS[0], near=near)

        assert seen.log.look() == (0, 0)


async def test_scrolling_wakes_the_poll_where_quantiles_lack() -> None:
    story = Story()
    for line in lines():
        story.tell(*line)
    async with sandboxed(story) as server:
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        interest = Interested(FLEET)
        interest.visible = KEYS[:1]
        stream = metrics.poll(interest)
        wanted = min(due(await anext(stream)))
        metrics._poller._rations.left = 1  # the first tick spends them all
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        interest.scroll(wanted)
        async with asyncio.timeout(4):
            closer = await waiting
        await stream.aclose()
        await metrics.aclose()

    assert closer.traffic[wanted].p90_ms == 90.0


def test_quantiles_of_minutes_ago_are_due() -> None:
    sheet = Sheet()
    flow = Flow(Family.ALIAS, sheet)
    flow.latency = Latency(1, 2, 3, 10, at_s=1000)
    sheet.begin(60)
    flow.push(1075, Gain(15.0, 15.0), (60, 15), 60)
    in_time = flow.traffic(15).latency_due
    sheet.begin(60)
    flow.push(1090, Gain(15.0, 15.0), (60, 15), 60)

    assert (in_time, flow.traffic(15).latency_due) == (False, True)


def test_a_family_without_a_histogram_has_none_that_could_come() -> None:
    sheet = Sheet()
    flow = Flow(Family.TRITON, sheet)
    sheet.begin(60)
    flow.push(1075, Gain(15.0, 15.0), (60, 15), 60)

    assert not flow.traffic(15).latency_due

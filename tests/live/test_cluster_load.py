"""What the API server has to bear, read from its own log, and what a big fleet costs us."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace

from kmon_tui import __version__
from kmon_tui.domain.service import Kind
from kmon_tui.live.discovery import questions
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.scope import MOST_WATCHES
from kmon_tui.live.watch import Pace
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.live.test_cluster_watch import most_watches
from tests.live.watching import QUICK, pod, sample, watching

EMPTY = SandboxOptions(world="empty")


async def test_the_start_costs_twelve_requests_at_most_besides_pages() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.store.put(pod("a", "a-1"))
        sandbox.api.store.put(sample("llmisvc-ready"))

        open_at_once = most_watches(sandbox)
        async with watching(sandbox, replace(QUICK, version_s=Pace().version_s)) as seen:
            await seen.until(lambda fleet: fleet.scaled)
            await asyncio.sleep(0.2)  # the last watches are opened after the last list

    assert len(sandbox.api.log) <= 12 + 1
    assert sum(record.verb == "watch" for record in sandbox.api.log) <= 5 + 1  # one of them was given up for another
    assert open_at_once() <= 5


async def test_an_idle_fleet_asks_for_nothing() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        async with watching(sandbox) as seen:
            await seen.until(lambda fleet: fleet.scaled and bool(fleet.server_version))
            async with asyncio.timeout(20):
                while sum(record.verb == "watch" for record in sandbox.api.log) < 5:  # noqa: ASYNC110  # a plain list
                    await asyncio.sleep(0.02)
            before = len(sandbox.api.log)

            await asyncio.sleep(1.0)

    assert len(sandbox.api.log) == before


async def test_every_request_says_who_we_are() -> None:
    async with Sandbox(EMPTY) as sandbox, watching(sandbox) as seen:
        await seen.synced()

    assert {record.user_agent for record in sandbox.api.log} == {f"kmon-tui/{__version__}"}


async def test_requests_keep_to_the_rate() -> None:
    clock = asyncio.get_running_loop().time
    rate, began_s = RateLimit(per_s=50.0, burst=5), clock()

    for _ in range(15):
        await rate.turn()

    assert 0.19 <= clock() - began_s < 1.0


async def test_a_big_list_comes_whole_and_leaves_the_collector_on() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for number in range(1500):
            sandbox.api.store.put(sample(name=f"m-{number:04d}"))

        async with watching(sandbox) as seen:
            fleet = await seen.synced()

    assert len(fleet.services) == 1500
    assert sum(record.verb == "list" for record in sandbox.api.log) <= 3 + 3
    assert gc.isenabled()


def test_looking_for_missing_kinds_and_five_watches_stay_within_ten_requests_a_minute() -> None:
    pace = Pace()

    assert 60 / pace.ask_s + MOST_WATCHES * 60 / pace.watch_s <= 10


def test_a_missing_kind_is_looked_for_every_few_seconds() -> None:
    waits_s = [Pace().ask_s * questions(missing) for missing in (tuple(Kind), (Kind.GRAPH,), (Kind.LLM, Kind.GRAPH))]

    assert waits_s == [7.0, 7.0, 14.0]

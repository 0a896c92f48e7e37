"""Hundreds of switches among contexts that work, hang, refuse and fail: none sticks, and nothing is left of any."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from kmon_tui.backend import Backend, Interest
from kmon_tui.domain.command import Refresh, SwitchContext, SwitchNamespace
from kmon_tui.domain.errors import Unauthorized, Unreachable
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import KubeSettings, Settings
from tests.monitor.worlds import fleet, now, report

pytestmark = pytest.mark.looptime

CONTEXTS = ("good", "other", "hangs", "refuses", "slow", "cut", "login")


@dataclass
class Anywhere:
    """Opens each context as its name says; ``chance`` decides how long all that fails takes to do so."""

    chance: random.Random
    open_now: int = 0
    name: str = ""

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Backend]:
        name = settings.kube.context or "good"
        await asyncio.sleep(10.0 if name == "slow" else self.chance.choice((0.0, 0.1)))
        if name == "login":
            raise Unauthorized("the login plugin failed")
        self.open_now += 1
        self.name = name
        try:
            yield Backend(Place(context=name, contexts=CONTEXTS), cluster=self, metrics=self)
        finally:
            await asyncio.sleep(self.chance.choice((0.0, 0.0, 0.2)))  # closing takes a moment, too
            self.open_now -= 1

    async def watch(self) -> AsyncGenerator[Fleet, None]:
        if self.name == "refuses":
            raise Unreachable("nobody listens")
        if self.name not in ("hangs", "slow"):
            yield fleet(f"of-{self.name}")
        if self.name == "cut":
            await asyncio.sleep(self.chance.random())
            raise Unreachable("cut")
        await asyncio.Event().wait()

    async def poll(self, interest: Interest) -> AsyncGenerator[TrafficReport, None]:
        while True:
            await asyncio.sleep(self.chance.choice((0.0, 0.0, 0.5)))
            if self.chance.random() < 0.7:
                raise Unreachable("no Prometheus")
            yield report()


@pytest.mark.parametrize("seed", range(5))
async def test_no_switch_of_two_hundred_sticks_and_nothing_is_left_of_any(seed: int) -> None:
    chance = random.Random(seed)
    outside = Anywhere(chance)
    monitor = Monitor(outside.open, Settings(kube=KubeSettings(context="good")), now, chance=chance.random)
    running = asyncio.create_task(monitor.run())
    await _arrived(monitor, "good")
    await asyncio.sleep(30.0)
    tasks = len(asyncio.all_tasks())

    for number in range(200):
        context = chance.choice(CONTEXTS)
        monitor.send(SwitchContext(context))
        if chance.random() < 0.3:
            monitor.send(chance.choice((Refresh(), SwitchNamespace("a"), SwitchNamespace(None))))
        await asyncio.sleep(chance.choice((0.0, 0.0, 0.1, 0.2, 3.0)))
        if number % 10 == 9:
            monitor.send(SwitchContext("good"))
            await _arrived(monitor, "good")
            assert outside.open_now == 1

    await asyncio.sleep(30.0)
    assert len(asyncio.all_tasks()) <= tasks + 1  # where a poll happens to be is chance
    running.cancel()
    await asyncio.wait((running,))
    assert outside.open_now == 0
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(("said", "known"), [({}, False), ({"all_namespaces": True}, True)])
async def test_the_namespace_of_a_context_that_is_not_read_yet_is_not_known(said: dict[str, bool], known: bool) -> None:
    outside = Anywhere(random.Random(1))
    monitor = Monitor(outside.open, Settings(kube=KubeSettings(context="good", **said)), now)  # type: ignore[arg-type]  # fields of it
    running = asyncio.create_task(monitor.run())
    await _arrived(monitor, "good")

    monitor.send(SwitchContext("slow"))
    assert monitor.state.place.namespace_known is known

    monitor.send(SwitchNamespace(None))
    assert monitor.state.place.namespace_known

    monitor.send(SwitchContext("other"))
    await _arrived(monitor, "other")
    assert monitor.state.place.namespace_known
    running.cancel()
    await asyncio.wait((running,))


async def _arrived(monitor: Monitor, context: str) -> None:
    async with asyncio.timeout(20.0):
        await monitor.store.wait_for(
            lambda state: [row.key.name for row in state.fleet.services] == [f"of-{context}"] or None
        )

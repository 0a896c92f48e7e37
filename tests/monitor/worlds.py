"""A scripted outside for the monitor's tests: what its streams yield, raise and wait for is a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from kmon_tui.backend import Backend, Interest
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import Prometheus, TrafficReport
from kmon_tui.settings import Settings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Step: TypeAlias = "Fleet | TrafficReport | Exception | float"
"""A value to yield, an error to raise, or seconds to wait."""


def now() -> datetime:
    """The test's clock: noon plus the loop's (simulated) time."""
    return NOON + timedelta(seconds=asyncio.get_running_loop().time())


def fleet(*names: str, status: Status = Status.LIVE, error: str = "", synced: bool = True) -> Fleet:
    services = tuple(InferenceService(Key(Kind.ISVC, "default", name)) for name in names)
    return Fleet(services, synced=synced, health=Health(status, error), kinds=(Kind.ISVC,))


def report(url: str = "http://prometheus") -> TrafficReport:
    return TrafficReport(Prometheus(url=url))


@dataclass
class Scripted:
    """One source: each opening plays the next script; the last one is followed by silence."""

    scripts: Sequence[Sequence[Step]]
    openings_s: list[float] = field(default_factory=list)
    closed: int = 0

    async def play(self) -> AsyncGenerator[Fleet | TrafficReport, None]:
        self.openings_s.append(asyncio.get_running_loop().time())
        script = self.scripts[min(len(self.openings_s), len(self.scripts)) - 1]
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, (int, float)):
                    await asyncio.sleep(step)
                else:
                    yield step
            await asyncio.Event().wait()
        finally:
            self.closed += 1


@dataclass
class Outside:
    """A Cluster and a Metrics made of scripts, and a count of how often they were opened and closed."""

    watch_scripts: Sequence[Sequence[Step]] = ((),)
    poll_scripts: Sequence[Sequence[Step]] | None = None
    refusals: list[KmonError] = field(default_factory=list)
    """Raised by the next openings."""
    opened: list[Settings] = field(default_factory=list)
    open_now: int = 0
    interest: Interest | None = None

    def __post_init__(self) -> None:
        self.watching = Scripted(self.watch_scripts)
        self.polling = Scripted(self.poll_scripts or ((),))

    async def watch(self) -> AsyncGenerator[Fleet, None]:
        async for value in self.watching.play():
            assert isinstance(value, Fleet)
            yield value

    async def poll(self, interest: Interest) -> AsyncGenerator[TrafficReport, None]:
        self.interest = interest
        async for value in self.polling.play():
            assert isinstance(value, TrafficReport)
            yield value

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Backend]:
        self.opened.append(settings)
        if self.refusals:
            raise self.refusals.pop(0)
        self.open_now += 1
        try:
            place = Place(context=settings.kube.context or "first", contexts=("first", "second"))
            yield Backend(place, cluster=self, metrics=self if self.poll_scripts else None)
        finally:
            self.open_now -= 1

"""How long a tick of Prometheus holds up the loop that answers keys, and what it asks and costs, by size of fleet."""

from __future__ import annotations

import asyncio
import statistics
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.objects import place_of
from benchmarks.outside import cluster, prometheus
from benchmarks.table import Row, at_most
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live import open_backend
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import Api, PrometheusClient
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings
from kmon_tui.ui.app import KmonApp

SIZES = (10, 100, 1000)
TICKS = 3
CPU_TICKS = 9
VISIBLE = 40
MOST_DEARER = 3.5
"""Times the CPU for ten times the services. The questions, quantiles and details are the same for any fleet; that all
counters are read, booked and told is not (docs/adr/0007-raw-counters.md)."""
BEFORE_S, AFTER_S = 1.5, 0.3
"""What belongs to a tick: the questions before its report, and the drawing after it."""

Pause = tuple[float, float]
"""When the loop came back, and how many milliseconds late."""


def rows() -> Iterator[Row]:
    """Measure the screen of the program without a terminal, near a cluster in which nothing else happens."""
    yield from _thread()
    for services in SIZES:
        yield from _loop(services)


def _thread() -> Iterator[Row]:
    """Measure the questions of a tick, and the CPU that they cost in the thread of Prometheus.

    Other programs make the same work cost more; so the sizes take turns, and what is promised is a ratio.
    """
    with ExitStack() as stack:
        polled = [Polled(stack.enter_context(prometheus(services)), services) for services in SIZES]
        asyncio.run(_poll(polled))
    for one in polled:
        what = f"{one.services:,} services"
        instant = max(sum(path.endswith("/query") for path in tick) for tick in one.asked)
        ranges = max(map(len, one.asked)) - instant
        yield at_most(f"{what}: instant queries of a tick", instant, 4, "", f"and {ranges} range")
        yield Row(f"{what}: CPU of a tick off the UI loop", "", f"{one.cpu_ms:.1f} ms")
    few, some, many = polled
    each_us = (many.cpu_ms - some.cpu_ms) * 1000 / (many.services - some.services)
    what = f"CPU of a tick with {many.services:,} services against {some.services}"
    note = f"{each_us:.0f} µs for each further service; {many.cpu_ms / few.cpu_ms:.1f}x of {few.services}"
    yield at_most(what, many.cpu_ms / some.cpu_ms, MOST_DEARER, "x", note)


class Polled:
    """A fleet of some size that is polled as the program does."""

    def __init__(self, url: str, services: int) -> None:
        self.services = services
        self.asked: list[list[str]] = []
        """The paths that each tick asked for, the first ticks left out."""
        self._cpu_ms: list[float] = []
        self._paths: list[str] = []
        self._client = PrometheusClient(PrometheusSettings(url=url), lambda: _recorder(self._paths))
        self._passed_s = 0.0
        self._poller = Poller(Matchers(), url, "", now=lambda: time.time() + self._passed_s)
        self._known = tuple(InferenceService(Key(Kind.ISVC, *place_of(number))) for number in range(services))

    @property
    def cpu_ms(self) -> float:
        """Of a tick, the median."""
        return statistics.median(self._cpu_ms)

    async def tick(self, number: int) -> None:
        """Poll once, a tick later than before."""
        self._paths.clear()
        took_ms = await self._client.run(self._tick)
        if number > 1:
            self.asked.append(list(self._paths))
            self._cpu_ms.append(took_ms)
        self._passed_s += 15.0

    def _tick(self, api: Api) -> float:
        keys = [isvc.key for isvc in self._known[:VISIBLE]]
        # Another one at each tick: the poller lets go the services of a look that it has seen.
        look = Look(self._known, keys[0], tuple(keys), edition=1)
        began_s = time.thread_time()
        report = self._poller.poll(api, look)
        took_ms = (time.thread_time() - began_s) * 1000
        assert len(report.traffic) == self.services, f"only {len(report.traffic)} services have traffic"
        return took_ms

    async def aclose(self) -> None:
        """End the thread."""
        await self._client.aclose()


async def _poll(polled: Sequence[Polled]) -> None:
    try:
        for number in range(CPU_TICKS + 2):
            for one in polled:
                await one.tick(number)
    finally:
        for one in polled:
            await one.aclose()


def _recorder(asked: list[str]) -> Any:
    """Make a way to the server that notes the path of each question."""
    from requests.adapters import HTTPAdapter

    class Recorder(HTTPAdapter):  # type: ignore[misc]  # requests has no types here
        def send(self, request: Any, **options: Any) -> Any:
            asked.append(urllib.parse.urlsplit(request.url).path)
            return super().send(request, **options)

    return Recorder()


def _loop(services: int) -> Iterator[Row]:
    """Measure how long the loop of the screen is held up."""
    with cluster(services, pods=True) as outside, prometheus(services) as url:
        settings = Settings(
            kube=KubeSettings(kubeconfig=outside.kubeconfig, all_namespaces=True),
            prometheus=PrometheusSettings(url=url),
        )
        pauses, ticks_s = asyncio.run(_watch(settings))
    worst = [max(late for at_s, late in pauses if -BEFORE_S < at_s - tick_s < AFTER_S) for tick_s in ticks_s]
    told = ", ".join(f"{one:.1f}" for one in sorted(worst))
    what = f"{services:,} services: UI loop blocked by a tick, median of {TICKS}"
    yield at_most(what, statistics.median(worst), 20, " ms", f"all: {told}")


async def _watch(settings: Settings) -> tuple[list[Pause], list[float]]:
    """Run the app, and give the pauses of the loop and when reports came, those of the start left out."""
    monitor = Monitor(open_backend, settings, lambda: datetime.now(UTC))
    app = KmonApp(monitor, settings.view)
    pauses: list[Pause] = []
    ticks_s: list[float] = []
    async with app.run_test(size=(120, 40)):
        measuring = asyncio.create_task(_measure(pauses))
        seen = None
        while len(ticks_s) <= TICKS + 1:
            seen = await monitor.store.wait_for(partial(_newer, seen))
            ticks_s.append(time.monotonic())
        await asyncio.sleep(AFTER_S)
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring
    return pauses, ticks_s[2:]


def _newer(seen: TrafficReport | None, state: State) -> TrafficReport | None:
    """Give a report that is new; the first one with traffic is the past of a quarter of an hour, no tick."""
    return state.traffic if state.traffic is not seen and state.traffic and state.traffic.traffic else None


async def _measure(pauses: list[Pause]) -> None:
    while True:
        began_s = time.monotonic()
        await asyncio.sleep(0.001)
        now_s = time.monotonic()
        pauses.append((now_s, (now_s - began_s - 0.001) * 1000))

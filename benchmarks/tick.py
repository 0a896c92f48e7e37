"""How long a tick of Prometheus holds up the loop that answers keys, and what it asks and costs, by size of fleet."""

from __future__ import annotations

import asyncio
import statistics
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
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
VISIBLE = 40
BEFORE_S, AFTER_S = 1.5, 0.3
"""What belongs to a tick: the questions before its report, and the drawing after it."""

Pause = tuple[float, float]
"""When the loop came back, and how many milliseconds late."""


def rows() -> Iterator[Row]:
    """Measure the screen of the program without a terminal, near a cluster in which nothing else happens."""
    for services in SIZES:
        yield from _thread(services)
        yield from _loop(services)


def _thread(services: int) -> Iterator[Row]:
    """Measure the questions of a tick, and the CPU that they cost in the thread of Prometheus."""
    with prometheus(services) as url:
        asked, cpu_ms = asyncio.run(_polls(url, services))
    instant = max(sum(path.endswith("/query") for path in tick) for tick in asked)
    what = f"{services:,} services"
    yield at_most(f"{what}: instant queries of a tick", instant, 4, "", f"and {max(map(len, asked)) - instant} range")
    yield Row(f"{what}: CPU of a tick off the UI loop", "", f"{statistics.median(cpu_ms):.1f} ms")


async def _polls(url: str, services: int) -> tuple[list[list[str]], list[float]]:
    """Poll as the program does; give the paths that each tick asked for, and its CPU, the first tick left out."""
    asked: list[str] = []
    client = PrometheusClient(PrometheusSettings(url=url), lambda: _recorder(asked))
    passed_s = 0.0
    poller = Poller(Matchers(), url, "", now=lambda: time.time() + passed_s)
    known = tuple(InferenceService(Key(Kind.ISVC, *place_of(number))) for number in range(services))
    look = Look(known, known[0].key, tuple(isvc.key for isvc in known[:VISIBLE]))
    ticks, cpu_ms = [], []

    def tick(api: Api) -> float:
        began_s = time.thread_time()
        poller.poll(api, look)
        return (time.thread_time() - began_s) * 1000

    try:
        for number in range(TICKS + 2):
            asked.clear()
            took_ms = await client.run(tick)
            if number > 1:
                ticks.append(list(asked))
                cpu_ms.append(took_ms)
            passed_s += 15.0
    finally:
        await client.aclose()
    return ticks, cpu_ms


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

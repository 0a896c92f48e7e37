"""How long a tick of Prometheus holds up the loop that answers keys, at 1,000 services."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from benchmarks.outside import cluster, prometheus
from benchmarks.table import Row, at_most
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live import open_backend
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings
from kmon_tui.ui.app import KmonApp

SERVICES = 1000
TICKS = 3
BEFORE_S, AFTER_S = 1.5, 0.3
"""What belongs to a tick: the questions before its report, and the drawing after it."""

Pause = tuple[float, float]
"""When the loop came back, and how many milliseconds late."""


def rows() -> Iterator[Row]:
    """Measure the screen of the program without a terminal, near a cluster in which nothing else happens."""
    with cluster(SERVICES, pods=True) as outside, prometheus(SERVICES) as url:
        settings = Settings(
            kube=KubeSettings(kubeconfig=outside.kubeconfig, all_namespaces=True),
            prometheus=PrometheusSettings(url=url),
        )
        pauses, ticks_s = asyncio.run(_watch(settings))
    worst = [max(late for at_s, late in pauses if -BEFORE_S < at_s - tick_s < AFTER_S) for tick_s in ticks_s]
    told = ", ".join(f"{one:.1f}" for one in sorted(worst))
    what = f"{SERVICES:,} services: UI loop blocked by a tick, median of {TICKS}"
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

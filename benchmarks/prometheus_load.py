"""What a tick costs a real Prometheus with 1,000 services of 3 pods: samples and time, as `stats=all` tells them."""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.prometheus_child import BOUNDS_MS, BUCKETS, COUNTER
from benchmarks.table import Row, at_most
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import PrometheusClient
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.settings import PrometheusSettings
from tests.e2e import tools
from tests.e2e.history import remembering
from tests.live.stories import SCRAPE_S, Story

SERVICES, PODS = 1000, 3
VISIBLE, NEAR = 40, 200
"""Rows on the screen, and those with the pages around it."""
SCRAPES = 12
"""How much past there is: three minutes, more than a rate window."""
TICKS, REPEATS = 3, 3
LATER = 8 * TICKS
"""Scrapes after now: on a busy machine it takes minutes to write the past, and the program asks half as often."""

Question = tuple[str, dict[str, str]]


def rows() -> Iterator[Row]:
    """Measure ticks that follow the first one."""
    if tools.prometheus() is None:
        yield Row("load on a real Prometheus", "", tools.reason_without_prometheus("own"))
        return
    with tempfile.TemporaryDirectory() as folder, remembering(_story(), Path(folder)) as url:
        ticks = asyncio.run(_ticks(url))
        costs = [[_cost(url, question) for question in tick] for tick in ticks]
    samples = [sum(one[0] for one in tick) for tick in costs]
    took_ms = [sum(one[1] for one in tick) for tick in costs]
    what = f"{SERVICES:,} services of {PODS} pods, real Prometheus"
    yield at_most(f"{what}: samples looked at in a tick", max(samples), 500_000)
    yield at_most(f"{what}: its time in a tick", min(took_ms), 150, " ms", f"worst {max(took_ms):.0f} ms")
    yield at_most(f"{what}: questions in a tick", max(map(len, ticks)), 4, "", "by range one of them")


def _story() -> Story:
    """Tell the past: the last scrapes lie in the future, so that ticks can be told to pass."""
    story = Story()
    last = story.now + LATER * SCRAPE_S
    story.times = [last - SCRAPE_S * back for back in reversed(range(SCRAPES + LATER))]
    for number in range(SERVICES):
        for pod in range(PODS):
            labels = _labels(number, pod)
            for code, speed in (("2xx", 30), ("5xx", 1)):
                story.tell(COUNTER, {**labels, "response_code_class": code}, partial(_rising, speed))
            for place, bound in enumerate(BOUNDS_MS, start=1):
                own = {**labels, "response_code_class": "2xx", "le": bound}
                story.tell(BUCKETS, own, partial(_rising, 30 * place / len(BOUNDS_MS)))
    return story


def _rising(speed: float, scrape: int) -> float:
    return math.floor(speed * scrape)


def _labels(number: int, pod: int) -> dict[str, str]:
    name = f"model-{number:05d}"
    return {
        "job": "kserve-metrics",
        "instance": f"10.{number // 200}.{number % 200}.{pod + 1}:9091",
        "namespace": f"team-{number % 20:02d}",
        "service_name": name,
        "component": "predictor",
        "revision": f"{name}-predictor-00001",
        "pod": f"{name}-predictor-00001-deployment-5d8f7c9b6d-{'abc'[pod]}",
    }


async def _ticks(url: str) -> list[list[Question]]:
    """Poll as the program does, and give the questions of each tick but the first."""
    asked: list[Question] = []
    client = PrometheusClient(PrometheusSettings(url=url), lambda: _recorder(asked))
    passed_s = 0.0
    poller = Poller(Matchers(), url, "", now=lambda: time.time() + passed_s)
    services = tuple(
        InferenceService(Key(Kind.ISVC, f"team-{number % 20:02d}", f"model-{number:05d}")) for number in range(SERVICES)
    )
    keys = [isvc.key for isvc in services]

    async def tick() -> TrafficReport:
        look = Look(services, keys[0], tuple(keys[:VISIBLE]), tuple(keys[VISIBLE:NEAR]))
        return await client.run(partial(poller.poll, look=look))

    ticks = []
    try:
        await tick()
        for _ in range(TICKS):
            passed_s += max(SCRAPE_S, poller.next_s)
            asked.clear()
            report = await tick()
            assert len(report.traffic) == SERVICES, f"only {len(report.traffic)} services have traffic"
            ticks.append(list(asked))
    finally:
        await client.aclose()
    return ticks


def _recorder(asked: list[Question]) -> Any:
    """Make a way to the server that notes each query."""
    from requests.adapters import HTTPAdapter

    class Recorder(HTTPAdapter):  # type: ignore[misc]  # requests has no types here
        def send(self, request: Any, **options: Any) -> Any:
            parts = urllib.parse.urlsplit(request.url)
            fields = dict(urllib.parse.parse_qsl(parts.query) + urllib.parse.parse_qsl(request.body or ""))
            asked.append((parts.path, fields))
            return super().send(request, **options)

    return Recorder()


def _cost(url: str, question: Question) -> tuple[float, float]:
    """Ask anew with statistics: samples looked at, and the least milliseconds inside Prometheus."""
    found = [_asked(url, question) for _ in range(REPEATS)]
    return found[0][0], min(took_ms for _, took_ms in found)


def _asked(url: str, question: Question) -> tuple[float, float]:
    path, fields = question
    body = urllib.parse.urlencode({**fields, "stats": "all"}).encode()
    with urllib.request.urlopen(f"{url}{path}", body, timeout=30) as answer:
        stats = json.load(answer)["data"]["stats"]
    return float(stats["samples"]["totalQueryableSamples"]), float(stats["timings"]["execTotalTime"]) * 1000

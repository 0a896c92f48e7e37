"""The sandbox's Prometheus: discovers pods, scrapes their pages, keeps the samples, answers over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

from aiohttp import web

from kmon_tui.sandbox.prometheus_about import active_target, dropped_target, own_page, status_data
from kmon_tui.sandbox.prometheus_api import Api
from kmon_tui.sandbox.prometheus_config import Configuration
from kmon_tui.sandbox.prometheus_discovery import discovered
from kmon_tui.sandbox.prometheus_faults import PrometheusFaults
from kmon_tui.sandbox.prometheus_rules import Rules
from kmon_tui.sandbox.prometheus_scrape import Reading, Target, end, end_report, ingest, report, targets_of
from kmon_tui.sandbox.promql import Engine, Samples, dialect_of

Page: TypeAlias = Callable[[str, str], str]
"""Give the page at (address, path). OSError when nobody listens, LookupError when there is no such page."""
Pods: TypeAlias = Callable[[], Iterable[dict[str, Any]]]

_EVALUATE_EVERY_S = 10.0
_TIDY_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class PrometheusOptions:
    """What the Prometheus is like."""

    version: str = "2.53.4"
    retention_s: float = 2 * 3600.0
    port: int = 0
    """Where it listens on 127.0.0.1; 0: any free port."""


class Prometheus:
    """One Prometheus server; scrapes while it is entered."""

    def __init__(
        self, configuration: Configuration, pods: Pods, page: Page, options: PrometheusOptions | None = None
    ) -> None:
        self.options = options or PrometheusOptions()
        self.version = self.options.version
        self.configuration = configuration
        self.samples = Samples()
        self.engine = Engine(self.samples, dialect_of(self.version))
        self.faults = PrometheusFaults()
        self.rules: Rules | None = None
        """Evaluated after a scrape, not more often than every ten seconds; None: it has no rules."""
        self.alerts: list[dict[str, Any]] = []
        """What /api/v1/alerts tells."""
        self.url = ""
        self.port = 0
        self.started_s = time.time()
        self.clock: Callable[[], float] = time.time
        """What it takes for now when it is asked without a time."""
        self.paused = False
        """While it is set nothing is scraped: the newest sample grows old."""
        self._pods = pods
        self._page = page
        self.reading = Reading(floats_in_le=int(self.version.split(".")[0]) >= 3)
        self._targets: dict[str, tuple[str, list[Target]]] = {}
        self._scraped: set[Target] = set()
        self._metadata: dict[str, list[dict[str, str]]] = {}
        self._tidied_s = time.monotonic()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Prometheus:
        async with AsyncExitStack() as stack:
            runner = web.AppRunner(
                Api(self.samples, self.engine, self).application(), access_log=None, shutdown_timeout=0.5
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", self.options.port).start()
            self.port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{self.port}"
            task = asyncio.create_task(self._keep_scraping(), name="prometheus scrapes")
            stack.push_async_callback(_ended, task)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def scrape(self, now_ms: int | None = None) -> None:
        """Scrape all targets once, now."""
        if now_ms is None:
            now_ms = round(time.time() * 1000)
        self._discover(now_ms)
        for _, targets in list(self._targets.values()):
            for target in targets:
                self._scrape_one(target, now_ms)
            await asyncio.sleep(0)

    def all_targets(self) -> list[Target]:
        """Give all targets of all jobs."""
        return [target for _, targets in self._targets.values() for target in targets]

    def targets_of_pod(self, pod: dict[str, Any]) -> list[Target]:
        """Give the targets that a pod has or would have; they are scraped as long as discovery finds the pod."""
        version, known = self._targets.get(pod["metadata"]["uid"], ("", []))
        if version == pod["metadata"]["resourceVersion"]:
            return known
        found = targets_of([job for job in self.configuration.jobs if not job.static], list(discovered([pod])))
        before = {(target.job.name, target.address, target.path): target for target in known}
        kept = []
        for target in found:
            old = before.get((target.job.name, target.address, target.path))
            kept.append(old if old is not None and old.labels == target.labels else target)
        self._targets[pod["metadata"]["uid"]] = (pod["metadata"]["resourceVersion"], kept)
        return kept

    # -- what the API tells

    def targets(self) -> dict[str, Any]:
        """Give ``data`` of /targets."""
        jobs = [job for job in self.configuration.jobs if not job.static]
        labels = list(discovered(self._pods()))
        kept = {(t.job.name, t.discovered.get("__address__", "")) for t in self.all_targets()}
        dropped = [
            dropped_target(job, one) for job in jobs for one in labels if (job.name, one["__address__"]) not in kept
        ]
        interval_s = self.configuration.scrape_interval_s
        active = [active_target(target, interval_s) for target in self.all_targets()]
        return {"activeTargets": active, "droppedTargets": dropped}

    def metadata(self) -> dict[str, Any]:
        """Give ``data`` of /metadata."""
        return self._metadata

    def status(self, what: str) -> dict[str, Any] | None:
        """Give ``data`` of /status/WHAT."""
        return status_data(what, self)

    def own_metrics(self) -> str:
        """Give the page of its own /metrics."""
        return own_page(self)

    # -- scraping

    async def _keep_scraping(self) -> None:
        interval_s = self.configuration.scrape_interval_s
        loop = asyncio.get_running_loop()
        due = loop.time()
        evaluated_s = float("-inf")
        while True:
            if not self.paused:
                await self.scrape()
            if self.rules is not None and loop.time() - evaluated_s >= _EVALUATE_EVERY_S:
                evaluated_s = loop.time()
                self.rules.evaluate(round(time.time() * 1000))
                self.alerts = self.rules.alerts()
            if time.monotonic() - self._tidied_s > _TIDY_EVERY_S:
                self._tidy()
            due = max(due + interval_s, loop.time())
            await asyncio.sleep(due - loop.time())

    def _discover(self, now_ms: int) -> None:
        pods = {pod["metadata"]["uid"]: pod for pod in self._pods()}
        present = set(self._static())
        for pod in pods.values():
            present.update(self.targets_of_pod(pod))
        for uid in self._targets.keys() - pods.keys() - {""}:
            del self._targets[uid]
        for target in self._scraped - present:
            end(target, now_ms, self.samples)
            end_report(target, now_ms, self.samples)
        self._scraped = present

    def _static(self) -> list[Target]:
        if "" not in self._targets:
            jobs = [job for job in self.configuration.jobs if job.static]
            self._targets[""] = ("", targets_of(jobs, []))
        return self._targets[""][1]

    def _scrape_one(self, target: Target, now_ms: int) -> None:
        started = time.perf_counter()
        count, up = 0, 1.0
        try:
            page = self._fetch(target)
            count = ingest(target, page, now_ms, self.samples, self.reading)
            self._learn(page, target)
            target.health, target.last_error = "up", ""
        except OSError:
            up = 0.0
            target.health = "down"
            target.last_error = (
                f'Get "http://{target.address}{target.path}": dial tcp {target.address}: connect: connection refused'
            )
            end(target, now_ms, self.samples)
        except LookupError:
            up = 0.0
            target.health, target.last_error = "down", "server returned HTTP status 404 Not Found"
            end(target, now_ms, self.samples)
        target.last_scrape_ms = now_ms
        target.last_duration_s = time.perf_counter() - started
        report(target, now_ms, self.samples, up, target.last_duration_s, count)

    def _fetch(self, target: Target) -> str:
        if target.job.static:
            return self.own_metrics()
        return self._page(target.address, target.path)

    def _learn(self, page: str, target: Target) -> None:
        if target.last_scrape_ms:
            return
        helps: dict[str, str] = {}
        for line in page.split("\n"):
            parts = line.split(" ", 3)
            if line.startswith("# HELP ") and len(parts) == 4:
                helps[parts[2]] = parts[3]
            elif line.startswith("# TYPE ") and len(parts) == 4:
                entry = {"type": parts[3], "help": helps.get(parts[2], ""), "unit": ""}
                self._metadata.setdefault(parts[2], [entry])

    def _tidy(self) -> None:
        self._tidied_s = time.monotonic()
        self.samples.forget_before(round((time.time() - self.options.retention_s) * 1000))
        for target in self.all_targets():
            target.series = {t: s for t, s in target.series.items() if s is None or s in target.present}


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

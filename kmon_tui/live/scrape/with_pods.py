"""One Prometheus, and the pods themselves where it is away or knows nothing of the selected service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from kmon_tui.backend import Interest, Measures, Memory, Metrics, Patient, Stream
from kmon_tui.domain.doctor.facts import PrometheusFacts, Suspects
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family, Prometheus, TrafficReport
from kmon_tui.live.ending import ended
from kmon_tui.live.scrape.scraper import APART_S, Scraped, Scraper

if TYPE_CHECKING:
    from kmon_tui.domain.tree import Peak

SETTLE_S = 0.5
"""The cursor may run over many rows; only where it rests pods are asked."""
AGAIN_S = 15.0
"""A Prometheus that fails is asked again after so long while pods are scraped."""


class _Asked(Metrics, Measures, Patient, Memory, Protocol):
    """A Prometheus in all its parts."""


class WithPods:
    """All protocols of metrics. While nobody wants pods to be scraped, it is the Prometheus and nothing else."""

    def __init__(self, prometheus: _Asked, scraper: Scraper, *, wanted: bool) -> None:
        """``wanted``: as the configuration of the context says; a person may say otherwise."""
        self._prometheus = prometheus
        self._scraper = scraper
        self._wanted = wanted

    async def poll(self, interest: Interest) -> Stream[TrafficReport]:
        """Stream reports; see ``backend.Metrics``."""
        merger = _Merger(self._prometheus, self._scraper, interest, self._wanted)
        async with aclosing(merger.reports()) as reports:
            async for report in reports:
                yield report

    async def measure(
        self, services: tuple[InferenceService, ...], key: Key, window_s: int, family: Family | None = None
    ) -> Measurement:
        """Measure one service; where Prometheus cannot and pods may be scraped, from two scrapes of its pods."""
        try:
            measured = await self._prometheus.measure(services, key, window_s, family)
        except BackendError as error:
            if not self._wanted:
                raise
            return await self._measure_pods(services, key, family, _away(error))
        if not self._wanted or measured.traffic is not None:
            return measured
        try:
            return await self._measure_pods(services, key, family, ())
        except BackendError as error:
            return replace(measured, prometheus=_with_note(measured.prometheus, _refusal(error)))

    async def examined(self, suspects: Suspects) -> PrometheusFacts:
        """Ask Prometheus about itself."""
        return await self._prometheus.examined(suspects)

    async def memory_peaks(self, namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
        """Ask Prometheus for the most memory of the last hour."""
        return await self._prometheus.memory_peaks(namespace, pods)

    async def _measure_pods(
        self, services: tuple[InferenceService, ...], key: Key, family: Family | None, notes: tuple[str, ...]
    ) -> Measurement:
        isvc = next(one for one in services if one.key == key)
        await self._scraper.scrape(isvc, family)
        await asyncio.sleep(self._scraper.wait_s(key))
        seen = await self._scraper.scrape(isvc, family)
        # The problem is the measurement's own, and told there.
        told = _told(Prometheus(notes=notes), replace(seen, problem=""), self._scraper.now)
        if seen.traffic is None or seen.buckets is None:
            return Measurement(key, told, APART_S, APART_S, problem=seen.problem)
        counts = [row[-1] for row in seen.buckets.counts]
        rate = seen.traffic.requests_per_s
        return Measurement(
            key,
            told,
            APART_S,
            APART_S,
            seen.traffic,
            seen.buckets,
            requests_in_window=None if rate is None else rate * APART_S,
            bucket_totals=tuple(counts),
            problem=seen.problem,
        )


class _Merger:
    """Runs the stream of Prometheus and the scrapes side by side, and puts together what both told last."""

    def __init__(self, prometheus: Metrics, scraper: Scraper, interest: Interest, wanted: bool) -> None:
        self._prometheus = prometheus
        self._scraper = scraper
        self._interest = interest
        self._configured = wanted
        self._report: TrafficReport | None = None
        self._error: BackendError | None = None
        self._seen: Scraped | None = None
        self._refused: tuple[Key, str, datetime] | None = None
        """Which service could not be scraped at the last try, why, and since when."""
        self._news = asyncio.Event()

    @property
    def _wanted(self) -> bool:
        said = self._interest.scrape_pods
        return self._configured if said is None else said

    async def reports(self) -> AsyncGenerator[TrafficReport]:
        """Stream what is known whenever something is new. Raises what Prometheus raises while no pod is scraped."""
        async with _running(self._follow(), self._scrape()) as done:
            while True:
                await self._news.wait()
                self._news.clear()
                for task in done:
                    if task.done():
                        task.result()
                if self._error is not None and not self._wanted:
                    raise self._error
                if self._report is not None or self._wanted:
                    yield self._merged()

    async def _follow(self) -> None:
        try:
            while True:
                try:
                    async with aclosing(self._prometheus.poll(self._interest)) as reports:
                        async for report in reports:
                            self._report, self._error = report, None
                            self._news.set()
                except BackendError as error:
                    self._error, self._report = error, None
                    self._news.set()
                    if not self._wanted:
                        return
                await asyncio.sleep(AGAIN_S)
        finally:
            self._news.set()

    async def _scrape(self) -> None:
        try:
            while True:
                isvc = self._selected()
                if self._wanted and self._seen is not None and (isvc is None or isvc.key != self._seen.key):
                    self._news.set()  # whose numbers are scraped is another matter now
                if isvc is None or not self._wanted or (self._knows(isvc.key) and self._error is None):
                    self._seen = None if not self._wanted else self._seen
                    await self._something(APART_S)
                    continue
                if wait_s := self._scraper.wait_s(isvc.key):
                    await self._something(wait_s)
                    continue
                await asyncio.sleep(SETTLE_S)
                if self._interest.selected != isvc.key:
                    continue
                try:
                    self._seen, self._refused = await self._scraper.scrape(isvc, self._interest.family), None
                except BackendError as error:
                    self._fails(isvc.key, _refusal(error))
                self._news.set()
        finally:
            self._news.set()

    def _fails(self, key: Key, why: str) -> None:
        before = self._refused
        since = before[2] if before is not None and before[0] == key else self._scraper.now
        self._refused = key, why, since

    async def _something(self, limit_s: float) -> None:
        """Wait until another service is selected, somebody says whether to scrape, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.5, limit_s)):
                await self._interest.changed()

    def _selected(self) -> InferenceService | None:
        key = self._interest.selected
        return next((isvc for isvc in self._interest.services if isvc.key == key), None) if key else None

    def _knows(self, key: Key) -> bool:
        return self._report is not None and key in self._report.traffic

    def _merged(self) -> TrafficReport:
        report = self._report or TrafficReport(Prometheus(tick_s=float(APART_S), notes=self._notes()))
        seen, selected = self._seen, self._interest.selected
        if not self._wanted:
            return report
        if seen is not None and seen.key not in report.traffic:
            traffic = {**report.traffic, seen.key: seen.traffic} if seen.traffic else report.traffic
            buckets = {**report.buckets, seen.key: seen.buckets} if seen.buckets else report.buckets
            prometheus = _told(report.prometheus, seen, self._scraper.now)
            if seen.key != selected:  # of the one that is looked at the numbers come from elsewhere
                prometheus = replace(prometheus, scraped="")
            report = replace(report, prometheus=prometheus, traffic=traffic, buckets=buckets)
        refused = self._refused
        if refused is not None and refused[0] == selected and (self._report is None or not self._knows(selected)):
            report = replace(report, prometheus=_with_note(report.prometheus, refused[1], refused[2]))
        return report

    def _notes(self) -> tuple[str, ...]:
        return () if self._error is None else _away(self._error)


def _with_note(prometheus: Prometheus, refusal: str, since: datetime | None = None) -> Prometheus:
    """Say that the pods tell nothing, or nothing more since a moment."""
    why = f"pods are not scraped: {refusal}"
    silent = f", failing since {since.astimezone():%H:%M}" if since is not None and prometheus.scraped else ""
    return replace(prometheus, notes=(*prometheus.notes, why), unscraped=why, scraped=f"{prometheus.scraped}{silent}")


def _refusal(error: BackendError) -> str:
    return f"{error.message}. {error.hint}".rstrip(". ")


def _away(error: BackendError) -> tuple[str, ...]:
    return (f"Prometheus: {error.message}",)


def _told(prometheus: Prometheus, seen: Scraped, now: datetime) -> Prometheus:
    """Say how the numbers of the selected service came about; ``now``: without Prometheus the clock is ours."""
    families = prometheus.families or (seen.traffic.families if seen.traffic else ())
    notes = (*prometheus.notes, *([f"pods: {seen.problem}"] if seen.problem else []))
    return replace(
        prometheus,
        found_by=prometheus.found_by or seen.words,
        families=families,
        scrape_interval_s=max(prometheus.scrape_interval_s or 0.0, float(APART_S)),
        window_s=prometheus.window_s or float(seen.window_s),
        now=prometheus.now or now,
        sampled_at=prometheus.sampled_at or datetime.fromtimestamp(seen.at_s, UTC),
        notes=notes,
        scraped=seen.words,
    )


@asynccontextmanager
async def _running(*jobs: Coroutine[None, None, None]) -> AsyncGenerator[tuple[asyncio.Task[None], ...]]:
    """Run these while the block runs."""
    tasks = tuple(asyncio.create_task(job) for job in jobs)
    try:
        yield tasks
    finally:
        await ended(*tasks, but=(BackendError,))


def with_pods(
    opened: AbstractAsyncContextManager[_Asked], scraper: Scraper, *, wanted: bool
) -> AbstractAsyncContextManager[WithPods]:
    """Wrap a Prometheus that is not open yet."""

    @asynccontextmanager
    async def both() -> AsyncGenerator[WithPods]:
        async with opened as prometheus:
            yield WithPods(prometheus, scraper, wanted=wanted)

    return both()

"""Asks one Prometheus what it scrapes, what it keeps, and what it holds of one service: a few pages, and one question.

Each is a job of its own in the thread of PrometheusClient, so that ticks go on in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from kmon_tui.domain.doctor.facts import Bounds, Job, PrometheusFacts, Scraped, SeriesFact, Suspects, Told
from kmon_tui.domain.doctor.scraping import WALK_JOB
from kmon_tui.domain.errors import BackendError, BadAnswer, TimedOut
from kmon_tui.domain.quantile import parse_le
from kmon_tui.domain.service import InferenceService
from kmon_tui.domain.traffic import Scope
from kmon_tui.live.doctor_questions import (
    BOUNDS,
    COUNTS,
    FAMILIES,
    FRONT,
    SERIES,
    TARGETS,
    Questions,
    at_once,
    by_part,
    families_of,
    fresh_counts,
    questions,
)
from kmon_tui.live.doctor_questions import apart as split
from kmon_tui.live.introduction import skew_of
from kmon_tui.live.owners import Owners
from kmon_tui.live.parts import CLOCK
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_answers import Row
from kmon_tui.settings.nesting import not_too_deep

T = TypeVar("T")

MOST_TARGETS = 3000
"""The targets API tells everything of all of them at once: larger pools are not asked for."""
MOST_POOLS = 3
_SCRAPE_NOTE = "__meta_kubernetes_pod_annotation_prometheus_io_scrape"


class Run(Protocol):
    """Runs a job in the thread of one Prometheus."""

    def __call__(self, job: Callable[[Api], T]) -> Awaitable[T]:
        """Give what the job gives. Raises BackendError."""


async def prometheus_facts(
    run: Run, asked: Run, url: str, found_by: str, matchers: str, suspects: Suspects, skew_s: float | None = None
) -> PrometheusFacts:
    """Ask for some pages, and one question about series. Raises BackendError when it does not answer.

    ``asked`` runs what asks that question: it waits until a tick leaves one. ``skew_s``: its clock minus ours, if that
    is known. Whose families are known is asked by nobody but itself: of that only what leads to the first failing check
    is asked.
    """
    if suspects.families is None:
        answers = await _answers(asked, questions(matchers, suspects), apart=True)
        pages, _ = await _pages(run, PrometheusFacts(url, found_by))
        return await _read(run, pages, await _without_gone(asked, matchers, pages, answers), suspects)
    pages, in_files = await _pages(run, PrometheusFacts(url, found_by, skew_s=Told(skew_s)))
    names = {job.name for job in pages.jobs.value or ()}
    if not suspects.families and names and not in_files and WALK_JOB not in names:
        if skew_s is None:
            pages = replace(pages, skew_s=Told((await _answers(asked, {CLOCK: "vector(time())"})).skew_s))
        # Nothing that would follow from it is worth a question.
        return replace(pages, families=Told(suspects.families))
    answers = await _answers(asked, questions(matchers, suspects))
    return await _read(run, pages, await _without_gone(asked, matchers, pages, answers), suspects)


async def _pages(run: Run, told: PrometheusFacts) -> tuple[PrometheusFacts, bool]:
    """Read what it tells of itself, and whether jobs may be in files beside its configuration."""
    version = await _told(run, lambda api: _text(api, "status/buildinfo", "version"))
    runtime = await _told(run, lambda api: _texts(api, "status/runtimeinfo", "storageRetention", "hostname"))
    retention, host = runtime.value or (None, "")
    config = await _told(run, lambda api: _text(api, "status/config", "yaml"))
    in_files = "scrape_config_files:" in (config.value or "")
    jobs: Told[tuple[Job, ...]] = Told(why=config.why)
    if config.value:
        # Jobs of files (the chart's scrapeConfigFiles) are not in it.
        more = await _told(run, _pools) if in_files else Told(())
        known = await asyncio.to_thread(jobs_of, config.value)
        names = {job.name for job in known}
        jobs = Told((*known, *(Job(name) for name in more.value or () if name not in names)))
    kept = Told(retention, runtime.why)
    return replace(told, version=version, host=host or "", retention=kept, jobs=jobs), in_files


async def _without_gone(asked: Run, matchers: str, pages: PrometheusFacts, answers: Answers) -> Answers:
    """Count targets of a job that the configuration does not have again, only those that are still scraped."""
    names = {job.name for job in pages.jobs.value or ()}
    counted = {row.metric.get("job") for row in answers.by_part[COUNTS].value or ()}
    if not names or WALK_JOB in names or WALK_JOB not in counted:
        return answers
    fresh = await _told(asked, lambda api: _answer(api, {COUNTS: fresh_counts(matchers)}))
    return answers if fresh.value is None else replace(answers, by_part={**answers.by_part, **fresh.value.by_part})


async def _read(run: Run, told: PrometheusFacts, answers: Answers, suspects: Suspects) -> PrometheusFacts:
    """Put together what the series tell."""
    isvc = suspects.isvc
    families: Told[tuple[str, ...]] = Told(suspects.families)
    if suspects.families is None:
        families = answers.told(FAMILIES, lambda rows: families_of(rows, Scope.PODS))
        told = replace(told, skew_s=Told(answers.skew_s))
        told = replace(told, front=answers.told(FRONT, lambda rows: families_of(rows, Scope.USERS)))
    counts = answers.told(COUNTS, _counts)
    targets = answers.told(TARGETS, _targets)
    if targets.value:
        errors = await _told(run, lambda api: _with_errors(api, targets.value or (), counts.value or {}))
        targets = targets if errors.value is None else errors
    told = replace(told, families=families, counts=counts, targets=targets)
    if isvc is None:
        return told
    owners = Owners(suspects.services)
    series = answers.told(SERIES, lambda rows: _series(rows, isvc, owners))
    bounds: Told[tuple[Bounds, ...]] = Told(())
    if BOUNDS in answers.by_part:
        bounds = answers.told(BOUNDS, _bounds)
    return replace(told, series=series, bounds=bounds)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered to each part, or why it was not."""

    by_part: Mapping[str, Told[Sequence[Row]]]
    skew_s: float | None = None
    """Its clock minus ours, if it was asked for."""

    def told(self, part: str, read: Callable[[Sequence[Row]], T]) -> Told[T]:
        """Read one part."""
        rows = self.by_part.get(part, Told())
        return Told(why=rows.why) if rows.value is None else Told(read(rows.value))


async def _answers(run: Run, asked: Questions, *, apart: bool = False) -> Answers:
    """Ask all at once, or, where that is refused or takes too long, in a few groups. Raises BackendError."""
    try:
        return await run(lambda api: _answer(api, asked))
    except (BadAnswer, TimedOut):
        if not apart:
            raise
    first, *others = split(asked)
    found = await run(lambda api: _answer(api, first))
    by_part = dict(found.by_part)
    for group in others:
        more = await _told(run, partial(_answer, asked=group))
        by_part |= more.value.by_part if more.value else {part: Told(why=more.why) for part in group}
    return replace(found, by_part=by_part)


def _answer(api: Api, asked: Questions) -> Answers:
    before_s = time.time()
    rows = by_part(api.query(at_once(asked)))
    skew_s = skew_of(rows[CLOCK], before_s, time.time()) if CLOCK in rows else None
    return Answers({part: Told(rows.get(part, ())) for part in asked}, skew_s)


def jobs_of(text: str) -> tuple[Job, ...]:
    """Read the jobs of a configuration; what cannot be read is none."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(not_too_deep(text), loader)
    except (yaml.YAMLError, RecursionError):
        return ()
    if not isinstance(document, Mapping):
        return ()
    entries, usual = document.get("scrape_configs"), document.get("global")
    interval = str(usual.get("scrape_interval", "")) if isinstance(usual, Mapping) else ""
    return tuple(
        _job(one, interval) for one in (entries if isinstance(entries, list) else ()) if isinstance(one, Mapping)
    )


def _job(entry: Mapping[str, Any], interval: str) -> Job:
    found = entry.get("kubernetes_sd_configs")
    roles = [one.get("role") for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    rules = entry.get("relabel_configs")
    annotated = any(
        isinstance(rule, Mapping) and rule.get("action") == "keep" and _SCRAPE_NOTE in str(rule.get("source_labels"))
        for rule in (rules if isinstance(rules, list) else ())
    )
    return Job(
        str(entry.get("job_name", "")),
        interval=str(entry.get("scrape_interval") or interval),
        annotated_only=annotated and "pod" in roles,
        discovers=any(str(name).endswith("_sd_configs") for name in entry),
    )


async def _told(run: Run, job: Callable[[Api], T]) -> Told[T]:
    try:
        return Told(await run(job))
    except BackendError as error:
        return Told(why=error.message)


def _text(api: Api, path: str, name: str) -> str:
    return _texts(api, path, name)[0]


def _texts(api: Api, path: str, *names: str) -> tuple[str, ...]:
    found = api.read(path)
    return tuple(str(found.get(name) or "") if isinstance(found, dict) else "" for name in names)


def _pools(api: Api) -> tuple[str, ...]:
    """Name all jobs that are loaded (Prometheus 2.42 and newer)."""
    found = api.read("scrape_pools")
    names = found.get("scrapePools") if isinstance(found, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _counts(rows: Sequence[Row]) -> Mapping[str, int]:
    return {row.metric.get("job", ""): int(float(row.value[1])) for row in rows}


def _targets(rows: Sequence[Row]) -> tuple[Scraped, ...]:
    """Give the targets of the pods of one service whatever their job; without pods those of our jobs that are down."""
    found: dict[tuple[str, str], Scraped] = {}
    for row in rows:
        metric = row.metric
        job, instance = metric.get("job", ""), metric.get("instance", "")
        found[job, instance] = Scraped(
            job=job,
            instance=instance,
            health="up" if row.value[1] == "1" else "down",
            pod=metric.get("pod") or metric.get("kubernetes_pod_name", ""),
            namespace=metric.get("namespace") or metric.get("kubernetes_namespace", ""),
            service_name=metric.get("service_name", ""),
        )
    return tuple(found.values())


def _with_errors(api: Api, found: Sequence[Scraped], counts: Mapping[str, int]) -> tuple[Scraped, ...]:
    """Add what the targets API says of those that are down; where it is not there, they are down without a reason."""
    pools = sorted({one.job for one in found if one.health == "down"})
    errors: dict[tuple[str, str], tuple[str, str]] = {}
    for pool in pools[:MOST_POOLS]:
        if counts.get(pool, 0) <= MOST_TARGETS:
            errors |= _errors(api, pool)
    told = []
    for one in found:
        error, url = errors.get((one.job, one.instance), ("", "")) if one.health == "down" else ("", "")
        told.append(replace(one, last_error=error, url=url))
    return tuple(told)


def _errors(api: Api, pool: str) -> dict[tuple[str, str], tuple[str, str]]:
    from urllib.parse import quote

    try:
        answer = api.read(f"targets?state=active&scrapePool={quote(pool)}")
    except BackendError:
        return {}  # Thanos and Mimir have no targets
    active = answer.get("activeTargets") if isinstance(answer, dict) else None
    errors = {}
    for target in active if isinstance(active, list) else ():
        labels = target.get("labels") if isinstance(target, dict) else None
        if isinstance(labels, dict) and target.get("health") == "down":
            place = (str(labels.get("job", "")), str(labels.get("instance", "")))
            errors[place] = (str(target.get("lastError", "")), str(target.get("scrapeUrl", "")))
    return errors


def _series(rows: Sequence[Row], isvc: InferenceService, owners: Owners) -> tuple[SeriesFact, ...]:
    """Tell of each counter whether its labels lead back to the service."""
    metrics = [row.metric for row in rows]
    mine = {_place(metric) for metric in metrics if owners.owner(metric) == isvc.key}
    return tuple(
        SeriesFact(
            metric["__name__"],
            metric.get("job", ""),
            metric.get("instance", ""),
            metric.get("service_name", ""),
            metric.get("namespace", ""),
            _place(metric) in mine,
        )
        for metric in metrics
        if metric.get("__name__") != "target_info" and (_place(metric) in mine or owners.owner(metric) is None)
    )


def _bounds(rows: Sequence[Row]) -> tuple[Bounds, ...]:
    """Find where the histograms of its pods end."""
    largest: dict[str, float] = {}
    for row in rows:
        metric = row.metric
        bound = parse_le(metric.get("le", ""))
        if bound is not None and bound != float("inf"):
            largest[metric["__name__"]] = max(largest.get(metric["__name__"], 0.0), bound)
    return tuple(Bounds(name, bound) for name, bound in sorted(largest.items()))


def _place(metric: Mapping[str, str]) -> tuple[str, str]:
    return metric.get("job", ""), metric.get("instance", "")

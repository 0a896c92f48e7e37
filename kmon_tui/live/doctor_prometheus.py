"""Asks one Prometheus what it scrapes, what it keeps, and what it holds of one service. Bounded, question by question.

Each question is a job of its own in the thread of PrometheusClient, so that ticks go on in between.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from kmon_tui.domain.doctor.facts import Bounds, Job, PodFacts, PrometheusFacts, Scraped, SeriesFact, Suspects, Told
from kmon_tui.domain.doctor.scraping import WALK_JOB
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.quantile import parse_le
from kmon_tui.domain.service import InferenceService
from kmon_tui.domain.traffic import Scope
from kmon_tui.live import dialects
from kmon_tui.live.dialects import quoted, quoted_choice
from kmon_tui.live.owners import Owners
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import NAMES, TARGET
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_answers import Row
from kmon_tui.settings.nesting import not_too_deep

T = TypeVar("T")

OUR_JOBS = "kserve-.*"
MOST_TARGETS = 3000
"""The targets API tells everything of all of them at once: larger pools are not asked for."""
MOST_POOLS = 3
MOST_PODS = 20
_SCRAPE_NOTE = "__meta_kubernetes_pod_annotation_prometheus_io_scrape"


class Run(Protocol):
    """Runs a job in the thread of one Prometheus."""

    def __call__(self, job: Callable[[Api], T]) -> Awaitable[T]:
        """Give what the job gives. Raises BackendError."""


async def prometheus_facts(
    run: Run, url: str, found_by: str, matchers: str, suspects: Suspects, skew_s: float | None = None
) -> PrometheusFacts:
    """Ask some ten questions. Raises BackendError when it does not answer the first one.

    ``skew_s``: its clock minus ours, if that is known. Whose families are known is asked by nobody but itself, and has
    to wait for each answer until a tick leaves a question: of that only what leads to the first failing check is asked.
    """
    isvc, pods = suspects.isvc, suspects.pods
    unasked = suspects.families is not None
    skew_s = await run(_skew) if skew_s is None else skew_s
    version = await _told(run, lambda api: _text(api, "status/buildinfo", "version"))
    retention = await _told(run, lambda api: _text(api, "status/runtimeinfo", "storageRetention"))
    families = Told(suspects.families)
    front: Told[tuple[str, ...]] = Told()
    if not unasked:
        families = await _told(run, lambda api: _families(api, matchers))
        front = await _told(run, lambda api: _families(api, matchers, Scope.USERS))
    config = await _told(run, lambda api: _text(api, "status/config", "yaml"))
    jobs: Told[tuple[Job, ...]] = Told(why=config.why)
    if config.value:
        # Jobs of files beside the configuration (the chart's scrapeConfigFiles) are not in it.
        more = await _told(run, _pools) if "scrape_config_files:" in config.value else Told(())
        known = await asyncio.to_thread(jobs_of, config.value)
        names = {job.name for job in known}
        jobs = Told((*known, *(Job(name) for name in more.value or () if name not in names)))
    told = PrometheusFacts(url, found_by, version=version, retention=retention, skew_s=Told(skew_s), jobs=jobs)
    told = replace(told, families=families, front=front)
    in_files = "scrape_config_files:" in (config.value or "")
    names_told = {job.name for job in jobs.value or ()}
    if unasked and not families.value and names_told and not in_files and WALK_JOB not in names_told:
        return told  # nothing that would follow from it is worth a question
    counts = await _told(run, lambda api: _counts(api, matchers))
    targets = await _told(run, lambda api: _targets(api, matchers, pods, counts.value or {}))
    series: Told[tuple[SeriesFact, ...]] = Told()
    bounds: Told[tuple[Bounds, ...]] = Told()
    if isvc is not None:
        owners = Owners(suspects.services)
        series = await _told(run, lambda api: _series(api, matchers, isvc, pods, owners))
    if isvc is not None and (series.value or not unasked):
        bounds = await _told(run, lambda api: _bounds(api, matchers, isvc, pods))
    return replace(told, counts=counts, targets=targets, series=series, bounds=bounds)


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
    )


async def _told(run: Run, job: Callable[[Api], T]) -> Told[T]:
    try:
        return Told(await run(job))
    except BackendError as error:
        return Told(why=error.message)


def _skew(api: Api) -> float:
    before = time.time()
    rows = api.query("vector(time())")
    after = time.time()
    return float(rows[0].value[1]) - (before + after) / 2 if rows else 0.0


def _text(api: Api, path: str, name: str) -> str:
    found = api.read(path)
    return str(found.get(name) or "") if isinstance(found, dict) else ""


def _pools(api: Api) -> tuple[str, ...]:
    """Name all jobs that are loaded (Prometheus 2.42 and newer)."""
    found = api.read("scrape_pools")
    names = found.get("scrapePools") if isinstance(found, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _families(api: Api, matchers: str, scope: Scope = Scope.PODS) -> tuple[str, ...]:
    there = {row.metric.get("__name__", "") for row in api.query(dialects.probe(matchers, (scope,)))}
    ours = {family: dialect for family, dialect in DIALECTS.items() if dialect.scope is scope}
    return tuple(str(family) for family, dialect in ours.items() if there & set(dialect.requests))


def _counts(api: Api, matchers: str) -> Mapping[str, int]:
    rows = api.query(f"count by (job) (up{{job=~{quoted(OUR_JOBS)}{_and(matchers)}}})")
    return {row.metric.get("job", ""): int(float(row.value[1])) for row in rows}


def _targets(api: Api, matchers: str, pods: tuple[PodFacts, ...], counts: Mapping[str, int]) -> tuple[Scraped, ...]:
    """Give the targets of the pods of one service whatever their job; without pods those of our jobs that are down."""
    parts = [f"up{{{where}{_and(matchers)}}}" for where in _of_pods(pods)]
    if not parts:
        parts = [f"(up{{job=~{quoted(OUR_JOBS)}{_and(matchers)}}} == 0)"]
    found: dict[tuple[str, str], Scraped] = {}
    for row in api.query(" or ".join(parts)):
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
    return tuple(_with_errors(api, found, counts))


def _with_errors(api: Api, found: Mapping[tuple[str, str], Scraped], counts: Mapping[str, int]) -> Iterable[Scraped]:
    """Add what the targets API says of those that are down; where it is not there, they are down without a reason."""
    pools = sorted({one.job for one in found.values() if one.health == "down"})
    errors: dict[tuple[str, str], tuple[str, str]] = {}
    for pool in pools[:MOST_POOLS]:
        if counts.get(pool, 0) <= MOST_TARGETS:
            errors |= _errors(api, pool)
    for place, one in found.items():
        error, url = errors.get(place, ("", "")) if one.health == "down" else ("", "")
        yield Scraped(one.job, one.instance, one.health, error, one.pod, one.namespace, one.service_name, url)


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


def _series(
    api: Api, matchers: str, isvc: InferenceService, pods: tuple[PodFacts, ...], owners: Owners
) -> tuple[SeriesFact, ...]:
    """Ask for the counters that its pods or its name lead to, and whether their labels lead back to it."""
    of_pods = [dialect for dialect in DIALECTS.values() if dialect.scope is Scope.PODS]
    counters = "|".join(sorted({name for dialect in of_pods for name in dialect.requests}))
    by = ", ".join(("__name__", *TARGET, *NAMES))
    name = re.escape(isvc.key.name)
    places = [*_of_pods(pods), f"service_name=~{quoted(f'{name}(-(predictor|transformer|explainer)(-default)?)?')}"]
    parts = [f'count by ({by}) ({{__name__=~"({counters}|target_info)",{where}{_and(matchers)}}})' for where in places]
    rows = [row.metric for row in api.query(" or ".join(parts))]
    mine = {_place(metric) for metric in rows if owners.owner(metric) == isvc.key}
    return tuple(
        SeriesFact(
            metric["__name__"],
            metric.get("job", ""),
            metric.get("instance", ""),
            metric.get("service_name", ""),
            metric.get("namespace", ""),
            _place(metric) in mine,
        )
        for metric in rows
        if metric.get("__name__") != "target_info" and (_place(metric) in mine or owners.owner(metric) is None)
    )


def _bounds(api: Api, matchers: str, isvc: InferenceService, pods: tuple[PodFacts, ...]) -> tuple[Bounds, ...]:
    """Find where the histograms of its pods end."""
    names = "|".join(sorted({dialect.latency.series for dialect in DIALECTS.values() if dialect.latency}))
    parts = [f'count by (__name__, le) ({{__name__=~"{names}",{where}{_and(matchers)}}})' for where in _of_pods(pods)]
    largest: dict[str, float] = {}
    rows: list[Row] = api.query(" or ".join(parts)) if parts else []
    for row in rows:
        metric = row.metric
        bound = parse_le(metric.get("le", ""))
        if bound is not None and bound != float("inf"):
            largest[metric["__name__"]] = max(largest.get(metric["__name__"], 0.0), bound)
    return tuple(Bounds(name, bound) for name, bound in sorted(largest.items()))


def _of_pods(pods: tuple[PodFacts, ...]) -> list[str]:
    """Give matchers for the targets of these pods: by a label with their name, and by their address."""
    some = [pod for pod in pods if pod.phase == "Running"][:MOST_PODS]
    names = {pod.name for pod in some}
    addresses = "|".join(sorted(re.escape(f"[{pod.ip}]" if ":" in pod.ip else pod.ip) for pod in some if pod.ip))
    found = [f"{label}=~{quoted_choice(names)}" for label in ("pod", "kubernetes_pod_name") if names]
    if addresses:
        found.append(f"instance=~{quoted(f'({addresses}):[0-9]+')}")
    return found


def _place(metric: Mapping[str, str]) -> tuple[str, str]:
    return metric.get("job", ""), metric.get("instance", "")


def _and(matcher: str) -> str:
    return f",{matcher}" if matcher else ""

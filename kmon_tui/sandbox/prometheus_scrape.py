"""Scraping: pages of text become samples, by the rules of Prometheus."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kmon_tui.sandbox.prometheus_config import Job
from kmon_tui.sandbox.prometheus_relabel import relabelled
from kmon_tui.sandbox.promql.samples import Samples, Series
from kmon_tui.sandbox.promql.values import NAME, Labels

Fetch: TypeAlias = Callable[[str, str], Awaitable[str]]
"""Give the page at (address, path); OSError when nobody listens there."""

_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(slots=True, eq=False)
class Target:
    """One address that is scraped, and how the last scrape went."""

    job: Job
    discovered: Labels
    labels: Labels
    """As they stand on every series: instance, job and what relabelling made."""
    address: str
    path: str
    health: str = "unknown"
    last_error: str = ""
    last_scrape_ms: int = 0
    last_duration_s: float = 0.0
    series: dict[str, Series | None] = field(default_factory=dict)
    """By the text of the line without its value; None: dropped by a rule."""
    present: set[Series] = field(default_factory=set)
    """What the last page held: what is missing on the next one becomes stale."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What differs in how Prometheus versions read a page."""

    floats_in_le: bool = False
    """Prometheus 3 writes ``le="100"`` as ``le="100.0"``."""


def targets_of(jobs: Sequence[Job], discovered: Sequence[Labels]) -> list[Target]:
    """Give the targets of all jobs after relabelling, each label set once."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], Target] = {}
    for job in jobs:
        sources = [{"__address__": address} for address in job.static] or discovered
        for labels in sources:
            before = {"__metrics_path__": job.metrics_path, "__scheme__": "http", "job": job.name, **labels}
            after = relabelled(before, job.targets)
            if after is None or "__address__" not in after:
                continue
            address, path = after["__address__"], after["__metrics_path__"]
            if ":" not in address:
                address = f"{address}:80"
            after.setdefault("instance", address)
            public = {name: value for name, value in after.items() if not name.startswith("__")}
            key = (f"{job.name} {address}{path}", frozenset(public.items()))
            found.setdefault(key, Target(job, before, public, address, path))
    return list(found.values())


def ingest(target: Target, page: str, time_ms: int, samples: Samples, reading: Reading) -> int:
    """Add the samples of a page, and stale markers for series that it holds no longer; gives their number."""
    seen: set[Series] = set()
    known = target.series
    count = 0
    for line in page.split("\n"):
        if not line or line[0] == "#":
            continue
        text, _, number = line.rpartition(" ")
        if text in known:
            series = known[text]
        else:
            labels = sample_labels(text, target, reading)
            series = known[text] = None if labels is None else samples.series(labels)
        count += 1
        if series is not None:
            series.append(time_ms, float(number))
            seen.add(series)
    for gone in target.present - seen:
        gone.mark_stale(time_ms)
    target.present = seen
    return count


def sample_labels(text: str, target: Target, reading: Reading) -> Labels | None:
    """Give the labels of a line's series: its own, the target's over them, then the job's metric rules."""
    name, _, inner = text.partition("{")
    labels: Labels = {NAME: name.strip()}
    own = {key: _ESCAPED.sub(_unescaped, value) for key, value in _LABEL.findall(inner)}
    for key, value in own.items():
        labels[f"exported_{key}" if key in target.labels else key] = value
    if reading.floats_in_le and "le" in labels:
        labels["le"] = _as_float(labels["le"])
    labels.update(target.labels)
    return relabelled(labels, target.job.metrics)


def report(target: Target, time_ms: int, samples: Samples, up: float, duration_s: float, count: int) -> None:
    """Add what Prometheus notes of each scrape itself: up and the scrape_ series."""
    values = {
        "up": up,
        "scrape_duration_seconds": duration_s,
        "scrape_samples_scraped": float(count),
        "scrape_samples_post_metric_relabeling": float(len(target.present)),
        "scrape_series_added": 0.0,
    }
    for name, value in values.items():
        samples.series({NAME: name, **target.labels}).append(time_ms, value)


def end(target: Target, time_ms: int, samples: Samples) -> None:
    """Mark all series of a target as stale: it failed or is gone."""
    for series in target.present:
        series.mark_stale(time_ms)
    target.present = set()


def end_report(target: Target, time_ms: int, samples: Samples) -> None:
    """Mark up and the scrape_ series as stale: the target itself is gone."""
    for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped"):
        samples.series({NAME: name, **target.labels}).mark_stale(time_ms)
    for name in ("scrape_samples_post_metric_relabeling", "scrape_series_added"):
        samples.series({NAME: name, **target.labels}).mark_stale(time_ms)


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def _as_float(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return text if math.isinf(number) else repr(number)

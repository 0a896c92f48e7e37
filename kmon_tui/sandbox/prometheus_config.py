"""The configuration of the sandbox's Prometheus, read from the same YAML that a real one reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from kmon_tui.sandbox.prometheus_relabel import Rule, rules_of


@dataclass(frozen=True, slots=True)
class Job:
    """One scrape job."""

    name: str
    targets: tuple[Rule, ...] = ()
    metrics: tuple[Rule, ...] = ()
    static: tuple[str, ...] = ()
    """Addresses of static_configs; a job without them discovers pods."""
    metrics_path: str = "/metrics"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole prometheus.yml."""

    text: str
    jobs: tuple[Job, ...]
    scrape_interval_s: float


def configuration_of(text: str, scrape_interval_s: float) -> Configuration:
    """Read a prometheus.yml; the global scrape interval is replaced by the one that is asked for."""
    document: dict[str, Any] = yaml.safe_load(text)
    interval = f"{scrape_interval_s:g}s"
    document.setdefault("global", {}).update(scrape_interval=interval, evaluation_interval="1m", scrape_timeout="5s")
    jobs = tuple(
        Job(
            name=entry["job_name"],
            targets=rules_of(entry.get("relabel_configs")),
            metrics=rules_of(entry.get("metric_relabel_configs")),
            static=tuple(address for group in entry.get("static_configs", ()) for address in group["targets"]),
            metrics_path=entry.get("metrics_path", "/metrics"),
        )
        for entry in document["scrape_configs"]
    )
    return Configuration(yaml.safe_dump(document, sort_keys=False), jobs, scrape_interval_s)

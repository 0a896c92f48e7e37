"""What Prometheus tells of itself: targets, build, flags, its own metrics."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kmon_tui.sandbox.prometheus_config import Job
from kmon_tui.sandbox.prometheus_scrape import Target
from kmon_tui.sandbox.promql.values import Labels

if TYPE_CHECKING:
    from kmon_tui.sandbox.prometheus import Prometheus

_NEVER = "0001-01-01T00:00:00Z"


def active_target(target: Target, interval_s: float) -> dict[str, Any]:
    """Give one entry of activeTargets."""
    url = f"http://{target.address}{target.path}"
    return {
        "discoveredLabels": target.discovered,
        "labels": target.labels,
        "scrapePool": target.job.name,
        "scrapeUrl": url,
        "globalUrl": url,
        "lastError": target.last_error,
        "lastScrape": _moment(target.last_scrape_ms / 1000) if target.last_scrape_ms else _NEVER,
        "lastScrapeDuration": target.last_duration_s,
        "health": target.health,
        "scrapeInterval": f"{interval_s:g}s",
        "scrapeTimeout": "5s",
    }


def dropped_target(job: Job, labels: Labels) -> dict[str, Any]:
    """Give one entry of droppedTargets."""
    more = {"__metrics_path__": job.metrics_path, "__scheme__": "http", "job": job.name}
    return {"discoveredLabels": {**labels, **more}}


def status_data(what: str, server: Prometheus) -> dict[str, Any] | None:
    """Give ``data`` of /status/WHAT; None for an unknown one."""
    if what == "buildinfo":
        return {
            "version": server.version,
            "revision": "unknown",
            "branch": "HEAD",
            "buildUser": "sandbox@localhost",
            "buildDate": "20260101-00:00:00",
            "goVersion": "go1.24.0",
        }
    if what == "config":
        return {"yaml": server.configuration.text}
    if what == "flags":
        return {
            "config.file": "/etc/config/prometheus.yml",
            "query.lookback-delta": "5m",
            "query.timeout": "2m",
            "storage.tsdb.path": "/data",
            "storage.tsdb.retention.time": f"{server.options.retention_s:g}s",
            "web.enable-lifecycle": "true",
            "web.listen-address": "0.0.0.0:9090",
        }
    if what == "runtimeinfo":
        return _runtime(server)
    if what == "tsdb":
        return _tsdb(server)
    return None


def _runtime(server: Prometheus) -> dict[str, Any]:
    return {
        "startTime": _moment(server.started_s),
        "CWD": "/prometheus",
        "reloadConfigSuccess": True,
        "lastConfigTime": _moment(server.started_s),
        "corruptionCount": 0,
        "goroutineCount": 48,
        "GOMAXPROCS": os.cpu_count() or 1,
        "GOGC": "75",
        "GODEBUG": "",
        "storageRetention": f"{server.options.retention_s / 3600:g}h",
    }


def _tsdb(server: Prometheus) -> dict[str, Any]:
    names: dict[str, int] = {}
    newest_ms = 0
    for series in server.samples:
        name = series.labels["__name__"]
        names[name] = names.get(name, 0) + 1
        newest_ms = max(newest_ms, series.newest_ms)
    largest = sorted(names.items(), key=lambda entry: -entry[1])[:10]
    return {
        "headStats": {
            "numSeries": len(server.samples),
            "numLabelPairs": 0,
            "chunkCount": len(server.samples),
            "minTime": round((server.started_s - server.options.retention_s) * 1000),
            "maxTime": newest_ms,
        },
        "seriesCountByMetricName": [{"name": name, "value": count} for name, count in largest],
        "labelValueCountByLabelName": [],
        "memoryInBytesByLabelName": [],
        "seriesCountByLabelValuePair": [],
    }


def own_page(server: Prometheus) -> str:
    """Give the page of its own /metrics."""
    lines = [
        "# HELP prometheus_build_info Which build this is.",
        "# TYPE prometheus_build_info gauge",
        f'prometheus_build_info{{version="{server.version}"}} 1',
        "# HELP prometheus_tsdb_head_series Series in memory.",
        "# TYPE prometheus_tsdb_head_series gauge",
        f"prometheus_tsdb_head_series {len(server.samples)}",
        "# HELP process_start_time_seconds Start time of this process.",
        "# TYPE process_start_time_seconds gauge",
        f"process_start_time_seconds {server.started_s:.2f}",
    ]
    return "\n".join(lines) + "\n"


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What the Metrics view shows as a table and as a document: CSV and JSON. Unknown is empty, or null."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Buckets, Prometheus, Series, Traffic
from kmon_tui.render.marks import Mark


def csv_text(buckets: Buckets, traffic: Traffic | None, prometheus: Prometheus) -> str:
    """Write one row a step: time, requests per second (by class), quantiles, gauges, requests by bucket, the source."""
    columns = _columns(buckets)
    scope = traffic.scope.value if traffic is not None else ""
    top_ms = max((bound for bound in buckets.le_ms if math.isfinite(bound)), default=None)
    source = {
        "top_bound_ms": "" if top_ms is None else f"{top_ms:.6g}",  # a quantile that equals it is more than this
        "family": buckets.family.value,
        "scope": scope,
        "source": prometheus.scraped or prometheus.url,
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", "unix_s", *columns, *source])
    for back in range(_steps(columns) - 1, -1, -1):
        at_s = buckets.end_s - back * buckets.step_s
        values = [row[-1 - back] if back < len(row) else None for row in columns.values()]
        moment = datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")
        told = ["" if value is None else f"{value:.6g}" for value in values]
        writer.writerow([moment, round(at_s, 3), *told, *source.values()])
    return out.getvalue()


def json_document(
    key: Key,
    buckets: Buckets,
    traffic: Traffic | None,
    prometheus: Prometheus,
    marks: Sequence[Mark],
    age_s: float | None,
) -> str:
    """Write everything with its units and where it comes from; ``age_s``: of the newest sample, when it was drawn."""
    columns = _columns(buckets)
    content = {
        "kind": key.kind.value,
        "namespace": key.namespace,
        "name": key.name,
        "family": buckets.family.value,
        "families": [one.value for one in traffic.families] if traffic is not None else [],
        "means": (traffic.means or None) if traffic is not None else None,
        "scope": traffic.scope.value if traffic is not None else None,
        "range_s": buckets.step_s * _steps(columns),
        "step_s": buckets.step_s,
        "rate_window_s": prometheus.window_s,
        "end_unix_s": buckets.end_s,
        "prometheus": {
            "url": prometheus.url or None,
            "found_by": prometheus.found_by or None,
            "version": prometheus.version or None,
            "matchers": prometheus.matchers or None,
            "scraped": prometheus.scraped or None,
        },
        "remark": buckets.remark or (traffic.remark if traffic is not None else "") or None,
        "now": None if traffic is None else _now(traffic, age_s),
        "series": {name: _points(buckets, values) for name, values in columns.items() if ":" not in name},
        "buckets": [
            {"le_ms": None if math.isinf(le) else le, "series": _points(buckets, _known(row))}
            for le, row in zip(buckets.le_ms, buckets.counts, strict=False)
        ],
        "marks": [{"unix_s": round(mark.at_s, 3), "what": mark.what.value, "words": mark.words} for mark in marks],
        "promql": dict(buckets.queries),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def file_stem(key: Key, now: datetime) -> str:
    """Give a file name that is a name everywhere, whatever the cluster calls the service."""
    safe = "-".join(re.sub(r"[^A-Za-z0-9.]+", "_", part).strip("._")[:60] for part in (key.namespace, key.name))
    return f"kmon-{safe}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _columns(buckets: Buckets) -> dict[str, list[float | None]]:
    found = {f"requests_per_s {code}": _values(one) for code, one in sorted(buckets.by_code.items())}
    found |= {f"users_requests_per_s {code}": _values(one) for code, one in sorted(buckets.users_by_code.items())}
    found |= {f"{name}_ms": _values(one) for name, one in sorted(buckets.quantiles.items())}
    found |= {name: _values(one) for name, one in sorted(buckets.gauges.items())}
    for le, row in zip(buckets.le_ms, buckets.counts, strict=False):
        found[f"requests le_ms:{'+Inf' if math.isinf(le) else f'{le:g}'}"] = _known(row)
    return found


def _steps(columns: Mapping[str, Sequence[float | None]]) -> int:
    return max((len(values) for values in columns.values()), default=0)


def _values(series: Series) -> list[float | None]:
    return _known(series.values)


def _known(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _points(buckets: Buckets, values: Sequence[float | None]) -> list[tuple[float, float | None]]:
    first_s = buckets.end_s - buckets.step_s * (len(values) - 1)
    return [(round(first_s + i * buckets.step_s, 3), value) for i, value in enumerate(values)]


def _now(traffic: Traffic, age_s: float | None) -> dict[str, object]:
    known = not traffic.latency_due
    return {
        "requests_per_s": traffic.requests_per_s,
        "error_ratio": traffic.error_ratio,
        "pods_error_ratio": traffic.pods_error_ratio,
        "p50_ms": traffic.p50_ms if known else None,
        "p90_ms": traffic.p90_ms if known else None,
        "p99_ms": traffic.p99_ms if known else None,
        "top_bound_ms": traffic.top_bound_ms,
        "mean_ms": traffic.mean_ms,
        "age_s": age_s,
    }

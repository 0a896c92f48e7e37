"""Random samples and many queries, on which the evaluator is compared with a real Prometheus."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import yaml

from kmon_tui.sandbox.promql import Samples

START_S = 1_700_000_000
BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, math.inf)
HERE = Path(__file__).parent.parent / "data" / "promql"


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of an exposition with a time."""

    labels: dict[str, str]
    time_s: float
    value: float


def families(seed: int, scrapes: int = 400) -> dict[str, list[Sample]]:
    """Make counters, gauges and histograms with gaps and restarts, two namespaces of three services."""
    rng = random.Random(seed)
    found: dict[str, list[Sample]] = {name: [] for name in ("req_bucket", "req_count", "req_sum", "gauge", "info")}
    for namespace in "ab":
        for number in range(3):
            _service(rng, {"ns": namespace, "svc": f"s{number}"}, number, scrapes, found)
    return found


def _service(
    rng: random.Random, labels: dict[str, str], number: int, scrapes: int, found: dict[str, list[Sample]]
) -> None:
    counts, total, requests, gauge = [0] * len(BOUNDS), 0.0, 0, 5.0
    step_s = rng.choice([14, 15, 16])
    for scrape in range(scrapes):
        time_s = round(START_S + scrape * step_s + rng.random() * 2, 3)
        if rng.random() < 0.05:
            continue  # a scrape that was missed
        if rng.random() < 0.01:
            counts, total, requests = [0] * len(BOUNDS), 0.0, 0  # a restart
        for _ in range(rng.randint(0, 30)):
            took_s = rng.expovariate(10 / (number + 1))
            requests += 1
            total += took_s
            counts = [count + (took_s <= bound) for count, bound in zip(counts, BOUNDS, strict=True)]
        gauge += rng.uniform(-1, 1)
        for bound, count in zip(BOUNDS, counts, strict=True):
            le = "+Inf" if math.isinf(bound) else repr(bound)
            found["req_bucket"].append(Sample({**labels, "le": le}, time_s, count))
        found["req_count"].append(Sample(labels, time_s, requests))
        found["req_sum"].append(Sample(labels, time_s, round(total, 6)))
        found["gauge"].append(Sample(labels, time_s, round(gauge, 6)))
        found["info"].append(Sample({**labels, "rev": f"r{number}"}, time_s, 1))


def samples_of(found: dict[str, list[Sample]]) -> Samples:
    """Put the samples where the evaluator reads them."""
    samples = Samples()
    for name, rows in found.items():
        for row in sorted(rows, key=lambda sample: sample.time_s):
            samples.series({"__name__": name, **row.labels}).append(round(row.time_s * 1000), float(row.value))
    return samples


def open_metrics(found: dict[str, list[Sample]]) -> str:
    """Write the samples for ``promtool tsdb create-blocks-from openmetrics``."""
    lines = []
    for name, rows in found.items():
        lines.append(f"# TYPE {name} unknown")
        for row in rows:
            inner = ",".join(f'{key}="{value}"' for key, value in row.labels.items())
            lines.append(f"{name}{{{inner}}} {row.value} {row.time_s}")
    return "\n".join([*lines, "# EOF", ""])


def range_queries() -> list[str]:
    """All queries that are asked by range: our own list, and the rules of every metric family."""
    own = (HERE / "range-queries.txt").read_text().splitlines()
    rules = yaml.safe_load((HERE / "promql-rules.yaml").read_text())
    return [query for query in own if query] + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def instant_queries() -> list[str]:
    """Queries whose answer has an order or a type that only an instant query shows."""
    return [query for query in (HERE / "instant-queries.txt").read_text().splitlines() if query]


def bad_queries() -> list[str]:
    """Queries that Prometheus refuses."""
    return [query for query in (HERE / "bad-queries.txt").read_text().splitlines() if query]

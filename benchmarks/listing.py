"""The list of 10,000 services, into domain values, against the official client's own list."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.outside import cluster
from benchmarks.programs import ENVIRONMENT
from benchmarks.table import Row, at_most

SERVICES = 10_000
TIMES = 5


def rows() -> Iterator[Row]:
    """Measure both ways in turn on one cluster."""
    with cluster(SERVICES) as outside:
        pairs = [(_measure("theirs", outside.kubeconfig), _measure("ours", outside.kubeconfig)) for _ in range(TIMES)]
    for field, what, limit, unit in (("cpu_s", "CPU", 0.2, "s"), ("mb", "memory", 0.5, "MB")):
        ratio = statistics.median(ours[field] / theirs[field] for theirs, ours in pairs)
        theirs, ours = (statistics.median(pair[place][field] for pair in pairs) for place in range(2))
        note = f"{ours:.2f} {unit} against {theirs:.2f} {unit}"
        yield at_most(f"list of {SERVICES:,}: {what}, x CustomObjectsApi.list", ratio, limit, "x", note)


def _measure(way: str, kubeconfig: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.listing_child", way, kubeconfig]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=ENVIRONMENT, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip()[-1500:])
    told: dict[str, float] = json.loads(done.stdout)
    if told["services"] != SERVICES:
        raise ValueError(f"{way} listed {told['services']} services")
    return told

"""What the API server has to bear, read from its own log."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from benchmarks.outside import cluster
from benchmarks.programs import ENVIRONMENT, KMON
from benchmarks.table import Row, at_most
from kmon_tui import __version__
from tests.e2e.terminal import Terminal

SERVICES = 2000
START_S = 15.0
IDLE_S = 60.0
PAGE = 500


def rows() -> Iterator[Row]:
    """Count the requests of the start, then those of a minute in which nothing happens."""
    with cluster(SERVICES, pods=True) as outside:
        command = (*KMON, "--kubeconfig", outside.kubeconfig, "-A")
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            terminal.wait_for("model-0")
            terminal.read_for(START_S)
            start = outside.log()
            terminal.read_for(IDLE_S)
            idle = outside.log()[len(start) :]
    pages = 2 * math.ceil(SERVICES / PAGE)
    watches = {(one["path"], one["resource"]) for one in start + idle if one["verb"] == "watch"}
    lists = [one for one in idle if one["verb"] == "list"]
    yield at_most(f"start with {SERVICES:,} services and pods: requests", len(start), 12 + pages, "", _verbs(start))
    yield at_most("idle: different watches", len(watches), 5)
    yield at_most("idle: requests a minute", len(idle), 10, "", _verbs(idle))
    yield at_most("idle: lists", len(lists), 0)
    yield at_most("most requests within a second", _densest(start + idle), 25, "", "5 a second, burst 20")
    agents = {one["agent"] for one in start + idle}
    expected = f"kmon-tui/{__version__}"
    yield Row("User-Agent", expected, ", ".join(sorted(agents)), agents == {expected})
    yield from _refused()


def _refused() -> Iterator[Row]:
    with cluster(100, forbid="pods") as outside:
        command = (*KMON, "--kubeconfig", outside.kubeconfig, "-A")
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            terminal.wait_for("model-0")
            terminal.read_for(IDLE_S)
            refused = [one for one in outside.log() if one["status"] == 403]
    asked = [f"{one['verb']} {one['path']}" for one in refused]
    most = max((asked.count(one) for one in asked), default=0)
    note = f"{len(asked)} refusals of {len(set(asked))} questions"
    yield at_most(f"one refused question (403) within {IDLE_S:.0f} s", most, 1, " times", note)


def _verbs(log: list[dict[str, Any]]) -> str:
    verbs = [one["verb"] or one["path"] for one in log]
    return ", ".join(f"{verbs.count(verb)} {verb}" for verb in sorted(set(verbs)))


def _densest(log: list[dict[str, Any]]) -> int:
    times = sorted(one["time"] for one in log)
    return max((sum(1 for other in times if at_s <= other < at_s + 1) for at_s in times), default=0)

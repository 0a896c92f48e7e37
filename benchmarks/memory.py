"""What 10,000 services take after ten minutes: their pods, 500 changes a second, 60 points of traffic of each."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import fleet
from benchmarks.outside import cluster, prometheus
from benchmarks.programs import ENVIRONMENT
from benchmarks.table import Row, at_most
from tests.e2e import processes
from tests.e2e.terminal import Terminal

MINUTES = 10
"""At the start half an hour is not asked for: after so many minutes each service has 60 points."""
LOOK_S = 15.0


def rows() -> Iterator[Row]:
    """Run for ten minutes, and look at the memory all the time."""
    seen: list[float] = []
    with cluster(fleet.SERVICES, pods=True) as outside, prometheus(fleet.SERVICES) as url:
        command = fleet.command(outside, "--prometheus", url)
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            fleet.load(terminal, outside)
            outside.set_events_per_s(fleet.EVENTS_PER_S)
            for _ in range(round(MINUTES * 60 / LOOK_S)):
                terminal.read_for(LOOK_S)
                if not terminal.is_running:
                    raise ValueError(f"the program has ended: {terminal.text()}")
                seen.append(processes.rss_mb(terminal.pid))
    what = f"{fleet.SERVICES:,} services with pods, {fleet.EVENTS_PER_S} events/s, traffic"
    at_minutes = ", ".join(f"{seen[round(minute * 60 / LOOK_S) - 1]:.0f}" for minute in range(1, MINUTES + 1))
    yield at_most(f"{what}: RSS after {MINUTES} minutes", seen[-1], 160, " MB", f"each minute {at_minutes}")
    yield at_most(f"{what}: most RSS until then", max(seen), 160, " MB")

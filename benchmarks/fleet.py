"""10,000 services, 500 changes a second, traffic for all of them: do keys answer, and what does it cost?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import keys
from benchmarks.outside import Cluster, cluster, prometheus
from benchmarks.programs import EMPTY, ENVIRONMENT, KMON
from benchmarks.samples import percentile
from benchmarks.table import Row, at_most
from tests.e2e import processes
from tests.e2e.terminal import Terminal

SERVICES = 10_000
EVENTS_PER_S = 500
KEYS = 150
PAUSE_S = 0.06
SETTLE_S = 12.0
MEASURE_S = 15.0


@dataclass(frozen=True, slots=True)
class Floor:
    """What a key costs in an empty Textual program."""

    p50_ms: float
    p99_ms: float


def rows() -> Iterator[Row]:
    """Measure near, then far away."""
    floor = empty_floor()
    yield Row("key->paint in an empty Textual program", "", f"p50 {floor.p50_ms:.1f} ms, p99 {floor.p99_ms:.1f} ms")
    for place, round_trip_s in (("", 0.0), (", 80 ms away", 0.08)):
        with cluster(SERVICES, pods=True, round_trip_s=round_trip_s) as outside:
            yield from _without_traffic(outside, place)
            with prometheus(SERVICES, round_trip_s=round_trip_s) as url:
                yield from _with_traffic(outside, url, floor, place)


def empty_floor() -> Floor:
    """Measure it."""
    with Terminal(EMPTY, columns=120, rows=40, env=ENVIRONMENT) as terminal:
        terminal.wait_for("position 0#")
        took = keys.latencies_ms(terminal, "j" * KEYS, PAUSE_S, keys.empty_position)
    return Floor(percentile(took, 0.5), percentile(took, 0.99))


def command(outside: Cluster, *more: str) -> Sequence[str]:
    """Give kmon-tui as it is started on this cluster."""
    return (*KMON, "--kubeconfig", outside.kubeconfig, "-A", *more)


def load(terminal: Terminal, outside: Cluster) -> None:
    """Wait until all services are there, sorted by name, and what follows their arrival is over."""
    terminal.wait_for("model-0", timeout_s=60)
    terminal.send("N")
    terminal.wait_for("model-00000")
    terminal.read_for(SETTLE_S)


def _without_traffic(outside: Cluster, place: str) -> Iterator[Row]:
    with Terminal(command(outside), columns=120, rows=40, env=ENVIRONMENT) as terminal:
        load(terminal, outside)
        outside.set_events_per_s(EVENTS_PER_S)
        terminal.read_for(2.0)
        cpu = _cpu_percent(terminal)
        outside.set_events_per_s(0)
    what = f"{SERVICES:,} services, {EVENTS_PER_S} events/s{place}"
    yield at_most(f"{what}: CPU of a core without polling", cpu, 7, " %")


def _with_traffic(outside: Cluster, url: str, floor: Floor, place: str) -> Iterator[Row]:
    with Terminal(command(outside, "--prometheus", url), columns=120, rows=40, env=ENVIRONMENT) as terminal:
        load(terminal, outside)
        outside.set_events_per_s(EVENTS_PER_S)
        terminal.read_for(3.0)
        took = keys.latencies_ms(terminal, "j" * KEYS, PAUSE_S, keys.table_position)
        cpu = _cpu_percent(terminal)
        rss = processes.rss_mb(terminal.pid)
        outside.set_events_per_s(0)
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    what = f"{SERVICES:,} services, {EVENTS_PER_S} events/s, traffic{place}"
    yield at_most(f"{what}: key->paint p50, x empty", p50 / floor.p50_ms, 5, "x", f"{p50:.1f} ms")
    yield at_most(
        f"{what}: key->paint p99, x empty", p99 / floor.p99_ms, 8, "x", f"{p99:.1f} ms, worst {max(took):.0f}"
    )
    yield Row(f"{what}: CPU of a core with polling", "", f"{cpu:.1f} %")
    yield at_most(f"{what}: RSS", rss, 160, " MB")


def _cpu_percent(terminal: Terminal) -> float:
    before_s = processes.cpu_s(terminal.pid)
    terminal.read_for(MEASURE_S)
    if not terminal.is_running:
        raise ValueError(f"the program has ended: {terminal.text()}")
    return (processes.cpu_s(terminal.pid) - before_s) / MEASURE_S * 100

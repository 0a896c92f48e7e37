"""What goes over the wire of an ssh session."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.outside import cluster, prometheus
from benchmarks.programs import ENVIRONMENT, KMON
from benchmarks.table import Row, at_most
from tests.e2e.terminal import Terminal

SETTLE_S = 8.0
MEASURE_S = 20.0


def rows() -> Iterator[Row]:
    """Measure small and large pages whose every row changes."""
    yield at_most("bytes, 80x24, 20 rows change every 2 s", _kb_per_s(20, 10, 80, 24), 4, " kB/s")
    yield at_most("bytes, 120x40, every row of a full page at 1 Hz", _kb_per_s(40, 40, 120, 40), 16, " kB/s")
    yield at_most("bytes, 120x40, full page with traffic, no other change", _with_traffic_kb_per_s(), 16, " kB/s")


def _kb_per_s(services: int, events_per_s: float, columns: int, lines: int) -> float:
    with cluster(services, events_per_s=events_per_s) as outside:
        command = (*KMON, "--kubeconfig", outside.kubeconfig, "-A")
        with Terminal(command, columns=columns, rows=lines, env=ENVIRONMENT) as terminal:
            return _measure(terminal)


def _with_traffic_kb_per_s() -> float:
    with cluster(40) as outside, prometheus(40) as url:
        command = (*KMON, "--kubeconfig", outside.kubeconfig, "-A", "--prometheus", url)
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            return _measure(terminal)


def _measure(terminal: Terminal) -> float:
    terminal.wait_for("model-0")
    terminal.read_for(SETTLE_S)
    return terminal.read_for(MEASURE_S) / MEASURE_S / 1000

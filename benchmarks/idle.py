"""Nothing changes: a screen that is left open all day must cost nothing."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.outside import cluster
from benchmarks.programs import ENVIRONMENT, KMON
from benchmarks.table import Row, at_most
from tests.e2e import processes
from tests.e2e.terminal import Terminal

SETTLE_S = 15.0
"""Ages step by ten seconds in the first minute; the services of the benchmark are older than that."""
BYTES_S = 5.0
CPU_S = 20.0


def rows() -> Iterator[Row]:
    """Measure a fleet of 1,000 services in which nothing happens."""
    with cluster(1000) as outside:
        command = (*KMON, "--kubeconfig", outside.kubeconfig, "-A")
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            terminal.wait_for("model-0")
            terminal.read_for(SETTLE_S)
            written = terminal.read_for(BYTES_S)
            before_s = processes.cpu_s(terminal.pid)
            terminal.read_for(CPU_S)
            cpu = (processes.cpu_s(terminal.pid) - before_s) / CPU_S * 100
    yield at_most(f"idle: bytes written in {BYTES_S:.0f} s", written, 0, " B")
    yield at_most("idle: CPU of a core", cpu, 0.5, " %")

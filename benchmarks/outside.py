"""The outside of a benchmark, as child processes: a big cluster, a Prometheus that knows it, both maybe far away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from benchmarks.programs import ENVIRONMENT


class Cluster:
    """An API server in a process of its own."""

    def __init__(self, kubeconfig: str, stdin: IO[str], stdout: IO[str]) -> None:
        self.kubeconfig = kubeconfig
        self._stdin = stdin
        self._stdout = stdout

    def set_events_per_s(self, rate: float) -> None:
        """Change how many services change each second."""
        self._stdin.write(f"events {rate}\n")
        self._stdin.flush()

    def log(self) -> list[dict[str, Any]]:
        """Read what was asked of it so far."""
        self._stdin.write("log\n")
        self._stdin.flush()
        return list(json.loads(self._stdout.readline()))


@contextmanager
def cluster(
    services: int, *, events_per_s: float = 0.0, pods: bool = False, round_trip_s: float = 0.0, forbid: str = ""
) -> Iterator[Cluster]:
    """Run an API server with this many services; ``forbid`` names a resource that nobody may use."""
    flags = ["--services", str(services), "--events-per-s", str(events_per_s), "--round-trip-s", str(round_trip_s)]
    flags += ["--forbid", forbid]
    with _child("benchmarks.cluster_child", [*flags, *(["--pods"] if pods else [])]) as (value, stdin, stdout):
        yield Cluster(value, stdin, stdout)


@contextmanager
def writing_pods() -> Iterator[tuple[str, Callable[[float], None]]]:
    """Run an API server whose pods write; gives its kubeconfig, and what sets how many lines they write a second."""
    with _child("benchmarks.logs_child", []) as (value, stdin, _stdout):

        def set_lines_per_s(rate: float) -> None:
            stdin.write(f"{rate}\n")
            stdin.flush()

        yield value, set_lines_per_s


@contextmanager
def prometheus(services: int, *, round_trip_s: float = 0.0) -> Iterator[str]:
    """Run a Prometheus that knows this many services; gives its URL."""
    flags = ["--services", str(services), "--round-trip-s", str(round_trip_s)]
    with _child("benchmarks.prometheus_child", flags) as (value, _stdin, _stdout):
        yield value


@contextmanager
def _child(module: str, flags: list[str]) -> Iterator[tuple[str, IO[str], IO[str]]]:
    command = [sys.executable, "-m", module, *flags]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().partition("=")[2], process.stdin, process.stdout
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

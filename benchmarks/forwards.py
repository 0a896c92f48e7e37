"""Our forwards beside ``kubectl port-forward``: the same pod, the same run, TLS, each side in a process of its own."""

from __future__ import annotations

import asyncio
import re
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from benchmarks import forwards_screen
from benchmarks.programs import KMON, program
from benchmarks.table import Row, at_most, number
from tests.e2e import tools
from tests.e2e.processes import rss_mb

MEGABYTES = 200
ROUNDS = 5
SMALL = 200
PATIENCE_S = 60.0
"""A side that answers nothing for so long is given up."""


def rows() -> Iterator[Row]:
    """Measure both in turns, so that what else the machine does falls on both."""
    with ExitStack() as stack:
        kubeconfig, _ = stack.enter_context(program(sys.executable, "-m", "benchmarks.pod_child"))
        ours, pid = stack.enter_context(program(*KMON, "forward", "--kubeconfig", kubeconfig, "pod/iris-pod:8080"))
        theirs, _ = stack.enter_context(
            program(str(tools.kubectl()), "--kubeconfig", kubeconfig, "port-forward", "pod/iris-pod", ":8080")
        )
        ports = int(ours.rpartition(":")[2]), int(re.findall(r":(\d+) ->", theirs)[0])
        for port in ports:
            small(port, 20)
        before_mb = rss_mb(pid)
        yield _at_least("download", *_both(down, ports), " MB/s")
        yield _at_least("upload", *_both(up, ports), " MB/s")
        mine, others = _both(lambda port: small(port, SMALL), ports)
        note = f"{number(mine)} ms, kubectl {number(others)} ms"
        yield at_most("new connection and a small GET, p50", mine / others, 0.8, "x kubectl", note)
        mine, others = _both(at_once, ports)
        yield Row("200 connections at once", "all answered", f"{number(mine)} ms, kubectl {number(others)} ms", True)
        yield at_most("memory gained by all of that", rss_mb(pid) - before_mb, 15, " MB")
    yield from forwards_screen.rows()


def down(port: int) -> float:
    """Download and give MB/s."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as near:
        began_s = time.perf_counter()
        near.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % MEGABYTES)
        left, space = MEGABYTES << 20, bytearray(1 << 20)
        while left > 0:
            size = near.recv_into(space)
            if not size:
                raise ValueError("the download was cut")
            left -= size
        return (MEGABYTES << 20) / 1e6 / (time.perf_counter() - began_s)


def up(port: int) -> float:
    """Upload and give MB/s."""
    block = bytes(1 << 20)
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as near:
        began_s = time.perf_counter()
        near.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MEGABYTES << 20))
        for _ in range(MEGABYTES):
            near.sendall(block)
        if not near.recv(100).endswith(b"ok"):
            raise ValueError("the upload was cut")
        return (MEGABYTES << 20) / 1e6 / (time.perf_counter() - began_s)


def small(port: int, times: int) -> float:
    """Connect and ask, again and again; give the median in ms."""
    took_ms = []
    for _ in range(times):
        began_s = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as near:
            near.sendall(b"GET / HTTP/1.1\r\n\r\n")
            if not near.recv(100).endswith(b"ok"):
                raise ValueError("a small request was cut")
        took_ms.append((time.perf_counter() - began_s) * 1e3)
    return statistics.median(took_ms)


def at_once(port: int) -> float:
    """Open 200 connections at once and give the ms until the last has its answer."""

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"ok")
        writer.close()

    async def all_of_them() -> None:
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            for _ in range(200):
                tasks.create_task(ask())

    began_s = time.perf_counter()
    asyncio.run(all_of_them())
    return (time.perf_counter() - began_s) * 1e3


def _both(measure: Callable[[int], float], ports: tuple[int, int]) -> tuple[float, float]:
    """Give the medians of ours and of kubectl."""
    measured = [tuple(measure(port) for port in ports) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    return ours, theirs


def _at_least(what: str, ours: float, theirs: float, unit: str) -> Row:
    told = f"{number(ours / theirs)}x  ({number(ours)}{unit}, kubectl {number(theirs)}{unit})"
    return Row(what, ">= 0.8x kubectl", told, ours / theirs >= 0.8)

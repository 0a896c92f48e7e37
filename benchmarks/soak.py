"""Thirty forwards at once while one is stopped, one pod is deleted, one port refuses and one reader stalls."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

from benchmarks.programs import ENVIRONMENT
from benchmarks.soak_child import BLOCK
from benchmarks.table import Row, at_most, number
from tests.e2e.processes import rss_mb

FORWARDS = 27
"""Besides the one that is stopped, the one whose pod is deleted, and the one whose port refuses."""
MEGABYTES = 20
"""Each of them carries so many up and as many down: together 1 GB."""
HELD = 400
STALL_S = 10.0


class Child:
    """A child program that answers each line with a line."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        self.pid = self._process.pid
        self.first = self._answer()

    def ask(self, line: str) -> str:
        """Send a line and give the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline().strip()):
            raise ValueError("a child program ended")
        return line


def rows() -> Iterator[Row]:
    """Soak, with the cluster and the forwards in processes of their own."""
    with ExitStack() as stack:
        pods = stack.enter_context(closing(Child("benchmarks.soak_child")))
        ours = stack.enter_context(closing(Child("benchmarks.forwards_child", pods.first)))
        one = int(ours.ask("open isvc/steady"))
        small(one)
        before_mb = rss_mb(ours.pid)
        steady = [int(ours.ask("open isvc/steady")) for _ in range(10)]
        for port in steady:
            small(port)
        yield at_most("memory of ten forwards that were used", rss_mb(ours.pid) - before_mb, 15, " MB")
        steady += [int(ours.ask("open isvc/steady")) for _ in range(FORWARDS - len(steady))]
        stopped, victim, deaf = (int(ours.ask(f"open isvc/{name}")) for name in ("steady", "victim", "deaf"))
        small(stopped)
        small(victim)
        yield from _storm(pods, ours, steady, (stopped, victim, deaf), one)
        yield Row(f"{HELD} connections held over one forward, all answered", "all", f"{hold_many(one)} of {HELD}")


def _storm(pods: Child, ours: Child, steady: list[int], others: tuple[int, int, int], stalled: int) -> Iterator[Row]:
    stopped, victim, deaf = others
    began_s = time.perf_counter()
    with ThreadPoolExecutor(len(steady) + 1) as pool, stalling(stalled):
        whole = [pool.submit(both_ways, port) for port in steady]
        ours.ask(f"stop {stopped}")
        refused = ended(deaf)
        pods.ask("victim-1")
        gap_s, failures = gap(victim)
        good = sum(future.result() for future in whole)
        took_s = time.perf_counter() - began_s
    carried_mb = 2 * MEGABYTES * len(steady) * 1.048576
    note = f"{good} of {len(steady)} whole  ({number(carried_mb)} MB with checksums in {number(took_s)} s)"
    what = "a forward stopped, a pod deleted, a port refused, a reader stalled: the others"
    yield Row(what, "whole", note, good == len(steady))
    yield Row("a port that nobody serves ends its connection alone", "reset", refused, refused == "reset")
    yield at_most(
        "until the next connection works after the pod was deleted", gap_s, 1.0, " s", f"{failures} failed before"
    )


def small(port: int) -> None:
    """Connect, ask and check the answer."""
    with socket.create_connection(("127.0.0.1", port), 30) as near:
        near.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        if near.recv(2) != b"ok":
            raise ValueError("a small request was cut")


def both_ways(port: int) -> bool:
    """Download and upload; tell whether every byte was right."""
    expected = hashlib.sha256(BLOCK * MEGABYTES).hexdigest()
    with socket.create_connection(("127.0.0.1", port), 120) as near:
        near.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % MEGABYTES)
        digest, left = hashlib.sha256(), MEGABYTES << 20
        while left:
            chunk = near.recv(min(left, 1 << 18))
            if not chunk:
                return False
            digest.update(chunk)
            left -= len(chunk)
        near.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MEGABYTES << 20))
        for _ in range(MEGABYTES):
            near.sendall(BLOCK)
        told = b""
        while len(told) < 64 and (chunk := near.recv(64)):
            told += chunk
    return digest.hexdigest() == told.decode() == expected


def gap(port: int) -> tuple[float, int]:
    """Connect again and again; give the seconds until that works, and how many connections failed before."""
    began_s, failures = time.perf_counter(), 0
    while time.perf_counter() - began_s < 20:
        try:
            small(port)
            return time.perf_counter() - began_s, failures
        except (OSError, ValueError):
            failures += 1
    return 20.0, failures


def ended(port: int) -> str:
    """Give how a connection to a port that nobody serves ends."""
    with socket.create_connection(("127.0.0.1", port), 30) as near:
        try:
            return "closed" if not near.recv(1) else "answered"
        except ConnectionResetError:
            return "reset"


def hold_many(port: int) -> int:
    """Hold many connections open at once, then ask over each; give how many answer."""
    with ExitStack() as stack:
        nears = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(HELD)]
        for near in nears:
            near.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        return sum(near.recv(2) == b"ok" for near in nears)


@contextmanager
def stalling(port: int) -> Generator[None]:
    """Ask for much over one connection and read nothing for ten seconds, beside what happens in the block."""
    with socket.create_connection(("127.0.0.1", port), 30) as near:
        near.sendall(b"GET /64 HTTP/1.1\r\n\r\n")
        began_s = time.monotonic()
        yield
        time.sleep(max(0.0, STALL_S - (time.monotonic() - began_s)))

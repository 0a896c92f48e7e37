"""10,000 lines a second from six pods: do keys answer, does memory stay, and is what was dropped said?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyte

from benchmarks import objects
from benchmarks.fleet import KEYS, empty_floor
from benchmarks.outside import writing_pods
from benchmarks.programs import ENVIRONMENT, KMON
from benchmarks.samples import percentile
from benchmarks.table import Row, at_most
from tests.e2e import processes
from tests.e2e.terminal import Terminal, replay

LINES_PER_S = 10_000
FLOOD_S = 30.0
PAUSE_S = 0.12
"""Between two keys; shorter, and a paint that is late would be taken for that of the next key."""
FIRST_ROW = 2
"""Below the two lines of the head."""


def rows() -> Iterator[Row]:
    """Measure while the lines come."""
    empty = empty_floor()
    namespace, name = objects.place_of(0)
    with writing_pods() as (kubeconfig, write):
        command = (*KMON, "--kubeconfig", kubeconfig, "-n", namespace, name)
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            terminal.wait_for(f"{namespace}/{name}", timeout_s=30)
            terminal.send("l")
            terminal.wait_for("predict_ms", timeout_s=30)
            before_mb = processes.rss_mb(terminal.pid)
            write(LINES_PER_S)
            terminal.read_for(FLOOD_S / 3)
            early_mb = processes.rss_mb(terminal.pid)
            began = processes.cpu_s(terminal.pid)
            first = len(terminal.chunks)
            sent_s = _pressed(terminal)
            cpu = (processes.cpu_s(terminal.pid) - began) / (KEYS * PAUSE_S + 1.0) * 100
            terminal.read_for(max(0.0, FLOOD_S * 2 / 3 - KEYS * PAUSE_S))
            late_mb = processes.rss_mb(terminal.pid)
            # Only now: looking takes longer than the flood, and the program would wait for its terminal meanwhile.
            took = _latencies_ms(terminal, first, sent_s)
            head = terminal.lines()[0]
    what = f"logs, {LINES_PER_S:,} lines/s of 6 pods"
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    yield at_most(f"{what}: key->paint p99", p99, 50, " ms", f"p50 {p50:.1f}, worst {max(took):.0f}")
    yield at_most(f"{what}: key->paint p99, x empty", p99 / empty.p99_ms, 8, "x", f"empty {empty.p99_ms:.1f} ms")
    yield at_most(f"{what}: memory between 10 and 30 s", late_mb - early_mb, 15, " MB", f"before {before_mb:.0f} MB")
    yield Row(f"{what}: CPU of a core", "", f"{cpu:.0f} %")
    said = re.search(r"dropped ([\d,]+)", head)
    yield Row(f"{what}: says what was dropped", "yes", said[0] if said else "no", said is not None)


def _pressed(terminal: Terminal) -> list[float]:
    """Send keys that each turn the times of the lines on or off; gives when each was sent."""
    sent_s = []
    for key in "t" * KEYS:
        sent_s.append(terminal.send(key))
        terminal.read_for(PAUSE_S)
    terminal.read_for(1.0)
    return sent_s


def _latencies_ms(terminal: Terminal, first: int, sent_s: list[float]) -> list[float]:
    """Give the time from each key to the paint that shows it; ``first``: the chunk of output that followed the first.

    A key whose paint was overtaken by that of the next one counts as the time until its state is seen again.
    """
    seen = [(arrived_s, _has_times(screen)) for arrived_s, screen in replay(terminal)]
    before = seen[first - 1][1]
    took = []
    for number, key_s in enumerate(sent_s):
        wanted = before if number % 2 else not before
        paint_s = next((at for at, shown in seen[first:] if at >= key_s and shown == wanted), seen[-1][0])
        took.append((paint_s - key_s) * 1000)
    return took


def _has_times(screen: pyte.Screen) -> bool:
    """Look at one paint."""
    return bool(re.match(r"\d\d:\d\d:\d\d ", screen.display[FIRST_ROW]))

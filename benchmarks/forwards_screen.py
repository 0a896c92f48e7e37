"""While a gigabyte flows through a forward of the screen: do keys answer, and do all of its bytes come?"""

from __future__ import annotations

import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import keys
from benchmarks.programs import EMPTY, ENVIRONMENT, KMON, program
from benchmarks.samples import percentile
from benchmarks.table import Row, at_most, number
from tests.e2e.terminal import Terminal

GIGABYTE = 1024
"""MiB that the pod is asked for, again and again while keys are pressed."""
KEYS = 100
PAUSE_S = 0.06
OPEN = re.compile(r"open\*?\s+127\.0\.0\.1:(\d+)")
"""The row of the forward; the asterisk says that it starts by itself."""
FORWARDS = """
contexts:
  sandbox:
  - {name: big, target: pod/iris-pod:8080, autostart: true}
"""


def rows() -> Iterator[Row]:
    """Measure the empty program and ours in one run."""
    with tempfile.TemporaryDirectory(prefix="kmon-bench-") as folder:
        Path(folder, "config.yaml").touch()
        Path(folder, "forwards.yaml").write_text(FORWARDS)
        environment = {**ENVIRONMENT, "KMON_CONFIG": str(Path(folder, "config.yaml"))}
        with program(sys.executable, "-m", "benchmarks.pod_child") as (kubeconfig, _):
            floor = _empty()
            command = (*KMON, "--kubeconfig", kubeconfig, "-A")
            with Terminal(command, columns=120, rows=40, env=environment) as terminal:
                yield from _measure(terminal, floor)


def _measure(terminal: Terminal, floor: list[float]) -> Iterator[Row]:
    port = _port(terminal)
    with ThreadPoolExecutor(1) as pool:
        began_s = time.perf_counter()
        download = pool.submit(_download, port)
        terminal.read_for(0.5)
        took = keys.latencies_ms(terminal, "j" * KEYS, PAUSE_S, keys.table_position)
        flowed = not download.done()
        mb = download.result()
    note = f"{percentile(took, 0.99):.1f} ms, empty {percentile(floor, 0.99):.1f} ms"
    speed = f"{number(mb / (time.perf_counter() - began_s))} MB/s{'' if flowed else ', over before the last key'}"
    ratio = percentile(took, 0.99) / percentile(floor, 0.99)
    yield at_most("key->paint p99 while gigabytes flow, x empty", ratio, 8, "x", f"{note}; {speed}")
    ratio = percentile(took, 0.5) / percentile(floor, 0.5)
    yield Row("the same, p50", "", f"{number(ratio)}x  ({percentile(took, 0.5):.1f} ms)")


def _empty() -> list[float]:
    with Terminal(EMPTY, columns=120, rows=40, env=ENVIRONMENT) as terminal:
        terminal.wait_for("position 0#")
        return keys.latencies_ms(terminal, "j" * KEYS, PAUSE_S, keys.empty_position)


def _port(terminal: Terminal) -> int:
    """Read the local port of the forward, and come back to the list of services, sorted by name."""
    terminal.wait_for("model-0", timeout_s=60)
    terminal.send("f")
    terminal.wait_for(lambda screen: OPEN.search(screen.text()) is not None)
    found = OPEN.search(terminal.text())
    assert found is not None
    terminal.send("\x1b")
    terminal.wait_for("model-0")
    terminal.read_for(0.5)
    terminal.send("N")
    terminal.wait_for("model-00000")
    terminal.read_for(2.0)
    return int(found[1])


def _download(port: int) -> float:
    """Read gigabytes for as long as the keys take; give the MB that came. ValueError when one is missing."""
    until_s = time.perf_counter() + 0.5 + KEYS * PAUSE_S + 1.0
    space, mb = bytearray(1 << 20), 0.0
    while time.perf_counter() < until_s:
        with socket.create_connection(("127.0.0.1", port), 60) as near:
            near.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % GIGABYTE)
            head = near.recv(200, socket.MSG_PEEK).partition(b"\r\n\r\n")[0]
            left = len(head) + 4 + (GIGABYTE << 20)
            while left:
                size = near.recv_into(space, min(left, len(space)))
                if not size:
                    raise ValueError(f"the download was cut: {left:,} bytes are missing")
                left -= size
        mb += (GIGABYTE << 20) / 1e6
    return mb

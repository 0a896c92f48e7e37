"""From the command to the first character on the screen, against a Textual program that only says hello."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.outside import cluster
from benchmarks.programs import ENVIRONMENT, HELLO, KMON, recording_imports
from benchmarks.samples import paired_ratio
from benchmarks.table import Row, at_most
from tests.e2e.terminal import Terminal

TIMES = 9
HEAVY = (
    *("kubernetes", "aiohttp", "httpx", "requests", "pydantic", "plotext", "prometheus_api_client"),
    *("msgspec", "promql_parser", "cryptography"),
)


def rows() -> Iterator[Row]:
    """Measure the screen on a cluster of 1,000 services, near and far, and the demo."""
    for place, round_trip_s in (("", 0.0), (", 80 ms away", 0.08)):
        with cluster(1000, round_trip_s=round_trip_s) as outside:
            command = (*KMON, "--kubeconfig", outside.kubeconfig, "-A")
            yield _against_hello(f"first paint{place}, x hello-world Textual", command)
            yield _first_rows(f"first rows{place}", command)
            if not round_trip_s:
                yield _heavy_modules("heavy modules imported before it", ("--kubeconfig", outside.kubeconfig))
    yield _against_hello("first paint of --demo, x hello-world Textual", (*KMON, "--demo"))


def _against_hello(what: str, command: Sequence[str]) -> Row:
    _first_paint_s(command)  # compiles what was edited since
    ratio, hello_s, ours_s = paired_ratio(lambda: _first_paint_s(HELLO), lambda: _first_paint_s(command), TIMES)
    return at_most(what, ratio, 1.5, "x", f"{ours_s * 1000:.0f} ms, hello {hello_s * 1000:.0f} ms")


def _first_paint_s(command: Sequence[str]) -> float:
    with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
        paint_s = terminal.wait_for_first_paint()
        if b"Traceback" in terminal.raw:
            raise ValueError(terminal.text())
        terminal.kill()
        return paint_s


def _first_rows(what: str, command: Sequence[str]) -> Row:
    with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
        terminal.wait_for(lambda seen: b"model-0" in seen.raw)
        return Row(what, "", f"{(terminal.chunks[-1][0] - terminal.started_s) * 1000:.0f} ms")


def _heavy_modules(what: str, flags: Sequence[str]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "imports"
        command = (*recording_imports(log), *flags)
        with Terminal(command, columns=120, rows=40, env=ENVIRONMENT) as terminal:
            painted_s = terminal.started_s + terminal.wait_for_first_paint()
        imports = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    before = {name.partition(".")[0] for at_s, name in imports if float(at_s) < painted_s}
    found = sorted(before & set(HEAVY))
    return Row(what, "none", ", ".join(found) or "none", not found)

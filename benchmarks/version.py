"""`kmon-tui --version`: what a shell script or a prompt waits for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.programs import ENVIRONMENT, KMON, recording_imports
from benchmarks.samples import paired_ratio
from benchmarks.table import Row, at_most

NOT_NEEDED = ("textual", "rich", "importlib.metadata", "kubernetes", "yaml")


def rows() -> Iterator[Row]:
    """Measure it against a Python that does nothing."""
    ratio, nothing_s, version_s = paired_ratio(
        lambda: _took_s(sys.executable, "-c", "pass"), lambda: _took_s(*KMON, "--version"), 15
    )
    note = f"{version_s * 1000:.0f} ms, python -c pass {nothing_s * 1000:.0f} ms"
    yield at_most("--version, x python -c pass", ratio, 3, "x", note)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "imports"
        _took_s(*recording_imports(log), "--version")
        names = {line.split()[1] for line in log.read_text(encoding="utf-8").splitlines()}
    extra = sorted(name for name in NOT_NEEDED if name in names)
    yield Row("--version imports none of " + ", ".join(NOT_NEEDED), "none", ", ".join(extra) or "none", not extra)


def _took_s(*command: str) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - began_s

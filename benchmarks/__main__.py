"""`python -m benchmarks [NAME…]`: measure all, or the named ones, and print what was reached. Always exits 0."""

from __future__ import annotations

import importlib
import os
import sys
import time

from benchmarks.table import Row, lines

NAMES = (
    "version",
    "first_paint",
    "fleet",
    "memory",
    "idle",
    "logs",
    "terminal_bytes",
    "listing",
    "api_load",
    "forwards",
    "soak",
    "prometheus_load",
    "tick",
)


def main(names: list[str]) -> None:
    """Measure, and print each benchmark as soon as it is done."""
    # An installed program is compiled once. Without this variable's leave ours would be at each start, and Textual not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
        return
    for name in names or NAMES:
        began_s = time.monotonic()
        print(f"\n{name}", flush=True)
        found: list[Row] = []
        try:
            found.extend(importlib.import_module(f"benchmarks.{name}").rows())
        except (AssertionError, OSError, ValueError) as error:
            # One that could not be measured must not take the others with it.
            print(f"! could not be measured: {str(error).strip()[:2000]}")
        print("\n".join(lines(found)))
        print(f"  took {time.monotonic() - began_s:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

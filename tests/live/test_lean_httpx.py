"""httpx comes without its command line."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from kmon_tui.live.lean_httpx import httpx
assert "httpx._main" not in sys.modules
print(httpx.URL("http://h/a").path, httpx.Client.__name__)
"""


def test_requests_are_made_without_its_command_line() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)

    assert (done.stdout, done.stderr) == ("/a Client\n", "")

"""Guessing of character sets is left out of requests, silently, and only there."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from kmon_tui.live.lean_requests import PrometheusConnect
assert "charset_normalizer" not in sys.modules
import requests
answer = requests.Response()
answer._content = '"\\u00e9"'.encode()
print(answer.text, PrometheusConnect.__name__)
import charset_normalizer
"""


def test_answers_are_read_without_it_and_others_may_import_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)

    assert (done.stdout, done.stderr) == ('"é" PrometheusConnect\n', "")

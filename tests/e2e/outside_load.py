"""Requests from outside with a log of their own, and an activator in front that refuses some of them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.answering import Said, answering

BODY = json.dumps({"instances": [[6.8, 2.8, 4.8, 1.4]]}).encode()
PATH = "/v1/models/sklearn-iris:predict"
BOUNDS_MS = (5, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 500, 1000, 5000, 10000)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the generator's log."""

    status: int
    took_ms: float


def send(address: str, count: int, at_once: int = 1) -> list[Entry]:
    """Send so many requests and give the log."""
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(lambda _: _one(address), range(count)))


def _one(address: str) -> Entry:
    connection = http.client.HTTPConnection(address, timeout=30)
    began = time.perf_counter()
    try:
        connection.request("POST", PATH, BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return Entry(answer.status, (time.perf_counter() - began) * 1000)
    finally:
        connection.close()


class Activator:
    """Passes requests on to a pod, and refuses every ``nth``; counts as Knative's activator until 1.18 does."""

    def __init__(self, behind: str, nth: int, revision: str) -> None:
        self.address = ""
        self._behind = behind
        self._nth = nth
        self._revision = revision
        self._seen = 0
        self._counts: dict[int, list[int]] = {}
        self._lock = threading.Lock()

    def passed_on(self) -> Entry:
        """Pass one request on, or refuse it."""
        with self._lock:
            self._seen += 1
            refuses = self._seen % self._nth == 0
        entry = Entry(503, 1.0) if refuses else _one(self._behind)
        with self._lock:
            row = self._counts.setdefault(entry.status, [0] * (len(BOUNDS_MS) + 1))
            row[next((i for i, bound in enumerate(BOUNDS_MS) if entry.took_ms <= bound), len(BOUNDS_MS))] += 1
        return entry

    def page(self) -> str:
        """Write its metrics page."""
        lines = ["# TYPE activator_request_count counter", "# TYPE activator_request_latencies histogram"]
        configuration = self._revision.rpartition("-")[0]
        with self._lock:
            for status, row in self._counts.items():
                labels = (
                    f'namespace_name="default",configuration_name="{configuration}",revision_name="{self._revision}",'
                    f'service_name="{configuration}",response_code="{status}",response_code_class="{status // 100}xx"'
                )
                lines.append(f"activator_request_count{{{labels}}} {sum(row)}")
                reached = 0
                for bound, count in zip([*BOUNDS_MS, "+Inf"], row, strict=True):
                    reached += count
                    lines.append(f'activator_request_latencies_bucket{{{labels},le="{bound}"}} {reached}')
        return "\n".join([*lines, ""])


@contextmanager
def activator(behind: str, nth: int, revision: str) -> Iterator[Activator]:
    """Run an activator on loopback; its own port serves its metrics, too."""
    one = Activator(behind, nth, revision)

    def say(method: str, _path: str) -> Said:
        if method == "GET":
            return Said(one.page().encode())
        return Said(b"{}", "application/json", one.passed_on().status)

    with answering(say) as one.address:
        yield one

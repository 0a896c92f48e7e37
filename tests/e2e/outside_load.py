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
NEWER_BOUNDS_MS = (5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)


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
    """Passes requests on to a pod, and refuses every ``nth``; counts as Knative's activator does.

    ``newer``: as that of 1.19.4 and newer, in seconds; else as that of 1.18 and older.
    """

    def __init__(self, behind: str, nth: int, revision: str, *, newer: bool = False) -> None:
        self.address = ""
        self._newer = newer
        self._bounds_ms = NEWER_BOUNDS_MS if newer else BOUNDS_MS
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
            row = self._counts.setdefault(entry.status, [0] * (len(self._bounds_ms) + 1))
            slow = len(self._bounds_ms)
            row[next((i for i, bound in enumerate(self._bounds_ms) if entry.took_ms <= bound), slow)] += 1
        return entry

    def page(self) -> str:
        """Write its metrics page."""
        name = "http_server_request_duration_seconds" if self._newer else "activator_request_latencies"
        total = f"{name}_count" if self._newer else "activator_request_count"
        lines = [f"# TYPE {name} histogram"] if self._newer else [f"# TYPE {total} counter", f"# TYPE {name} histogram"]
        bounds = [*(bound / 1000 if self._newer else bound for bound in self._bounds_ms), "+Inf"]
        with self._lock:
            for status, row in self._counts.items():
                labels = self._labels(status)
                lines.append(f"{total}{{{labels}}} {sum(row)}")
                reached = 0
                for bound, count in zip(bounds, row, strict=True):
                    reached += count
                    lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {reached}')
        return "\n".join([*lines, ""])

    def _labels(self, status: int) -> str:
        configuration = self._revision.rpartition("-")[0]
        if self._newer:
            return (
                f'http_request_method="POST",http_response_status_code="{status}",k8s_namespace_name="default",'
                f'kn_configuration_name="{configuration}",kn_revision_name="{self._revision}",'
                f'kn_service_name="{configuration}",server_address="{configuration}.default.svc.cluster.local"'
            )
        return (
            f'namespace_name="default",configuration_name="{configuration}",revision_name="{self._revision}",'
            f'service_name="{configuration}",response_code="{status}",response_code_class="{status // 100}xx"'
        )


@contextmanager
def activator(behind: str, nth: int, revision: str, *, newer: bool = False) -> Iterator[Activator]:
    """Run an activator on loopback; its own port serves its metrics, too."""
    one = Activator(behind, nth, revision, newer=newer)

    def say(method: str, _path: str) -> Said:
        if method == "GET":
            return Said(one.page().encode())
        return Said(b"{}", "application/json", one.passed_on().status)

    with answering(say) as one.address:
        yield one

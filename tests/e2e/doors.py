"""Addresses that change hands: what Prometheus scrapes there is the page of another pod from now on, or of none."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.answering import Said, answering


class Door:
    """One address in front of a pod's page."""

    def __init__(self) -> None:
        self.address = ""
        self.behind = ""
        """host:port of the page; empty: whoever comes is turned away without an answer."""

    def read(self, path: str) -> Said | None:
        """Give the page of whoever is behind it now."""
        if not self.behind:
            return None
        connection = http.client.HTTPConnection(self.behind, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return Said(answer.read(), answer.headers.get("Content-Type", "text/plain"), answer.status)
        finally:
            connection.close()


@contextmanager
def door() -> Iterator[Door]:
    """Open a door on loopback."""
    one = Door()
    with answering(lambda _method, path: one.read(path)) as one.address:
        yield one


def through(groups: list[dict[str, Any]], doors: dict[str, Door]) -> list[dict[str, Any]]:
    """Let the queue-proxies of some pods, by name, be scraped at their doors instead of their own addresses."""
    moved = []
    for group in groups:
        labels = group["labels"]
        to = doors.get(labels["__meta_kubernetes_pod_name"])
        if to is not None and labels.get("__meta_kubernetes_pod_container_port_name") == "http-usermetric":
            group = {"targets": [to.address], "labels": labels}  # noqa: PLW2901  # a group of our own in its place
        moved.append(group)
    return moved

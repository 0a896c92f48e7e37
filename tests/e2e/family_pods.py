"""Pods of every family of metrics: their pages at loopback addresses, as API objects that a scrape job can discover."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.answering import Said, answering
from tests.e2e.pages import PAGES

_TYPE = re.compile(r"^# TYPE (\S+) (\S+)")


@dataclass(frozen=True, slots=True)
class FamilyPod:
    """One pod of an InferenceService (or LLMInferenceService) of its own, named after its page."""

    page: str
    port: int
    how: str = "standard"
    """knative, standard or llm."""
    image: str = "example/server:1"
    port_annotation: str = ""

    @property
    def name(self) -> str:
        """Name of the service."""
        return self.page.replace(".", "-").removeprefix("constructed-")

    @property
    def pod_name(self) -> str:
        """Name of its pod, as a Deployment makes it."""
        middle = {"knative": "-predictor-00001-deployment", "standard": "-predictor", "llm": "-kserve"}[self.how]
        return f"{self.name}{middle}-5d8f7c9b6d-abcde"

    def manifest(self, ip: str) -> dict[str, Any]:
        """Give the pod as the API shows it."""
        own = {"serving.kserve.io/inferenceservice": self.name, "component": "predictor"}
        containers: list[dict[str, Any]] = [{"name": "kserve-container", "image": self.image}]
        if self.how == "knative":
            own["serving.knative.dev/revision"] = f"{self.name}-predictor-00001"
            ports = [
                {"name": "http-autometric", "containerPort": 9090},
                {"name": "http-usermetric", "containerPort": 9091},
            ]
            containers.append({"name": "queue-proxy", "image": "example/queue:1", "ports": ports})
        if self.how == "llm":
            own = {"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/name": self.name}
            own |= {"kserve.io/component": "workload"}
            containers = [{"name": "main", "image": self.image, "ports": [{"containerPort": 8000}]}]
        annotations = {"prometheus.kserve.io/port": self.port_annotation} if self.port_annotation else {}
        metadata = {"name": self.pod_name, "namespace": "default", "uid": ip, "labels": own, "annotations": annotations}
        return {"metadata": metadata, "spec": {"containers": containers}, "status": {"podIP": ip, "phase": "Running"}}


@dataclass(frozen=True, slots=True)
class FrontPod:
    """A pod of Knative's own: its activator or its autoscaler, which tell of a service."""

    page: str
    app: str
    isvc: str
    """The service that its page tells of."""
    port: int = 9090

    @property
    def pod_name(self) -> str:
        """Name of its pod, as a Deployment makes it."""
        return f"{self.page.replace('.', '-')}-7c9f4d8b5c-x2x4z"

    def manifest(self, ip: str) -> dict[str, Any]:
        """Give the pod as the API shows it."""
        ports = [{"name": "metrics", "containerPort": self.port}, {"name": "profiling", "containerPort": 8008}]
        metadata = {"name": self.pod_name, "namespace": "knative-serving", "uid": ip, "labels": {"app": self.app}}
        spec = {"containers": [{"name": self.app, "image": "example/knative:1", "ports": ports}]}
        return {"metadata": metadata, "spec": spec, "status": {"podIP": ip, "phase": "Running"}}


class Page:
    """A page whose counters grow by what the page holds at every scrape; gauges stay."""

    def __init__(self, name: str, isvc: str = "") -> None:
        text = (PAGES / f"{name}.txt").read_text(encoding="utf-8").replace("ISVC", isvc)
        self._lines = list(_marked(text))
        self._asked = 0

    def text(self) -> str:
        """Give it once more."""
        self._asked += 1
        return "".join(
            f"{line.rpartition(' ')[0]} {float(line.rpartition(' ')[2]) * self._asked!r}\n" if grows else f"{line}\n"
            for line, grows in self._lines
        )


def _marked(text: str) -> Iterator[tuple[str, bool]]:
    """Give each line, and whether it is a counter's."""
    growing: tuple[str, ...] = ()
    for line in text.splitlines():
        if match := _TYPE.match(line):
            growing = (match[1],) if match[2] in ("counter", "histogram", "summary") else ()
        yield line, bool(growing) and not line.startswith("#") and line.startswith(growing)


@contextmanager
def serving_pods(pods: Sequence[FamilyPod | FrontPod]) -> Iterator[list[dict[str, Any]]]:
    """Let each pod listen at an address of its own; gives their manifests."""
    # Two runs on one machine must not meet: each process has a network of its own.
    network = f"127.{64 + os.getpid() % 128}.{1 + os.getpid() // 128 % 250}"
    with ExitStack() as stack:
        manifests = []
        for number, pod in enumerate(pods, start=10):
            ip = f"{network}.{number}"
            page = Page(pod.page, pod.isvc if isinstance(pod, FrontPod) else "")
            stack.enter_context(serving(page, ip, pod.port))
            manifests.append(pod.manifest(ip))
        yield manifests


@contextmanager
def serving(page: Page, ip: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve one page at /metrics; gives host:port."""

    def say(_method: str, path: str) -> Said:
        return Said(page.text().encode(), status=200 if path == "/metrics" else 404)

    with answering(say, ip, port) as address:
        yield address

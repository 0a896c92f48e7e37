"""What stands before the pods and counts, too: Istio's gateway, and Knative's activator and autoscaler."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

from kmon_tui.sandbox.models_load import Flow, Latency
from kmon_tui.sandbox.models_meter import Constant, Gauge, Meter, Scaled, Shape, Source
from kmon_tui.sandbox.models_page import Family, Page, go_number, histogram_lines, one_line
from kmon_tui.sandbox.models_queueproxy import BOUNDS_MS, BOUNDS_MS_HIGH, BOUNDS_S

_ISTIO_MS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000)


Serve: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Behind:
    """A service as those before it see it."""

    namespace: str
    workload: str
    """Its ksvc, or its Kubernetes service."""
    revision: Callable[[], str]
    knative: bool
    ready: Callable[[], int]
    wanted: Callable[[], int]
    target: float
    flow: Flow
    sleeps: bool = False
    """Nobody counts its requests while no pod is there."""


@dataclass(frozen=True, slots=True)
class FrontPlan:
    """Which pod it is."""

    namespace: str
    name: str


@dataclass(slots=True)
class FrontPod:
    """One pod before the others: it has one page, and what is served at other ports."""

    plan: FrontPlan
    port: int
    path: str
    families: list[Family]
    refuses: bool = False
    served: dict[int, Serve] = field(default_factory=dict)
    """What answers at which other port."""
    pages: dict[int, Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pages = {self.port: Page(self.families, go_number)}

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it listens."""
        return (self.port, *self.served)

    def page(self, port: int, path: str, now_s: float) -> str:
        """Give its page. Raises ConnectionRefusedError when nobody listens, LookupError for another path."""
        if port != self.port:
            raise ConnectionRefusedError
        if path != self.path:
            raise LookupError(path)
        return self.pages[port].text(now_s)

    async def answer(self, request: web.BaseRequest, port: int) -> web.StreamResponse:
        """Answer one request."""
        if port in self.served:
            return await self.served[port](request)
        if request.path != self.path:
            return web.Response(status=404, text="404 page not found\n")
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=self.page(port, request.path, time.time()).encode(), headers=headers)


class Front:
    """Counts the requests of all services before they reach a pod, with those that are refused there."""

    def __init__(self, *, milliseconds: bool) -> None:
        self._milliseconds = milliseconds
        self._istio = [
            Family("istio_requests_total", "counter", "Requests."),
            Family("istio_request_duration_milliseconds", "histogram", "Their time."),
        ]
        self._activator = [
            Family("activator_request_count", "counter", "Requests."),
            Family("activator_request_latencies", "histogram", "Their time in ms."),
        ]
        self._served = Family("http_server_request_duration_seconds", "histogram", "Duration of HTTP server requests.")
        names = _OLD_NAMES if milliseconds else _NEW_NAMES
        self._autoscaler = [Family(name, "gauge", "Now.") for name in names]
        self._queued = [] if milliseconds else [Family("kn_revision_request_queued", "gauge", "Requests that wait.")]
        self.pods = [
            FrontPod(
                FrontPlan("istio-system", "istio-ingressgateway-7c6b9d8f4-q2x8k"),
                15020,
                "/stats/prometheus",
                self._istio,
            ),
            FrontPod(FrontPlan("knative-serving", "autoscaler-6d8c5f7b9-w4t6z"), 9090, "/metrics", self._autoscaler),
            FrontPod(
                FrontPlan("knative-serving", "activator-5f9b7c6d8-m7k2p"),
                9090,
                "/metrics",
                self._activator if milliseconds else [self._served, *self._queued],
            ),
        ]

    def watch(self, behind: Behind) -> None:
        """Count for one more service."""
        if behind.knative:
            self._scale(behind)
        if behind.sleeps:
            return
        plan = behind.flow.load.plan
        refused = plan.refused / (1 - plan.refused)
        for code, share in (
            (200, 1.0 - plan.errors - plan.client_errors),
            (400, plan.client_errors),
            (500, plan.errors),
        ):
            if share:
                self._count(behind, code, share, 1.1)
        if refused:
            self._count(behind, 503, refused, 0.4)

    def _count(self, behind: Behind, code: int, share: float, slower: float) -> None:
        plan = behind.flow.load.plan

        def shape(slot: int) -> tuple[float, Latency]:
            latency, errors = behind.flow.load.mood(slot)
            moody = share * errors if code >= 500 else share
            return moody, Latency(plan.latency_ms / 1000 * latency * slower, plan.spread)

        meter = Meter(behind.flow, [ms / 1000 for ms in _ISTIO_MS], shape, 1000.0)
        name = behind.revision() if behind.knative else behind.workload
        requests, duration = self._istio
        labels = {
            "reporter": "source",
            "source_workload": "istio-ingressgateway",
            "source_workload_namespace": "istio-system",
            "destination_service": f"{name}.{behind.namespace}.svc.cluster.local",
            "destination_service_name": name,
            "destination_service_namespace": behind.namespace,
            "request_protocol": "http",
            "response_code": str(code),
            "response_flags": "UO" if code == 503 else "-",
        }
        requests.lines.append(one_line(requests.name, labels, Scaled(meter, 1.0)))
        bounds = [go_number(float(ms)) for ms in _ISTIO_MS]
        duration.lines.append(histogram_lines(duration.name, labels, bounds, meter, go=True))
        if behind.knative:
            (self._activate if self._milliseconds else self._serve)(behind, code, shape)

    def _serve(self, behind: Behind, code: int, shape: Shape) -> None:
        meter = Meter(behind.flow, list(BOUNDS_S), shape)
        labels = self._new_labels(behind) | {
            "http_request_method": "POST",
            "http_response_status_code": str(code),
            "network_protocol_name": "http",
            "network_protocol_version": "1.1",
            "url_scheme": "http",
        }
        bounds = [go_number(bound) for bound in BOUNDS_S]
        self._served.lines.append(histogram_lines(self._served.name, labels, bounds, meter, go=True))

    def _activate(self, behind: Behind, code: int, shape: Shape) -> None:
        requests, latencies = self._activator
        meter = Meter(behind.flow, [ms / 1000 for ms in (*BOUNDS_MS, *BOUNDS_MS_HIGH)], shape, 1000.0)
        labels = self._old_labels(behind) | {"response_code": str(code), "response_code_class": f"{code // 100}xx"}
        requests.lines.append(one_line(requests.name, labels, Scaled(meter, 1.0)))
        bounds = [str(bound) for bound in (*BOUNDS_MS, *BOUNDS_MS_HIGH)]
        latencies.lines.append(histogram_lines(latencies.name, labels, bounds, meter, go=True))

    def _scale(self, behind: Behind) -> None:
        flow, mean_s = behind.flow, behind.flow.load.plan.latency_ms / 1000 * 1.2

        def busy(at_s: float) -> float:
            return round(max(0.0, flow.rate(at_s)) * mean_s, 2)

        def queued(at_s: float) -> float:
            return float(math.floor(max(0.0, flow.rate(at_s)) * flow.load.plan.refused * 8))

        labels = self._old_labels(behind) if self._milliseconds else self._new_labels(behind)
        sources: list[Source] = [
            Gauge(lambda at_s: float(behind.wanted())),
            Gauge(lambda at_s: float(behind.ready())),
            Gauge(busy),
            Constant(behind.target),
        ]
        for family, source in zip(self._autoscaler, sources, strict=True):
            family.lines.append(one_line(family.name, labels, source))
        for family in self._queued:
            family.lines.append(one_line(family.name, labels, Gauge(queued)))

    @staticmethod
    def _old_labels(behind: Behind) -> dict[str, str]:
        return {
            "configuration_name": behind.workload,
            "namespace_name": behind.namespace,
            "revision_name": behind.revision(),
            "service_name": behind.workload,
        }

    @staticmethod
    def _new_labels(behind: Behind) -> dict[str, str]:
        return {
            "k8s_namespace_name": behind.namespace,
            "kn_configuration_name": behind.workload,
            "kn_revision_name": behind.revision(),
            "kn_service_name": behind.workload,
        }


_OLD_NAMES = (
    "autoscaler_desired_pods",
    "autoscaler_actual_pods",
    "autoscaler_stable_request_concurrency",
    "autoscaler_target_concurrency_per_pod",
)
_NEW_NAMES = (
    "kn_revision_pods_desired",
    "kn_revision_pods_count",
    "kn_revision_concurrency_stable",
    "kn_revision_concurrency_target",
)

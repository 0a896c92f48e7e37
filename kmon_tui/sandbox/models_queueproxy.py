"""What Knative's queue-proxy counts, under the names of two generations: since 1.21 (seconds) and until 1.18 (ms)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kmon_tui.sandbox.models_load import Flow, Latency
from kmon_tui.sandbox.models_meter import Constant, Meter, Sizes
from kmon_tui.sandbox.models_page import Family, Page, go_number, histogram_lines, one_line

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
BOUNDS_MS = (5, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000)
BOUNDS_MS_HIGH = (2000, 5000, 10000, 20000, 50000, 100000)
SIZES = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
_SCOPE = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
_QUEUE_SCOPE = {
    "otel_scope_name": "knative.dev/serving/pkg/queue",
    "otel_scope_schema_url": "",
    "otel_scope_version": "",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the pod is, as queue-proxy says it."""

    namespace: str
    pod: str
    revision: str
    configuration: str
    host: str
    """Under which callers ask for it."""


class QueueProxy:
    """The counters of one queue-proxy and their page at port 9091."""

    def __init__(self, flow: Flow, identity: Identity, *, milliseconds: bool) -> None:
        self._flow = flow
        self._identity = identity
        self._milliseconds = milliseconds
        self._requests: dict[tuple[str, int], Meter] = {}
        self._reached: dict[int, Meter] = {}
        self._families = {family.name: family for family in (_old_families if milliseconds else _new_families)()}
        self.page = Page(list(self._families.values()), go_number)
        if not milliseconds:
            labels = _target_info(identity)
            self._families["target_info"].lines.append(one_line("target_info", labels, Constant(1.0)))
        plan = flow.load.plan
        for code, share in ((200, 1.0), (400, plan.client_errors), (500, plan.errors)):
            if share:
                self._meter("POST", code)

    def observe(self, method: str, code: int, took_s: float, *, reached: bool) -> None:
        """Count one real request; ``reached``: it came as far as the model."""
        self._meter(method, code).observe(took_s)
        if reached and code in self._reached:
            self._reached[code].observe(took_s * 0.98)

    def _meter(self, method: str, code: int) -> Meter:
        known = self._requests.get((method, code))
        if known is not None:
            return known
        factor = 1000.0 if self._milliseconds else 1.0
        bounds = [ms / 1000 for ms in (*BOUNDS_MS, *BOUNDS_MS_HIGH)] if self._milliseconds else list(BOUNDS_S)
        planned = method == "POST"
        meter = Meter(self._flow, bounds, lambda slot: self._shape(slot, code, 1.05, planned=planned), factor)
        app = self._reached.get(code)
        is_new = app is None
        if app is None:
            app = Meter(self._flow, bounds, lambda slot: self._shape(slot, code, 1.0, planned=True), factor)
        self._requests[method, code] = meter
        self._reached[code] = app
        if self._milliseconds:
            self._add_old(code, meter, app, is_new)
        else:
            self._add_new(method, code, meter, app if is_new else None)
        return meter

    def _shape(self, slot: int, code: int, slower: float, *, planned: bool) -> tuple[float, Latency]:
        plan = self._flow.load.plan
        latency, errors = self._flow.load.mood(slot)
        shares = {500: plan.errors * errors, 400: plan.client_errors}
        shares[200] = 1.0 - sum(shares.values())
        quicker = 0.3 if code == 400 else 0.8 if code == 500 else 1.0
        median_s = plan.latency_ms / 1000 * latency * slower * quicker
        return shares.get(code, 0.0) if planned else 0.0, Latency(median_s, plan.spread)

    def _add_new(self, method: str, code: int, meter: Meter, app: Meter | None) -> None:
        labels = {
            "http_request_method": method,
            "http_response_status_code": str(code),
            "kn_route_tag": "kn:disabled",
            "network_protocol_name": "http",
            "network_protocol_version": "1.1",
            "otel_scope_name": _SCOPE,
            "otel_scope_schema_url": "",
            "otel_scope_version": "0.64.0",
            "server_address": self._identity.host,
            "url_scheme": "http",
        }
        bounds = [go_number(bound) for bound in BOUNDS_S]
        sizes = [go_number(float(bound)) for bound in SIZES]
        self._histogram("http_server_request_duration_seconds", labels, bounds, meter)
        for name, size in (("request", 52.0), ("response", 21.0)):
            source = Sizes(meter, size, [float(bound) for bound in SIZES])
            family = self._families[f"http_server_{name}_body_size_bytes"]
            family.lines.append(histogram_lines(family.name, labels, sizes, source, go=True))
        if app is not None:
            self._histogram(
                "kn_serving_invocation_duration_seconds",
                {"http_response_status_code": str(code)} | _QUEUE_SCOPE,
                bounds,
                app,
            )

    def _add_old(self, code: int, meter: Meter, app: Meter, is_new: bool) -> None:
        who = self._identity
        labels = {
            "configuration_name": who.configuration,
            "container_name": "queue-proxy",
            "namespace_name": who.namespace,
            "pod_name": who.pod,
            "response_code": str(code),
            "response_code_class": f"{code // 100}xx",
            "revision_name": who.revision,
        }
        service = {"service_name": who.configuration}
        bounds = [str(bound) for bound in (*BOUNDS_MS, *BOUNDS_MS_HIGH)]
        count = len(bounds) + 1
        if is_new:
            family = self._families["revision_app_request_count"]
            family.lines.append(one_line(family.name, labels | service, app, count))
            self._histogram("revision_app_request_latencies", labels | service, bounds, app)
            tagged = labels | {"route_tag": "DISABLED"} | service
            family = self._families["revision_request_count"]
            family.lines.append(one_line(family.name, tagged, meter, count))
            self._histogram("revision_request_latencies", tagged, bounds, meter)

    def _histogram(self, name: str, labels: dict[str, str], bounds: Sequence[str], meter: Meter) -> None:
        self._families[name].lines.append(histogram_lines(name, labels, bounds, meter, go=True))


def _target_info(who: Identity) -> dict[str, str]:
    return {
        "container_name": "queue-proxy",
        "k8s_namespace_name": who.namespace,
        "k8s_pod_name": who.pod,
        "kn_configuration_name": who.configuration,
        "kn_revision_name": who.revision,
        "kn_service_name": who.configuration,
        "service_instance_id": who.pod,
        "service_name": who.configuration,
        "service_version": "unknown",
        "telemetry_sdk_language": "go",
        "telemetry_sdk_name": "opentelemetry",
        "telemetry_sdk_version": "1.39.0",
    }


def _new_families() -> list[Family]:
    return [
        Family("http_client_request_body_size_bytes", "histogram", "Bodies that were sent."),
        Family("http_client_request_duration_seconds", "histogram", "Requests that were sent."),
        Family("http_server_request_body_size_bytes", "histogram", "Bodies that came."),
        Family("http_server_request_duration_seconds", "histogram", "Requests that came, their time in the queue too."),
        Family("http_server_response_body_size_bytes", "histogram", "Bodies of answers."),
        Family("kn_serving_invocation_duration_seconds", "histogram", "Requests that reached the model."),
        Family("kn_serving_queue_depth", "gauge", "Requests in the queue."),
        Family("target_info", "gauge", "Who this is."),
    ]


def _old_families() -> list[Family]:
    return [
        Family("revision_app_request_count", "counter", "Requests that reached the model."),
        Family("revision_app_request_latencies", "histogram", "Their time in ms."),
        Family("revision_queue_depth", "gauge", "Requests in the queue."),
        Family("revision_request_count", "counter", "Requests that came."),
        Family("revision_request_latencies", "histogram", "Their time in ms, with the queue."),
    ]

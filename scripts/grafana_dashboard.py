"""Write manifests/grafana-dashboard.json: the panels of the metrics view of kmon-tui, for Grafana."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OURS = 'namespace="$namespace",service_name="$service"'
WORKLOAD = "$service-(predictor|transformer|explainer)(-default)?"
REVISION = "$service(-(predictor|transformer|explainer)(-default)?(-[0-9]{5})?)?"
CLUSTER = (
    f"$namespace/{REVISION}(/.*)?|httproute/$namespace/$service(-.*)?/rule/.*|"
    f"outbound[|][0-9]+[|][^|]*[|]{REVISION}[.]$namespace[.]svc[.].*|kube_${{namespace}}_{REVISION}_[0-9]+|"
    f"${{namespace}}_{REVISION}_[0-9]+(_[0-9a-f]+)?"
)
"""Envoy's clusters of a service, as Kourier, Envoy Gateway, Istio, kgateway and Contour name them."""
DEPLOYMENT = "$service-predictor(-default)?(-[0-9]{5}-deployment)?|$service-kserve(-mn)?"

Target = tuple[str, str]
"""An expression and its legend."""


def met(metric: str, more: str = "", function: str = "rate") -> str:
    """Give what a counter gains where callers meet the service: at its transformer, if it has one that counts."""
    if metric.startswith("vllm:"):  # what the engine alone knows, whoever stands before it
        return f"{function}({metric}{{{OURS}{more}}}[$__rate_interval])"
    first, behind = f'{OURS},component="transformer"', f'{OURS},component!~"transformer|explainer"'
    own, others = (f"{function}({metric}{{{where}{more}}}[$__rate_interval])" for where in (first, behind))
    return f"({own} or ({others} unless on () kserve_request_count{{{first}}}))"


def rate(metric: str, more: str = "") -> str:
    """Give what a counter of the service gains a second, over all its series."""
    return f"sum({met(metric, more)})"


def by_le(bucket: str, function: str = "rate") -> str:
    """Give what each bucket of a histogram gains."""
    return f"sum by (le) ({met(bucket, '', function)})"


def quantiles(bucket: str, *wanted: float) -> list[Target]:
    """Give quantiles of a histogram."""
    return [(f"histogram_quantile({q}, {by_le(bucket)})", f"p{q * 100:g}") for q in wanted]


def pods(old: str, new: str, deployment: str) -> str:
    """Give a count of pods from Knative's autoscaler, else from kube-state-metrics."""
    of_deployments = f'{deployment}{{namespace="$namespace",deployment=~"{DEPLOYMENT}"}}'
    return f"{autoscaled(old, new)} or sum(max by (deployment) ({of_deployments}))"


def autoscaled(old: str, new: str) -> str:
    """Give a gauge of Knative's autoscaler or activator, of both generations."""
    of_old = f'{old}{{namespace_name="$namespace",configuration_name=~"{WORKLOAD}"}}'
    of_new = f'{new}{{k8s_namespace_name="$namespace",kn_configuration_name=~"{WORKLOAD}"}}'
    return f"sum(max by (revision_name) ({of_old})) or sum(max by (kn_revision_name) ({of_new}))"


READY = pods("autoscaler_actual_pods", "kn_revision_pods_count", "kube_deployment_status_replicas_ready")
WANTED = pods("autoscaler_desired_pods", "kn_revision_pods_desired", "kube_deployment_spec_replicas")
FAILED = rate("kserve_request_count", ',response_code_class=~"5xx|failed"')
CODED = rate("kserve_request_count", ',response_code_class!=""')
BEGUN, ENDED = rate("request_preprocess_seconds_count"), rate("request_postprocess_seconds_count")
WEB = ',handler=~"(/openai)?/v1/.+",method="POST"'
WEB_FAILED, WEB_ALL = rate("http_requests_total", f'{WEB},status=~"5.+"'), rate("http_requests_total", WEB)
ERRORS = " or ".join(
    (
        f"(({FAILED} or vector(0)) / ({CODED} > 0))",
        f"(({WEB_FAILED} or vector(0)) / ({WEB_ALL} > 0))",
        f"(clamp_min({BEGUN} - {ENDED}, 0) / ({BEGUN} > 0))",
    )
)
"""Where answers have a class; else what vLLM's web layer counts; else what the KServe SDK began and did not end.

Else nobody knows: no number, not 0."""
DURATION = "kserve_request_duration_milliseconds"
REQUESTS = (
    f"sum by (response_code_class) ({met('kserve_request_count')})",
    "{{response_code_class}}",
)
ACTIVATED = (
    f'k8s_namespace_name="$namespace",kn_configuration_name=~"{WORKLOAD}",kn_route_tag=""',
    f'namespace_name="$namespace",configuration_name=~"{WORKLOAD}"',
)
ISTIO = (
    'reporter="source",source_workload!="activator",destination_service_namespace="$namespace",'
    f'destination_service_name=~"{REVISION}"'
)
ENVOY = f'envoy_cluster_name=~"{CLUSTER}"'


def by(label: str, metric: str, where: str) -> str:
    """Give the rate of a counter by one label."""
    return f"sum by ({label}) (rate({metric}{{{where}}}[$__rate_interval]))"


def share(metric: str, where: str, bad: str) -> str:
    """Give the share of a counter that is bad; nothing without requests."""
    rated = "rate({}{{{}}}[$__rate_interval])"
    return f"(sum({rated.format(metric, f'{where},{bad}')}) or vector(0)) / (sum({rated.format(metric, where)}) > 0)"


CALLERS: list[Target] = [
    (by("response_code_class", "activator_request_count", ACTIVATED[1]), "activator {{response_code_class}}"),
    (
        by("http_response_status_code", "http_server_request_duration_seconds_count", ACTIVATED[0]),
        "activator {{http_response_status_code}}",
    ),
    (by("response_code", "istio_requests_total", ISTIO), "istio {{response_code}}"),
    (
        by("envoy_response_code_class", "envoy_cluster_upstream_rq_xx", ENVOY),
        "envoy {{envoy_response_code_class}}xx",
    ),
]
REFUSED: list[Target] = [
    (share("istio_requests_total", ISTIO, 'response_code=~"5.."'), "istio"),
    (share("envoy_cluster_upstream_rq_xx", ENVOY, 'envoy_response_code_class="5"'), "envoy"),
]
PREFIX_HITS = " or ".join(
    f"{rate(f'vllm:{age}prefix_cache_hits_total')} / ({rate(f'vllm:{age}prefix_cache_queries_total')} > 0)"
    for age in ("", "gpu_")
)
KV_CACHE = f"avg(vllm:kv_cache_usage_perc{{{OURS}}} or vllm:gpu_cache_usage_perc{{{OURS}}})"
NEXT_TOKEN = (
    f"({by_le('vllm:inter_token_latency_seconds_bucket')} or {by_le('vllm:time_per_output_token_seconds_bucket')})"
)

PANELS: list[tuple[str, str, str, int, int, list[Target]]] = [
    ("requests/s now", "stat", "reqps", 6, 4, [(rate("kserve_request_count"), "")]),
    ("errors now (as pods see it)", "stat", "percentunit", 6, 4, [(ERRORS, "")]),
    ("p99 now", "stat", "ms", 6, 4, quantiles(DURATION, 0.99)),
    ("pods ready", "stat", "short", 6, 4, [(READY, "")]),
    ("requests/s by code class", "timeseries", "reqps", 12, 8, [REQUESTS]),
    ("errors (as pods see it)", "timeseries", "percentunit", 12, 8, [(ERRORS, "errors")]),
    ("latency p50, p90, p99", "timeseries", "ms", 12, 8, quantiles(DURATION, 0.5, 0.9, 0.99)),
    (
        "latency buckets",
        "heatmap",
        "ms",
        12,
        8,
        [(by_le(DURATION, "increase"), "{{le}}")],
    ),
    ("pods", "timeseries", "short", 8, 8, [(WANTED, "wanted"), (READY, "ready")]),
    (
        "requests in flight",
        "timeseries",
        "short",
        8,
        8,
        [
            (autoscaled("autoscaler_stable_request_concurrency", "kn_revision_concurrency_stable"), "at the pods"),
            (autoscaled("activator_request_concurrency", "kn_revision_request_concurrency"), "at the activator"),
        ],
    ),
    (
        "cold starts in an hour",
        "timeseries",
        "short",
        8,
        8,
        [(f"floor((changes((({READY}) > bool 0)[1h:1m]) + 1) / 2)", "cold starts")],
    ),
    ("requests/s as callers see it (where an ingress counts)", "timeseries", "reqps", 12, 7, CALLERS),
    ("errors (as callers see it, where a gateway counts)", "timeseries", "percentunit", 12, 7, REFUSED),
    (
        "time to the first token",
        "timeseries",
        "s",
        8,
        8,
        quantiles("vllm:time_to_first_token_seconds_bucket", 0.5, 0.99),
    ),
    (
        "time to each next token",
        "timeseries",
        "s",
        8,
        8,
        [(f"histogram_quantile({q}, {NEXT_TOKEN})", f"p{q * 100:g}") for q in (0.5, 0.99)],
    ),
    (
        "tokens/s",
        "timeseries",
        "short",
        8,
        8,
        [(rate("vllm:prompt_tokens_total"), "prompt"), (rate("vllm:generation_tokens_total"), "generated")],
    ),
    (
        "requests of a language model",
        "timeseries",
        "short",
        8,
        8,
        [
            (f"sum(vllm:num_requests_running{{{OURS}}})", "running"),
            (f"sum(vllm:num_requests_waiting{{{OURS}}})", "waiting"),
        ],
    ),
    ("KV cache in use", "timeseries", "percentunit", 8, 8, [(KV_CACHE, "KV cache")]),
    ("prefix cache hits", "timeseries", "percentunit", 8, 8, [(PREFIX_HITS, "hits")]),
]
"""Title, kind, unit, width, height and expressions, in the order of reading."""


def dashboard() -> dict[str, Any]:
    """Give the dashboard as Grafana imports it."""
    return {
        "title": "KServe model",
        "uid": "kserve-model",
        "tags": ["kserve", "kmon-tui"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
                _variable("namespace", "label_values(kserve_request_count, namespace)"),
                _variable("service", 'label_values(kserve_request_count{namespace="$namespace"}, service_name)'),
            ]
        },
        "annotations": {"list": [_alerts()]},
        "panels": list(_panels()),
    }


def text() -> str:
    """Give the text of the file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
    }


def _alerts() -> dict[str, Any]:
    """Mark when alerts of the service fired."""
    return {
        "name": "alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": f'ALERTS{{alertstate="firing",{OURS}}}',
        "titleFormat": "{{alertname}}",
        "step": "60s",
    }


def _panels() -> list[dict[str, Any]]:
    panels, x, y, row = [], 0, 0, 0
    for number, (title, kind, unit, width, height, targets) in enumerate(PANELS, 1):
        if x + width > 24:
            x, y = 0, y + row
        row = height
        panels.append(
            _panel(number, title, kind, unit, targets) | {"gridPos": {"x": x, "y": y, "w": width, "h": height}}
        )
        x += width
    return panels


def _panel(number: int, title: str, kind: str, unit: str, targets: list[Target]) -> dict[str, Any]:
    now = kind == "stat"
    queries = [
        {"refId": chr(65 + n), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
        | ({"instant": True} if now else {"range": True})
        | ({"format": "heatmap"} if kind == "heatmap" else {})
        for n, (expression, legend) in enumerate(targets)
    ]
    panel: dict[str, Any] = {"id": number, "title": title, "type": kind, "datasource": SOURCE, "targets": queries}
    if kind == "heatmap":
        return panel | {"options": {"calculate": False, "yAxis": {"unit": unit}, "cellGap": 1}}
    # Nothing is drawn where nothing is known; 0 is another thing.
    custom = {"spanNulls": False, "fillOpacity": 10} if kind == "timeseries" else {}
    return panel | {"fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": custom}, "overrides": []}}


if __name__ == "__main__":
    (MANIFESTS / "grafana-dashboard.json").write_text(text(), encoding="utf-8")

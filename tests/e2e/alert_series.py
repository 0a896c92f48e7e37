"""Series of one service as our scrape jobs leave them, for each family: healthy, and with what alerts are for.

Values rise each minute as promtool writes it: ``0+30x60`` gains 30 a minute for an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PLACE = 'namespace="default",service_name="iris",pod="iris-predictor-1",instance="10.0.0.7:9091"'
ALIAS = f'job="kserve-metrics",{PLACE}'
NATIVE = f'job="kserve-model-metrics",{PLACE}'
CHART = (
    'job="kubernetes-pods",namespace="default",namespace_name="default",service_name="iris-predictor",'
    'revision_name="iris-predictor-00001",pod_name="iris-predictor-00001-x",instance="10.0.0.7:9091"'
)
"""Queue-proxy as the chart's own job scrapes it: the labels are the proxy's."""
Series = dict[str, str]
"""promtool's values by series."""


@dataclass(frozen=True)
class Family:
    """How one family counts."""

    good: tuple[str, ...]
    """Series that rise with a good answer."""
    bad: tuple[str, ...] = ()
    """Series that rise with a failed one."""
    seen: tuple[str, ...] = ()
    """Series that rise with both, and only begin an execution."""
    bucket: str = ""
    """The histogram, with {le}."""
    le: tuple[str, ...] = ()
    """Bounds as Prometheus holds them: those below a second, one above, the last."""
    duration: str = ""
    """A counter of time where there is no histogram, and what a second is in it."""
    second: float = 0.0


def _alias(code: str) -> str:
    return f'{{__name__="kserve_request_count",{ALIAS},response_code="{code}",response_code_class="{code[0]}xx"}}'


FAMILIES = {
    "alias": Family(
        (_alias("200"),),
        (_alias("503"),),
        bucket=f'kserve_request_duration_milliseconds{{{ALIAS},le="{{le}}"}}',
        le=("100", "2500", "+Inf"),
    ),
    "alias of prometheus 3": Family(
        (_alias("200"),),
        (_alias("500"),),
        bucket=f'kserve_request_duration_milliseconds{{{ALIAS},le="{{le}}"}}',
        le=("100.0", "2500.0", "+Inf"),
    ),
    "knative-ms by the chart's job": Family(
        (f'revision_request_count{{{CHART},response_code="200",response_code_class="2xx"}}',),
        (f'revision_request_count{{{CHART},response_code="502",response_code_class="5xx"}}',),
        bucket=f'revision_request_latencies_bucket{{{CHART},le="{{le}}"}}',
        le=("100", "2000", "+Inf"),
    ),
    "knative-s": Family(
        (
            f'http_server_request_duration_seconds_count{{{NATIVE},kn_route_tag="kn:disabled",'
            'http_response_status_code="200"}',
        ),
        (
            f'http_server_request_duration_seconds_count{{{NATIVE},kn_route_tag="kn:disabled",'
            'http_response_status_code="504"}',
        ),
        bucket=f'http_server_request_duration_seconds_bucket{{{NATIVE},kn_route_tag="kn:disabled",le="{{le}}"}}',
        le=("0.1", "2.5", "+Inf"),
    ),
    "sdk": Family(
        (f'request_postprocess_seconds_count{{{NATIVE},model_name="iris"}}',),
        seen=(
            f'request_preprocess_seconds_count{{{NATIVE},model_name="iris"}}',
            f'request_predict_seconds_count{{{NATIVE},model_name="iris"}}',
        ),
        bucket=f'request_predict_seconds_bucket{{{NATIVE},model_name="iris",le="{{le}}"}}',
        le=("0.1", "2.5", "+Inf"),
    ),
    "sdk with the alias": Family(
        (f'request_postprocess_seconds_count{{{NATIVE},model_name="iris"}}',),
        seen=(
            f'request_preprocess_seconds_count{{{NATIVE},model_name="iris"}}',
            f'kserve_request_count{{{ALIAS},model_name="iris"}}',
        ),
        bucket=f'kserve_request_duration_milliseconds{{{ALIAS},model_name="iris",le="{{le}}"}}',
        le=("100", "2500", "+Inf"),
    ),
    "mlserver": Family(
        (f'model_infer_request_success_total{{{NATIVE},model="iris"}}',),
        (f'model_infer_request_failure_total{{{NATIVE},model="iris"}}',),
        bucket=f'rest_server_request_duration_seconds_bucket{{{NATIVE},path="/v2/models/{{{{model_name}}}}/infer",le="{{le}}"}}',
        le=("0.1", "2.5", "+Inf"),
    ),
    "triton": Family(
        (f'nv_inference_request_success{{{NATIVE},model="iris",version="1"}}',),
        (f'nv_inference_request_failure{{{NATIVE},model="iris",version="1"}}',),
        duration=f'nv_inference_request_duration_us{{{NATIVE},model="iris",version="1"}}',
        second=1e6,
    ),
    "torchserve": Family(
        (),
        (f'Requests5XX{{{NATIVE},level="Host"}}',),
        seen=(f'ts_inference_requests_total{{{NATIVE},model_name="iris"}}',),
        duration=f'ts_inference_latency_microseconds{{{NATIVE},model_name="iris"}}',
        second=1e6,
    ),
    "vllm": Family(
        (
            f'http_requests_total{{{NATIVE},handler="/v1/chat/completions",method="POST",status="2xx"}}',
            f'vllm:request_success_total{{{NATIVE},finished_reason="stop"}}',
        ),
        (f'http_requests_total{{{NATIVE},handler="/v1/chat/completions",method="POST",status="5xx"}}',),
    ),
    "vllm in KServe's own server, with the alias": Family(
        (
            f'http_requests_total{{{NATIVE},handler="/openai/v1/completions",method="POST",status="2xx"}}',
            f'kserve_request_count{{{ALIAS},finished_reason="stop"}}',
        ),
        (f'http_requests_total{{{NATIVE},handler="/openai/v1/completions",method="POST",status="5xx"}}',),
    ),
}


REVISION = "iris-predictor-00001"
_OLD = f'namespace_name="default",revision_name="{REVISION}",service_name="iris-predictor"'
_NEW = f'k8s_namespace_name="default",kn_revision_name="{REVISION}",kn_service_name="iris-predictor"'
_ISTIO = (
    'job="istio",reporter="source",source_workload="istio-ingressgateway",destination_service_namespace="default",'
    f'destination_service_name="{REVISION}"'
)
ENVOYS = {
    "kourier": f"default/{REVISION}",
    "contour": f"default_{REVISION}_80_0f3a",
    "kgateway": "kube_default_iris-predictor_80",
    "istio's envoy": "outbound|80||iris-predictor.default.svc.cluster.local",
    "envoy gateway": "httproute/default/iris/rule/0",
}
"""What each calls the cluster of the service."""
GATEWAYS = {
    "istio": (
        f'istio_requests_total{{{_ISTIO},response_code="200"}}',
        f'istio_requests_total{{{_ISTIO},response_code="503"}}',
    ),
    **{
        name: (
            f'envoy_cluster_upstream_rq_xx{{envoy_cluster_name="{cluster}",envoy_response_code_class="2"}}',
            f'envoy_cluster_upstream_rq_xx{{envoy_cluster_name="{cluster}",envoy_response_code_class="5"}}',
        )
        for name, cluster in ENVOYS.items()
    },
}
"""Series of a gateway: good answers, and failed ones."""
ACTIVATORS = {
    "until 1.18": f'activator_request_count{{{_OLD},response_code="503",response_code_class="5xx"}}',
    "from 1.19 on": f'http_server_request_duration_seconds_count{{{_NEW},http_response_status_code="503"}}',
}
"""Series of what the activator refused."""


def refused(gateway: str, share: float, per_minute: float = 60.0) -> Series:
    """Give what a gateway counts of an hour of requests."""
    good, bad = GATEWAYS[gateway]
    series = {good: _rises(per_minute * (1 - share))}
    return series | ({bad: _rises(per_minute * share)} if share else {})


def turned_away(activator: str, per_minute: float) -> Series:
    """Give what an activator counts of an hour in which it refuses."""
    return {ACTIVATORS[activator]: _rises(per_minute)}


def traffic(family: Family, failing: float = 0.0, slow: float = 0.0, per_minute: float = 60.0) -> Series:
    """Give the series of an hour of requests: this share of them fails, this share takes two seconds."""
    series = {one: _rises(per_minute * (1 - failing)) for one in family.good}
    series |= {one: _rises(per_minute * failing) for one in family.bad if failing}
    series |= {one: _rises(per_minute) for one in family.seen}
    if family.bucket:
        shares = (1 - slow, 1.0, 1.0)
        for le, share in zip(family.le, shares, strict=True):
            series[family.bucket.replace("{le}", le).replace("{{", "{").replace("}}", "}")] = _rises(per_minute * share)
    if family.duration:
        mean_s = 2.0 * slow + 0.03 * (1 - slow)
        series[family.duration] = _rises(per_minute * mean_s * family.second)
    return series


def pods(source: str, wanted: str, ready: str) -> Series:
    """Give the gauges of pods as one source tells them, as promtool's values."""
    revision = 'namespace_name="default",configuration_name="iris-predictor",revision_name="iris-predictor-00001"'
    newer = (
        'namespace="knative-serving",k8s_namespace_name="default",kn_configuration_name="iris-predictor",'
        'kn_revision_name="iris-predictor-00001"'
    )
    deployment = 'namespace="default",deployment="iris-predictor"'
    names = {
        "autoscaler 1.18": (f"autoscaler_desired_pods{{{revision}}}", f"autoscaler_actual_pods{{{revision}}}"),
        "autoscaler 1.21": (f"kn_revision_pods_desired{{{newer}}}", f"kn_revision_pods_count{{{newer}}}"),
        "kube-state-metrics": (
            f"kube_deployment_spec_replicas{{{deployment}}}",
            f"kube_deployment_status_replicas_ready{{{deployment}}}",
        ),
    }[source]
    return dict(zip(names, (wanted, ready), strict=True))


def of(component: str, series: Series) -> Series:
    """Give the same series of one component, in a pod of its own, as our jobs label them."""
    return {
        name.replace(PLACE, f'{PLACE.replace("predictor", component)},component="{component}"'): values
        for name, values in series.items()
    }


def inputs(series: Series) -> Iterator[dict[str, str]]:
    """Give promtool's input_series."""
    for name, values in series.items():
        yield {"series": name, "values": values}


def _rises(per_minute: float) -> str:
    return f"0+{per_minute:.4f}x120"

"""Which pods of which families there are, and by which raw series each is to be checked."""

from __future__ import annotations

from dataclasses import dataclass

from kmon_tui.domain.service import Kind
from kmon_tui.domain.traffic import Family
from tests.e2e.family_pods import FamilyPod, FrontPod
from tests.e2e.pages import page_of

MLSERVER_PATH = 'path=~"/v2/models/.+/infer(_stream)?"'


@dataclass(frozen=True, slots=True)
class Case:
    """What must be found of one pod in one family: selectors of raw series."""

    pod: FamilyPod
    family: Family
    requests: tuple[str, ...]
    failed: tuple[str, ...] | None = None
    base: tuple[str, ...] | None = None
    buckets: str = ""
    to_ms: float = 1.0
    kind: Kind = Kind.ISVC


QUEUE_PROXY = [
    FamilyPod(f"knative-{one}", 9091, "knative") for one in ("1.18.0", "1.19.0", "1.20.1", "1.21.1", "1.23.0")
]
SDK = FamilyPod("kserve-sdk", 8080)
FIRST_SDK = FamilyPod("kserve-sdk-0.10.2", 8080)
MLSERVER = FamilyPod("mlserver", 8082, image="docker.io/seldonio/mlserver:1.7.1", port_annotation="8080")
TRITON = FamilyPod("triton-2.51.0", 8002, image="nvcr.io/nvidia/tritonserver:24.10-py3")
OLDER_TRITON = FamilyPod("triton-23", 8002, image="nvcr.io/nvidia/tritonserver:23.05-py3")
TORCHSERVE = FamilyPod("torchserve-0.12.0", 8082, port_annotation="8082")
VLLM = FamilyPod("vllm-0.33.0", 8000, "llm")
FIRST_VLLM = FamilyPod("vllm-0.6.6", 8080)
PODS = [*QUEUE_PROXY, SDK, FIRST_SDK, MLSERVER, TRITON, OLDER_TRITON, TORCHSERVE, VLLM, FIRST_VLLM]

COUNT, DURATION = "kserve_request_count", "kserve_request_duration_milliseconds"
NEW = "http_server_request_duration_seconds"
ALIASED = (f'{COUNT}{{response_code_class=~"5xx|failed"}}',)
CASES = [
    *(Case(pod, Family.ALIAS, (COUNT,), ALIASED, buckets=DURATION) for pod in [*QUEUE_PROXY, MLSERVER]),
    *(Case(pod, Family.ALIAS, (COUNT,), buckets=DURATION) for pod in [SDK, FIRST_SDK]),
    Case(VLLM, Family.ALIAS, (COUNT,), buckets=DURATION, kind=Kind.LLM),
    Case(FIRST_VLLM, Family.ALIAS, (COUNT,), buckets=DURATION),
    *(Case(pod, Family.ALIAS, (COUNT,), ALIASED) for pod in [TRITON, OLDER_TRITON]),
    Case(TORCHSERVE, Family.ALIAS, (COUNT,)),
    Case(
        QUEUE_PROXY[0],
        Family.KNATIVE_MS,
        ("revision_request_count",),
        ('revision_request_count{response_code_class="5xx"}',),
        buckets="revision_request_latencies_bucket",
    ),
    *(
        Case(
            pod,
            Family.KNATIVE_S,
            (f"{NEW}_count",),
            (f'{NEW}_count{{http_response_status_code=~"5.."}}',),
            buckets=f"{NEW}_bucket",
            to_ms=1000,
        )
        for pod in QUEUE_PROXY[1:]
    ),
    *(
        Case(
            pod,
            Family.SDK,
            ("request_predict_seconds_count",),
            ("request_preprocess_seconds_count", "-request_postprocess_seconds_count"),
            ("request_preprocess_seconds_count",),
            "request_predict_seconds_bucket",
            1000,
        )
        for pod in [SDK, FIRST_SDK]
    ),
    Case(
        MLSERVER,
        Family.MLSERVER,
        ("model_infer_request_success_total", "model_infer_request_failure_total"),
        ("model_infer_request_failure_total",),
        buckets=f"rest_server_request_duration_seconds_bucket{{{MLSERVER_PATH}}}",
        to_ms=1000,
    ),
    *(
        Case(
            pod,
            Family.TRITON,
            ("nv_inference_request_success", "nv_inference_request_failure"),
            ("nv_inference_request_failure",),
        )
        for pod in [TRITON, OLDER_TRITON]
    ),
    Case(TORCHSERVE, Family.TORCHSERVE, ("ts_inference_requests_total",), ("Requests5XX",)),
    Case(
        VLLM,
        Family.VLLM,
        ("vllm:request_success_total",),
        ('http_requests_total{handler=~"/v1/.+",method="POST",status="5xx"}',),
        ('http_requests_total{handler=~"/v1/.+",method="POST"}',),
        "vllm:e2e_request_latency_seconds_bucket",
        1000,
        Kind.LLM,
    ),
    Case(
        FIRST_VLLM,
        Family.VLLM,
        ("vllm:request_success_total",),
        buckets="vllm:e2e_request_latency_seconds_bucket",
        to_ms=1000,
    ),
]
VIEWED = list({(case.family, case.to_ms, bool(case.failed), bool(case.buckets)): case for case in CASES}.values())
"""One of each that is drawn in another way."""
GATEWAYS = {Family.ISTIO: ("constructed-istio", SDK), Family.ENVOY: ("envoy-1.40.0", MLSERVER)}
OF_KNATIVE = {"1.18.1": "1.18.0", "1.19.0": "1.19.0", "1.20.1": "1.20.1", "1.23.0": "1.23.0"}
"""Versions of the pages of activator and autoscaler, and of queue-proxy's page that belongs to them."""
BEHIND = {one: next(pod for pod in QUEUE_PROXY if pod.page == f"knative-{two}") for one, two in OF_KNATIVE.items()}
KNATIVE = [
    FrontPod(page_of(app, version), app, pod.name)
    for version, pod in BEHIND.items()
    for app in ("activator", "autoscaler")
]

CODED = {
    "1.18.1": (Family.ACTIVATOR, 'activator_request_count{response_code_class="CLASSxx"}'),
    "1.20.1": (Family.ACTIVATOR_S, f'{NEW}_count{{kn_revision_name!="",http_response_status_code=~"CLASS.."}}'),
    "1.23.0": (Family.ACTIVATOR_S, f'{NEW}_count{{kn_revision_name!="",http_response_status_code=~"CLASS.."}}'),
}
"""What the activator of each version counts, by class of its answers, that says of which revision it is."""

NOW = {
    "autoscaler_desired_pods": "wanted", "autoscaler_actual_pods": "ready",
    "autoscaler_stable_request_concurrency": "concurrency",
    "autoscaler_target_concurrency_per_pod": "target_concurrency",
    "kn_revision_pods_desired": "wanted", "kn_revision_pods_count": "ready",
    "kn_revision_concurrency_stable": "concurrency", "kn_revision_concurrency_target": "target_concurrency",
    "kn_revision_pods_desired__item_": "wanted", "kn_revision_pods_count__pod_": "ready",
    "kn_revision_concurrency_stable__concurrency_": "concurrency",
    "kn_revision_concurrency_target__concurrency_": "target_concurrency",
}  # fmt: skip
"""What each version of the autoscaler calls it, read from its page without the program."""

"""Objects as KServe writes them, 0.10 to 0.20, become the rows that people expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Kind, Mode, Pod, Readiness, TrafficShare
from kmon_tui.live.codec import Codec
from kmon_tui.live.objects import facts_of
from kmon_tui.live.pods import pod_of
from kmon_tui.live.shapes import PodObject, Served

SAMPLES = Path(__file__).parent.parent / "data" / "kserve-objects"


def sample(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text())
    return document


def row(obj: dict[str, Any], pods: tuple[Pod, ...] | None = (), kind: Kind = Kind.ISVC) -> InferenceService:
    page = Codec(Served).page(msgspec.json.encode({"metadata": {}, "items": [obj]}))
    facts = facts_of(page.items[0], kind)
    assert facts is not None
    return describe(facts, pods)


def failing_pods() -> dict[str, Pod]:
    items = sample("pods-failing")["items"]
    page = Codec(PodObject).page(msgspec.json.encode({"metadata": {}, "items": items}))
    return {pod.isvc: pod for item in page.items if (pod := pod_of(item))}


READY_POD = Pod("default", "p", "u", "sklearn-iris", ready=True, phase="Running")


@pytest.mark.parametrize(
    ("name", "pods", "word", "mode"),
    [
        ("isvc-ready-serverless-0.10", (READY_POD,), Readiness.READY, Mode.KNATIVE),
        ("isvc-ready-serverless-0.20", (READY_POD,), Readiness.READY, Mode.KNATIVE),
        ("isvc-ready-standard-0.20", (READY_POD,), Readiness.READY, Mode.STANDARD),
        ("isvc-canary-serverless", (READY_POD,), Readiness.READY, Mode.KNATIVE),
        ("isvc-scaled-to-zero-serverless", (), Readiness.COLD, Mode.KNATIVE),
        ("isvc-stopped", (), Readiness.STOPPED, Mode.STANDARD),
        ("isvc-failed-load", (), Readiness.FAILED, Mode.KNATIVE),
        ("isvc-invalid-runtime", (), Readiness.FAILED, Mode.STANDARD),
        ("isvc-notready-standard", (), Readiness.ROLLING, Mode.STANDARD),
    ],
)
def test_each_sample_gets_its_word_and_mode(name: str, pods: tuple[Pod, ...], word: Readiness, mode: Mode) -> None:
    isvc = row(sample(name), pods)

    assert (isvc.readiness, isvc.mode) == (word, mode)


def test_the_reason_names_the_model_that_is_missing() -> None:
    isvc = row(sample("isvc-failed-load"))

    assert isvc.reason == "ModelLoadFailed"
    assert "No model found in gs://kfserving-examples" in isvc.message


def test_a_runtime_that_does_not_exist_is_named_as_the_reason() -> None:
    assert row(sample("isvc-invalid-runtime")).reason == "RuntimeNotRecognized"


def test_no_gpu_to_be_had_is_the_reason() -> None:
    isvc = row(sample("isvc-notready-standard"), (failing_pods()["big-gpu"],))

    assert (isvc.readiness, isvc.reason) == (Readiness.FAILED, "Unschedulable")
    assert "Insufficient nvidia.com/gpu" in isvc.message


def test_runtime_format_and_protocol_come_from_spec_and_status() -> None:
    isvc = row(sample("isvc-ready-serverless-0.20"))

    assert (isvc.runtime, isvc.format, isvc.protocol) == ("kserve-sklearnserver", "sklearn", "v1")
    assert isvc.url == "http://sklearn-iris.default.example.com"
    assert isvc.address == "http://sklearn-iris.default.svc.cluster.local"


def test_an_old_style_predictor_is_its_own_format() -> None:
    isvc = row(sample("isvc-ready-serverless-0.10"))

    assert (isvc.format, isvc.runtime) == ("sklearn", "sklearn")


def test_a_format_version_is_shown_with_it() -> None:
    obj = sample("isvc-ready-serverless-0.20")
    obj["spec"]["predictor"]["model"]["modelFormat"]["version"] = "1"

    assert row(obj).format == "sklearn 1"


def test_a_canary_shows_both_shares() -> None:
    traffic = row(sample("isvc-canary-serverless")).traffic

    assert traffic == (
        TrafficShare("sklearn-iris-predictor-00002", 20, "", True),
        TrafficShare("sklearn-iris-predictor-00001", 80, "prev", False),
    )


def test_a_standard_canary_shows_both_shares() -> None:
    obj = sample("isvc-ready-standard-0.20")
    obj["status"]["canaryStatuses"] = [{"name": "v2", "ready": True, "trafficPercent": 10}]

    assert row(obj).traffic == (TrafficShare("sklearn-iris-predictor", 90), TrafficShare("v2", 10, "canary"))


@pytest.mark.parametrize(
    ("spelled", "mode"),
    [
        ("Serverless", Mode.KNATIVE),
        ("Knative", Mode.KNATIVE),
        ("RawDeployment", Mode.STANDARD),
        ("Standard", Mode.STANDARD),
        ("ModelMesh", Mode.MODELMESH),
    ],
)
def test_both_spellings_of_a_mode_are_understood(spelled: str, mode: Mode) -> None:
    obj = {"metadata": {"name": "x", "annotations": {"serving.kserve.io/deploymentMode": spelled}}}

    assert row(obj).mode is mode


def test_the_status_says_the_mode_better_than_the_annotation() -> None:
    obj = sample("isvc-ready-standard-0.20")
    obj["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "Serverless"}

    assert row(obj).mode is Mode.STANDARD


def test_a_transformer_is_the_entry() -> None:
    obj = sample("isvc-ready-serverless-0.20")
    obj["spec"]["transformer"] = {"containers": [{"image": "x"}]}

    isvc = row(obj)

    assert (isvc.components, isvc.entry) == (("predictor", "transformer"), "transformer")


def test_an_llm_service_is_a_row_with_its_url() -> None:
    isvc = row(sample("llmisvc-ready"), (), Kind.LLM)

    assert (isvc.readiness, isvc.url) == (Readiness.READY, "http://gw.example.com/default/qwen")
    assert isvc.replicas.desired == 2


def test_an_llm_workload_that_fails_gives_the_reason() -> None:
    obj = sample("llmisvc-ready")
    for condition in obj["status"]["conditions"]:
        if condition["type"] in ("Ready", "WorkloadsReady", "MainWorkloadReady"):
            condition.update(status="False", reason="ProgressDeadlineExceeded", message="no GPU")

    isvc = row(obj, (), Kind.LLM)

    assert (isvc.readiness, isvc.reason, isvc.message) == (Readiness.FAILED, "ProgressDeadlineExceeded", "no GPU")


def test_a_graph_is_a_row() -> None:
    obj = {
        "metadata": {"name": "g", "namespace": "default"},
        "spec": {"nodes": {"root": {"routerType": "Sequence"}}},
        "status": {"url": "http://g", "conditions": [{"type": "Ready", "status": "True"}]},
    }

    assert row(obj, None, Kind.GRAPH).readiness is Readiness.READY


def test_the_storage_initializer_says_why_it_failed() -> None:
    pod = failing_pods()["bad-uri"]

    assert pod.trouble == "CrashLoopBackOff"
    assert "No model found" in pod.message


def test_a_pod_that_ran_out_of_memory_says_so_while_it_restarts() -> None:
    assert failing_pods()["oom"].trouble == "OOMKilled"


def test_an_image_that_cannot_be_pulled_is_the_trouble() -> None:
    pod = failing_pods()["typo-image"]

    assert (pod.trouble, pod.component) == ("ImagePullBackOff", "predictor")
    assert "kserve/sklearnserver:nope" in pod.message


def test_a_knative_pod_carries_its_revision() -> None:
    assert failing_pods()["bad-uri"].revision == "bad-uri-predictor-00001"


def with_ports(predictor: dict[str, Any], *names: str, **spec: Any) -> InferenceService:
    """Describe a service whose model container has ports of these names."""
    ports = [{"name": name, "containerPort": 9000} for name in names]
    if "containers" in predictor:
        predictor = {"containers": [{"name": "kserve-container", "ports": ports}]}
    else:
        predictor = {"model": {"modelFormat": {"name": "triton"}, "protocolVersion": "v2", "ports": ports}}
    return row({"metadata": {"name": "iris", "namespace": "demo"}, "spec": {"predictor": predictor, **spec}})


@pytest.mark.parametrize("predictor", [{"containers": []}, {"model": {}}])
def test_a_model_whose_ports_are_all_for_grpc_speaks_nothing_else(predictor: dict[str, Any]) -> None:
    assert with_ports(predictor, "h2c").protocol == "grpc"
    assert with_ports(predictor, "grpc-main").protocol == "grpc"
    assert with_ports(predictor, "h2c", "http1").protocol != "grpc"
    assert with_ports(predictor, "").protocol != "grpc"
    assert with_ports(predictor, "h2c", transformer={"containers": []}).protocol != "grpc"


@pytest.mark.parametrize(
    ("mode", "spec", "complaint"),
    [
        ("Standard", {"predictor": {"canaryTrafficPercent": 10}}, "canaryTrafficPercent"),
        ("Standard", {"predictor": {"canaryTrafficPercent": 100}}, ""),
        ("Standard", {"canary": [{"name": "b"}]}, ""),
        ("Knative", {"predictor": {"canaryTrafficPercent": 10}}, ""),
        ("Knative", {"canary": [{"name": "b"}]}, "spec.canary"),
    ],
)
def test_a_canary_field_that_its_mode_does_not_know_is_something_to_look_into(
    mode: str, spec: dict[str, Any], complaint: str
) -> None:
    found = sample("isvc-ready-standard-0.20")
    found["status"]["deploymentMode"] = mode
    found["spec"] = {**found["spec"], **spec, "predictor": {**found["spec"]["predictor"], **spec.get("predictor", {})}}

    assert row(found).complaint == complaint

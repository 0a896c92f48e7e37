"""The manifests are what they say: parsed, complete, and the same jobs in both forms."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import SECONDS_MS, Histogram
from kmon_tui.live.packs.gauges import AUTOSCALER
from kmon_tui.live.packs.ingress import ACTIVATOR, ACTIVATOR_S
from kmon_tui.live.packs.servers import VLLM
from kmon_tui.sandbox.prometheus_relabel import Rule, relabelled, rules_of
from scripts import scrape_configmap
from tests.e2e.discovery import pod_targets

LLM = "llminferenceservice"
KNATIVE_JOB = "kserve-knative-metrics"
MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
HISTOGRAMS = {
    "http_server_request_duration": SECONDS_MS,
    "request_predict": SECONDS_MS,
    "rest_server_request_duration": SECONDS_MS,
    "vllm:e2e_request_latency": (VLLM.latency or Histogram("", 1.0)).bounds_ms,
}


def documents(name: str) -> list[Any]:
    """Parse one file."""
    return list(yaml.safe_load_all((MANIFESTS / name).read_text(encoding="utf-8")))


def jobs() -> dict[str, dict[str, Any]]:
    """Give the scrape jobs by name."""
    return {job["job_name"]: job for job in documents("scrape-kserve.yaml")[0]}


def target_rules(name: str) -> tuple[Rule, ...]:
    """Give the rules for the targets of one job."""
    return rules_of(jobs()[name]["relabel_configs"])


def rules() -> dict[str, list[dict[str, Any]]]:
    """Give the rules of each role."""
    return {role["metadata"]["name"]: role.get("rules", ()) for role in documents("rbac.yaml")}


def test_the_configmap_holds_the_same_jobs() -> None:
    configmap = documents("prometheus-configmap.yaml")[0]

    inside = yaml.safe_load(configmap["data"]["kserve.yml"])

    assert {job["job_name"]: job for job in inside["scrape_configs"]} == jobs()
    assert configmap["metadata"]["name"] != "prometheus-server", "this name would replace what the chart scrapes"


def test_helms_template_engine_finds_nothing_in_the_jobs() -> None:
    assert "{{" not in (MANIFESTS / "scrape-kserve.yaml").read_text(encoding="utf-8")


def bound_ms(name: str, le: str) -> str | None:
    """Give the bound in milliseconds that our job makes of one in seconds; None: the bucket is left out."""
    rules = rules_of(jobs()["kserve-metrics"]["metric_relabel_configs"])
    labels = relabelled({"__name__": f"{name}_seconds_bucket", "path": "/v2/models/m/infer", "le": le}, rules)
    return None if labels is None else labels["le"]


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_each_second_bound_becomes_milliseconds_exactly_once(name: str) -> None:
    for expected in HISTOGRAMS[name]:
        for written in {f"{expected / 1000:g}", str(expected / 1000)}:
            assert bound_ms(name, written) == f"{expected:.0f}"


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [("0", "0"), ("0.0", "0"), ("0.35", "350"), ("12.5", "12500"), ("3600", "3600000"), ("0.0001", "0.1"),
     ("0.0025", "2.5"), ("1.00025", "1000.25"), ("0.10", "100"), ("+Inf", "+Inf")],
)  # fmt: skip  # a table reads better in two columns
def test_bounds_that_people_set_themselves_become_milliseconds_too(seconds: str, milliseconds: str) -> None:
    assert bound_ms("vllm:e2e_request_latency", seconds) == milliseconds


def test_a_bound_that_no_rule_can_read_is_left_out_and_not_taken_for_milliseconds() -> None:
    assert bound_ms("vllm:e2e_request_latency", "1e-05") is None


@pytest.mark.parametrize(
    ("pod", "address"),
    [
        ({"pod_ip": "10.0.0.7"}, "10.0.0.7:8080"),
        ({"pod_ip": "fd00::7"}, "[fd00::7]:8080"),
        ({"pod_ip": "10.0.0.7", "pod_annotation_prometheus_kserve_io_port": "9999"}, "10.0.0.7:9999"),
        ({"pod_ip": "10.0.0.7", "pod_container_image": "docker.io/seldonio/mlserver:1.7.1"}, "10.0.0.7:8082"),
        ({"pod_ip": "10.0.0.7", "pod_container_image": "nvcr.io/nvidia/tritonserver:23.05"}, "10.0.0.7:8002"),
        (
            {
                "pod_ip": "10.0.0.7",
                "pod_container_image": "docker.io/seldonio/mlserver:1.7.1",
                "pod_annotation_prometheus_kserve_io_port": "8080",
            },
            "10.0.0.7:8082",
        ),
        (
            {"pod_ip": "fd00::7", "pod_container_name": "main", "pod_label_app_kubernetes_io_part_of": LLM},
            "[fd00::7]:8000",
        ),
    ],
)
@pytest.mark.parametrize("job", ["kserve-metrics", "kserve-model-metrics"])
def test_a_model_is_scraped_where_it_listens(job: str, pod: dict[str, str], address: str) -> None:
    isvc = {} if LLM in pod.values() else {"pod_label_serving_kserve_io_inferenceservice": "iris"}
    told = {"pod_container_name": "kserve-container", "pod_phase": "Running", **isvc, **pod}
    told |= {"pod_label_kserve_io_component": "workload"} if not isvc else {}

    labels = relabelled({f"__meta_kubernetes_{name}": value for name, value in told.items()}, target_rules(job))

    assert labels is not None
    assert labels["__address__"] == address


@pytest.mark.parametrize("job", ["kserve-metrics", "kserve-model-metrics"])
@pytest.mark.parametrize(
    ("annotation", "port", "scheme"),
    [("", "", ""), ("https", "", "https"), ("", "https", "https"), ("http", "https", "")],
)
def test_a_language_model_with_tls_is_scraped_as_its_pods_say(
    job: str, annotation: str, port: str, scheme: str
) -> None:
    told = {
        "pod_ip": "10.0.0.7",
        "pod_phase": "Running",
        "pod_container_name": "main",
        "pod_container_port_name": port,
        "pod_annotation_prometheus_io_scheme": annotation,
        "pod_label_app_kubernetes_io_part_of": LLM,
        "pod_label_kserve_io_component": "workload",
    }

    labels = relabelled({f"__meta_kubernetes_{name}": value for name, value in told.items()}, target_rules(job))

    assert labels is not None
    assert labels.get("__scheme__", "") == scheme


REAL_PODS = Path(__file__).resolve().parent / "data" / "kserve-objects" / "real-pods.json"
QUEUE_PROXY, MODEL = "9091", "8080"


def scraped(job: str, pod: dict[str, Any]) -> set[tuple[str, ...]]:
    """Give port, path and the labels that lead to the service, of the targets that a job makes of a pod."""
    found: set[tuple[str, ...]] = set()
    for group in pod_targets([pod]):
        seen = {"__address__": group["targets"][0], "__metrics_path__": "/metrics", **group["labels"]}
        if (labels := relabelled(seen, target_rules(job))) is not None:
            port = labels["__address__"].rpartition(":")[2]
            found.add((port, labels["__metrics_path__"], labels["service_name"], labels["component"]))
    return found


@pytest.mark.parametrize(
    ("what", "name", "counted", "native"),
    [
        ("standard", "iris-two", {MODEL}, {MODEL}),
        ("standard with a logger", "sklearn-iris", {MODEL}, {MODEL}),
        ("knative", "iris-kn", {QUEUE_PROXY}, {QUEUE_PROXY, MODEL}),
        ("knative with a logger", "iris-kl", {QUEUE_PROXY}, {QUEUE_PROXY, MODEL}),
        ("llm", "facebook-opt-125m-single", {"8000"}, {"8000"}),
        ("llm scheduler", "", set(), set()),
    ],
)
def test_pods_as_kserve_makes_them_are_scraped_once_and_where_they_count(
    what: str, name: str, counted: set[str], native: set[str]
) -> None:
    pod = next(one["pod"] for one in json.loads(REAL_PODS.read_text("utf-8"))["pods"] if one["what"] == what)
    component = "workload" if what == "llm" else "predictor"

    assert scraped("kserve-metrics", pod) == {(port, "/metrics", name, component) for port in counted}
    assert scraped("kserve-model-metrics", pod) == {(port, "/metrics", name, component) for port in native}


def kept(job: str, name: str, **labels: str) -> bool:
    """Whether a series gets through the rules of a job."""
    return relabelled({"__name__": name, **labels}, rules_of(jobs()[job]["metric_relabel_configs"])) is not None


@pytest.mark.parametrize(
    ("name", "port", "kept"),
    [("kube-rbac-proxy", "https", True), ("manager", "webhook-server", False), ("manager", "", False)],
)
def test_kserves_controller_is_scraped_whatever_its_service_is_called(name: str, port: str, kept: bool) -> None:
    meta = {"pod_label_control_plane": "kserve-controller-manager", "pod_phase": "Running", "pod_container_name": name}
    labels = {f"__meta_kubernetes_{key}": value for key, value in {**meta, "pod_container_port_name": port}.items()}

    assert (relabelled(labels, target_rules("kserve-controller-metrics")) is not None) is kept


def test_knatives_control_plane_is_scraped_for_all_that_is_read_of_it() -> None:
    labels = {"pod_label_app": "autoscaler", "pod_container_port_name": "metrics", "pod_phase": "Running"}
    found = relabelled({f"__meta_kubernetes_{name}": v for name, v in labels.items()}, target_rules(KNATIVE_JOB))

    assert found is not None
    for name in [*ACTIVATOR.counters, *ACTIVATOR_S.counters, *(name for pack in AUTOSCALER for name in pack.levels)]:
        assert kept(KNATIVE_JOB, name), name


@pytest.mark.parametrize("family", [family for family, one in DIALECTS.items() if one.scope is Scope.PODS])
def test_every_server_gets_the_walks_two_names_and_keeps_its_own(family: Family) -> None:
    dialect = DIALECTS[family]
    counters = ["rest_server_requests_total"] if family is Family.MLSERVER else dialect.requests
    series = [*counters, *([dialect.latency.series] if dialect.latency else [])]

    for name in series if family is not Family.ALIAS else []:
        assert kept("kserve-metrics", name, path="/v2/models/{model_name}/infer"), name
        assert kept("kserve-model-metrics", name), name


def test_the_files_are_those_that_the_scripts_write() -> None:
    assert (MANIFESTS / "prometheus-configmap.yaml").read_text(encoding="utf-8") == scrape_configmap.configmap()
    assert scrape_configmap.SANDBOX.read_text(encoding="utf-8") == scrape_configmap.sandbox()


def test_the_first_model_is_one_that_every_kserve_takes() -> None:
    isvc = documents("inference-service.yaml")[0]

    assert (isvc["apiVersion"], isvc["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    assert isvc["metadata"]["name"] == "sklearn-iris"
    assert isvc["spec"]["predictor"]["model"]["modelFormat"] == {"name": "sklearn"}


def test_its_payloads_go_to_the_service_that_is_shipped_beside() -> None:
    isvc = documents("inference-service.yaml")[0]
    dumper = {document["kind"]: document for document in documents("message-dumper.yaml")}

    assert isvc["spec"]["predictor"]["logger"]["url"] == f"http://{dumper['Service']['metadata']['name']}/"
    assert dumper["Service"]["spec"]["ports"][0]["port"] == 80
    compile(dumper["ConfigMap"]["data"]["dump.py"], "dump.py", "exec")


def test_the_dumper_prints_one_line_a_message_and_nothing_that_a_terminal_obeys() -> None:
    source = next(one for one in documents("message-dumper.yaml") if one["kind"] == "ConfigMap")["data"]["dump.py"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dumper = subprocess.Popen(
        [sys.executable, "-c", source.replace('("", 8080)', f'("127.0.0.1", {port})')],
        stdout=subprocess.PIPE,
        text=True,
    )
    headers = {"Ce-Type": "org.kubeflow.serving.inference.response", "Ce-Id": "7"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", b'{"predictions":\n[0, "\x1b[31m"]}\n', headers)
    try:
        for _ in range(200):
            try:
                status = urllib.request.urlopen(asked, timeout=5).status
                break
            except OSError:
                time.sleep(0.05)
        assert dumper.stdout is not None
        line = dumper.stdout.readline()
    finally:
        dumper.kill()
        dumper.communicate()

    assert status == 202
    assert line == 'type=org.kubeflow.serving.inference.response id=7 {"predictions": [0, " [31m"]}\n'


@pytest.mark.parametrize(
    ("group", "resource"),
    [
        ("serving.kserve.io", "inferenceservices"),
        ("serving.kserve.io", "llminferenceservices"),
        ("serving.kserve.io", "inferencegraphs"),
        ("", "pods"),
    ],
)
def test_the_viewer_may_watch_all_that_the_program_watches(group: str, resource: str) -> None:
    granted = [
        rule for rule in rules()["kmon-tui-view"] if group in rule["apiGroups"] and resource in rule["resources"]
    ]

    assert {"get", "list", "watch"} <= {verb for rule in granted for verb in rule["verbs"]}


def test_the_viewer_may_change_nothing_and_read_no_secret() -> None:
    viewer = rules()["kmon-tui-view"]

    assert {verb for rule in viewer for verb in rule["verbs"]} <= {"get", "list", "watch"}
    assert not {"secrets", "*"} & {resource for rule in viewer for resource in rule["resources"]}


def test_the_script_is_executable_and_explains_itself() -> None:
    script = MANIFESTS / "port-forward.sh"

    done = subprocess.run([str(script)], capture_output=True, text=True, check=False)

    assert os.access(script, os.X_OK)
    assert done.returncode == 2
    assert "sklearn-iris" in done.stderr

"""The labels of a pod are those that Prometheus itself finds."""

from __future__ import annotations

from typing import Any

from tests.e2e.discovery import pod_targets


def pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "iris-1",
            "namespace": "default",
            "uid": "u1",
            "labels": {"serving.kserve.io/inferenceservice": "iris"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "iris-rs", "controller": True}],
        },
        "spec": {
            "containers": [
                {"name": "kserve-container"},
                {"name": "queue-proxy", "ports": [{"name": "http-usermetric", "containerPort": 9091}]},
            ]
        },
        "status": status,
    }


def test_each_port_is_a_target_and_a_container_without_ports_is_one_too() -> None:
    groups = pod_targets([pod(podIP="127.0.0.9", phase="Running")])

    assert [group["targets"] for group in groups] == [["127.0.0.9"], ["127.0.0.9:9091"]]


def test_labels_lose_what_prometheus_does_not_allow_in_a_name() -> None:
    labels = pod_targets([pod(podIP="127.0.0.9")])[0]["labels"]

    assert labels["__meta_kubernetes_pod_label_serving_kserve_io_inferenceservice"] == "iris"
    assert labels["__meta_kubernetes_pod_labelpresent_serving_kserve_io_inferenceservice"] == "true"
    assert labels["__meta_kubernetes_pod_controller_kind"] == "ReplicaSet"


def test_a_pod_without_an_address_is_no_target() -> None:
    assert pod_targets([pod(phase="Pending")]) == []

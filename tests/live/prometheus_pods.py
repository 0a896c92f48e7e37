"""Pods as the charts, the operators and OpenShift make them."""

from __future__ import annotations

from typing import Any


def pod(
    namespace: str,
    name: str,
    labels: dict[str, str],
    *,
    owner: tuple[str, str] | None = None,
    ports: dict[str, int] | None = None,
    args: tuple[str, ...] = (),
    ready: bool = True,
) -> dict[str, Any]:
    """Make a pod object that runs on a node."""
    owners = [{"kind": owner[0], "name": owner[1], "apiVersion": "apps/v1", "uid": "u"}] if owner else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owners},
        "spec": {
            "nodeName": "worker-a",
            "containers": [
                {
                    "name": "prometheus",
                    "image": "prometheus",
                    "args": list(args),
                    "ports": [{"name": key, "containerPort": number} for key, number in (ports or {}).items()],
                }
            ],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def of_chart(
    namespace: str = "monitoring", release: str = "prometheus", suffix: str = "x1", **more: Any
) -> dict[str, Any]:
    """Make the server of prometheus-community/prometheus, 21.0.0 and later."""
    base = "prometheus-server" if release == "prometheus" else f"{release}-prometheus-server"
    labels = {
        "app.kubernetes.io/name": "prometheus",
        "app.kubernetes.io/component": "server",
        "app.kubernetes.io/instance": release,
        "pod-template-hash": "6f9d8b7c4d",
    }
    return pod(
        namespace,
        f"{base}-6f9d8b7c4d-{suffix}",
        labels,
        owner=("ReplicaSet", f"{base}-6f9d8b7c4d"),
        ports={"": 9090},
        **more,
    )


def of_old_chart(namespace: str = "monitoring", release: str = "prometheus") -> dict[str, Any]:
    """Make the server of the same chart, 15.x to 20.x."""
    labels = {"app": "prometheus", "component": "server", "release": release, "pod-template-hash": "abc"}
    return pod(namespace, "prometheus-server-abc-x1", labels, owner=("ReplicaSet", "prometheus-server-abc"))


def of_operator(namespace: str = "monitoring", name: str = "kps-prometheus", **more: Any) -> dict[str, Any]:
    """Make a pod of kube-prometheus-stack."""
    labels = {
        "app.kubernetes.io/name": "prometheus",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "operator.prometheus.io/name": name,
        "operator.prometheus.io/shard": "0",
        "prometheus": name,
    }
    owner = ("StatefulSet", f"prometheus-{name}")
    ports = {"http-web": 9090, "reloader-web": 8080}
    return pod(namespace, f"prometheus-{name}-0", labels, owner=owner, ports=ports, **more)


def of_openshift() -> dict[str, Any]:
    """Make a pod of OpenShift's thanos-querier."""
    labels = {"app.kubernetes.io/name": "thanos-query", "app.kubernetes.io/instance": "thanos-querier"}
    ports = {"web": 9091, "tenancy": 9092, "metrics": 9094}
    owner = ("ReplicaSet", "thanos-querier-5d")
    return pod("openshift-monitoring", "thanos-querier-5d-1", labels, owner=owner, ports=ports)

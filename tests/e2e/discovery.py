"""Kubernetes service discovery for a Prometheus that was built without it (Debian 12's): the same labels over http_sd.

Role ``pod`` only; the labels are those of Prometheus' documentation, computed from the API's own objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.answering import Said, answering

PREFIX = "__meta_kubernetes_"
Labels = dict[str, str]


def pod_targets(pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give one target group per container port of every pod with an address; a container without ports is one too."""
    groups = []
    for pod in pods:
        address = pod.get("status", {}).get("podIP", "")
        if not address:
            continue
        labels = {f"{PREFIX}namespace": pod["metadata"]["namespace"], **_pod_labels(pod)}
        for container in _containers(pod):
            for port in container["ports"]:
                target = f"{address}:{port['containerPort']}" if port else address
                groups.append({"targets": [target], "labels": {**labels, **container["labels"], **_port_labels(port)}})
    return groups


def _pod_labels(pod: dict[str, Any]) -> Labels:
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    ready = next((c["status"].lower() for c in status.get("conditions", []) if c["type"] == "Ready"), "unknown")
    told = {
        "name": meta["name"],
        "ip": status.get("podIP", ""),
        "ready": ready,
        "phase": status.get("phase", ""),
        "node_name": spec.get("nodeName", ""),
        "host_ip": status.get("hostIP", ""),
        "uid": meta["uid"],
    }
    owner = next((owner for owner in meta.get("ownerReferences", []) if owner.get("controller")), None)
    if owner:
        told |= {"controller_kind": owner["kind"], "controller_name": owner["name"]}
    for what in ("label", "annotation"):
        for name, value in (meta.get(f"{what}s") or {}).items():
            told[f"{what}_{_sanitized(name)}"] = value
            told[f"{what}present_{_sanitized(name)}"] = "true"
    return {f"{PREFIX}pod_{name}": value for name, value in told.items()}


def _containers(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    ids = {c["name"]: c.get("containerID", "") for c in pod.get("status", {}).get("containerStatuses", [])}
    for is_init, field in ((False, "containers"), (True, "initContainers")):
        for container in pod["spec"].get(field, []):
            name = container["name"]
            told = {
                "name": name,
                "image": container.get("image", ""),
                "id": ids.get(name, ""),
                "init": str(is_init).lower(),
            }
            yield {
                "ports": container.get("ports") or [None],
                "labels": {f"{PREFIX}pod_container_{key}": value for key, value in told.items()},
            }


def _port_labels(port: dict[str, Any] | None) -> Labels:
    if port is None:
        return {}
    told = {
        "name": port.get("name", ""),
        "number": str(port["containerPort"]),
        "protocol": port.get("protocol", "TCP"),
    }
    return {f"{PREFIX}pod_container_port_{key}": value for key, value in told.items()}


def _sanitized(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _as_found(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return groups


@contextmanager
def serving(
    read_pods: Callable[[], list[dict[str, Any]]],
    changed: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = _as_found,
) -> Iterator[str]:
    """Serve the targets of these pods, read anew at each question; gives the URL for ``http_sd_configs``."""

    def say(_method: str, _path: str) -> Said:
        return Said(json.dumps(changed(pod_targets(read_pods()))).encode(), "application/json")

    with answering(say) as address:
        yield f"http://{address}/"

"""Service discovery of role ``pod``: what Prometheus knows of each container port of each pod."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")
_META = "__meta_kubernetes_"


def discovered(pods: Iterable[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Give the labels of every target: one for each port of each container, init containers too."""
    for pod in pods:
        address = pod.get("status", {}).get("podIP", "")
        if not address:
            continue
        labels = pod_labels(pod)
        for key, is_init in (("containers", "false"), ("initContainers", "true")):
            for container in pod["spec"].get(key) or ():
                yield from _ports(container, address, {**labels, f"{_META}pod_container_init": is_init})


def _ports(container: dict[str, Any], address: str, labels: dict[str, str]) -> Iterator[dict[str, str]]:
    labels = {
        **labels,
        f"{_META}pod_container_name": container["name"],
        f"{_META}pod_container_image": container.get("image", ""),
    }
    for port in container.get("ports") or ():
        number = str(port["containerPort"])
        yield {
            **labels,
            "__address__": f"{address}:{number}",
            f"{_META}pod_container_port_name": port.get("name", ""),
            f"{_META}pod_container_port_number": number,
            f"{_META}pod_container_port_protocol": port.get("protocol", "TCP"),
        }
    if not container.get("ports"):
        yield {**labels, "__address__": address}


def pod_labels(pod: dict[str, Any]) -> dict[str, str]:
    """Give what is the same for all ports of a pod."""
    metadata, status = pod["metadata"], pod.get("status", {})
    ready = next((c["status"].lower() for c in status.get("conditions", ()) if c["type"] == "Ready"), "unknown")
    labels = {
        f"{_META}namespace": metadata.get("namespace", ""),
        f"{_META}pod_name": metadata["name"],
        f"{_META}pod_ip": status.get("podIP", ""),
        f"{_META}pod_ready": ready,
        f"{_META}pod_phase": status.get("phase", ""),
        f"{_META}pod_node_name": pod["spec"].get("nodeName", ""),
        f"{_META}pod_host_ip": status.get("hostIP", ""),
        f"{_META}pod_uid": metadata.get("uid", ""),
    }
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            labels[f"{_META}pod_controller_kind"] = owner["kind"]
            labels[f"{_META}pod_controller_name"] = owner["name"]
    for what in ("label", "annotation"):
        for name, value in (metadata.get(f"{what}s") or {}).items():
            safe = _NOT_IN_LABELS.sub("_", name)
            labels[f"{_META}pod_{what}_{safe}"] = value
            labels[f"{_META}pod_{what}present_{safe}"] = "true"
    return labels

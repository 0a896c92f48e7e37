"""InferenceServices as KServe 0.20 and its webhooks leave them, managedFields and all, and pods.

One that the controller wrote on a real cluster has 4,265 bytes, these have 4,250, in the same fields
(tests/data/kserve-objects/real-isvc-knative-0.20.json), which stand in the order in which the API server writes them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

NAMESPACES = 40
SINCE = "2026-08-21T09:01:12Z"
_FIRST = datetime(2026, 8, 21, 9, tzinfo=UTC)
_CONDITIONS = (
    ("IngressReady", "", 72),
    ("LatestDeploymentReady", "Info", 70),
    ("PredictorConfigurationReady", "Info", 70),
    ("PredictorReady", "", 71),
    ("PredictorRouteReady", "Info", 71),
    ("Ready", "", 72),
    ("RoutesReady", "Info", 71),
    ("Stopped", "Info", 1),
)
"""Type, severity, and after how many seconds it last changed."""
_RUNTIME = "kserve-sklearnserver"
_LEAF: dict[str, Any] = {}


def place_of(number: int) -> tuple[str, str]:
    """Give namespace and name of a service; names sort as their numbers do."""
    return f"team-{number % NAMESPACES:02d}", f"model-{number:05d}"


def isvc(number: int, *, ready: bool = True) -> dict[str, Any]:
    """Give one InferenceService in Knative mode, ready or rolling, made by ``kubectl apply``."""
    namespace, name = place_of(number)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": _applied(namespace, name),
                "modelFormat": "sklearn",
                "serving.kserve.io/deploymentMode": "Knative",
            },
            "creationTimestamp": _moment(number, 0),
            "finalizers": ["inferenceservice.finalizers"],
            "generation": 1,
            "labels": {"app.kubernetes.io/part-of": namespace},
            "managedFields": _managed(number),
            "name": name,
            "namespace": namespace,
        },
        "spec": _spec(namespace, name, applied=False),
        "status": _status(number, ready),
    }


def pod(number: int) -> dict[str, Any]:
    """Give the pod of a service."""
    namespace, name = place_of(number)
    revision = f"{name}-predictor-00001"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{revision}-deployment-5d8f7c9b6d-abcde",
            "namespace": namespace,
            "creationTimestamp": "2026-08-21T09:00:10Z",
            "labels": {
                "serving.kserve.io/inferenceservice": name,
                "component": "predictor",
                "serving.knative.dev/revision": revision,
            },
            "managedFields": [_pod_fields("kube-controller-manager"), _pod_fields("kubelet")],
        },
        "spec": {"containers": [{"name": "kserve-container", "image": "kserve/sklearnserver:v0.20.0"}]},
        "status": {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": SINCE}],
            "containerStatuses": [{"name": "kserve-container", "ready": True, "restartCount": 0}],
        },
    }


def _moment(number: int, seconds: int) -> str:
    """Give a time in the life of a service; no two of them were made together."""
    return (_FIRST + timedelta(seconds=number * 37 + seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _spec(namespace: str, name: str, *, applied: bool) -> dict[str, Any]:
    """Give the spec as somebody wrote it, or as the webhook filled it in."""
    model: dict[str, Any] = {"modelFormat": {"name": "sklearn"}}
    if not applied:
        amounts = {"cpu": "1", "memory": "2Gi"}
        model |= {"name": "", "protocolVersion": "v1", "resources": {"limits": amounts, "requests": amounts}}
        model["runtime"] = _RUNTIME
    model["storageUri"] = f"gs://models/{namespace}/{name}"
    return {"predictor": {"maxReplicas": 3, "minReplicas": 1, "model": model}}


def _applied(namespace: str, name: str) -> str:
    written = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "annotations": {"serving.kserve.io/deploymentMode": "Serverless"},
            "labels": {"app.kubernetes.io/part-of": namespace},
            "name": name,
            "namespace": namespace,
        },
        "spec": _spec(namespace, name, applied=True),
    }
    return json.dumps(written, separators=(",", ":")) + "\n"


def _status(number: int, ready: bool) -> dict[str, Any]:
    namespace, name = place_of(number)
    revision = f"{name}-predictor-00001"
    conditions: list[dict[str, str]] = []
    for kind, severity, seconds in _CONDITIONS:
        word = "False" if kind == "Stopped" else "True" if ready else "Unknown"
        one = {"lastTransitionTime": _moment(number, seconds), "severity": severity, "status": word, "type": kind}
        conditions.append({field: value for field, value in one.items() if value})
    return {
        "address": {"url": f"http://{name}.{namespace}.svc.cluster.local"},
        "clusterServingRuntimeName": _RUNTIME,
        "components": {
            "predictor": {
                "address": {"url": f"http://{name}-predictor.{namespace}.svc.cluster.local"},
                "latestCreatedRevision": revision,
                "latestReadyRevision": revision,
                "latestRolledoutRevision": revision,
                "traffic": [{"latestRevision": True, "percent": 100, "revisionName": revision}],
                "url": f"http://{name}-predictor.{namespace}.example.com",
            }
        },
        "conditions": conditions,
        "deploymentMode": "Knative",
        "modelStatus": {
            "copies": {"failedCopies": 0, "totalCopies": 1},
            "states": {"activeModelState": "Loaded", "targetModelState": "Loaded"},
            "transitionStatus": "UpToDate" if ready else "InProgress",
        },
        "observedGeneration": 1,
        "url": f"http://{name}.{namespace}.example.com",
    }


def _managed(number: int) -> list[dict[str, Any]]:
    """Give who wrote what: kubectl, the controller, and the controller once more, of the status."""
    annotations = {".": _LEAF, "f:kubectl.kubernetes.io/last-applied-configuration": _LEAF}
    annotations["f:serving.kserve.io/deploymentMode"] = _LEAF
    labels = {".": _LEAF, "f:app.kubernetes.io/part-of": _LEAF}
    model = {".": _LEAF, "f:modelFormat": {".": _LEAF, "f:name": _LEAF}, "f:name": _LEAF, "f:storageUri": _LEAF}
    applied = {
        "f:metadata": {"f:annotations": annotations, "f:labels": labels},
        "f:spec": {".": _LEAF, "f:predictor": {".": _LEAF, "f:model": model}},
    }
    kept = {"f:metadata": {"f:finalizers": {".": _LEAF, 'v:"inferenceservice.finalizers"': _LEAF}}}
    revisions = ("latestCreatedRevision", "latestReadyRevision", "latestRolledoutRevision", "traffic", "url")
    address = {".": _LEAF, "f:url": _LEAF}
    predictor = {".": _LEAF, "f:address": address, **{f"f:{field}": _LEAF for field in revisions}}
    states = {".": _LEAF, "f:activeModelState": _LEAF, "f:targetModelState": _LEAF}
    status = {
        ".": _LEAF,
        "f:address": address,
        "f:clusterServingRuntimeName": _LEAF,
        "f:components": {".": _LEAF, "f:predictor": predictor},
        "f:conditions": _LEAF,
        "f:deploymentMode": _LEAF,
        "f:modelStatus": {
            ".": _LEAF,
            "f:copies": {".": _LEAF, "f:failedCopies": _LEAF, "f:totalCopies": _LEAF},
            "f:states": states,
            "f:transitionStatus": _LEAF,
        },
        "f:observedGeneration": _LEAF,
        "f:url": _LEAF,
    }
    wrote = {"operation": "Update"}
    group = "serving.kserve.io/v1beta1"
    return [
        {"apiVersion": group, "fieldsType": "FieldsV1", "fieldsV1": applied, "manager": "kubectl-client-side-apply"}
        | wrote
        | {"time": _moment(number, 0)},
        {"apiVersion": group, "fieldsType": "FieldsV1", "fieldsV1": kept, "manager": "manager"}
        | wrote
        | {"time": _moment(number, 1)},
        {"apiVersion": group, "fieldsType": "FieldsV1", "fieldsV1": {"f:status": status}, "manager": "manager"}
        | wrote
        | {"subresource": "status", "time": _moment(number, 72)},
    ]


def _pod_fields(manager: str) -> dict[str, Any]:
    fields = {f"f:{name}": {".": _LEAF, "f:lastTransitionTime": _LEAF} for name in ("conditions", "phase", "podIP")}
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": SINCE,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:annotations": _LEAF, "f:labels": _LEAF}, "f:status": fields},
    }

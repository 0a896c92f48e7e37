"""InferenceServices and pods as large as those of real clusters: some 4 kB each, managedFields and all."""

from __future__ import annotations

from typing import Any

NAMESPACES = 40
SINCE = "2026-08-21T09:01:12Z"
_CONDITIONS = (
    *("IngressReady", "LatestDeploymentReady", "PredictorConfigurationReady", "PredictorReady"),
    *("PredictorRouteReady", "Ready", "RoutesReady"),
)
_STATUS_FIELDS = ("url", "address", "components", "conditions", "modelStatus", "observedGeneration", "deploymentMode")


def place_of(number: int) -> tuple[str, str]:
    """Give namespace and name of a service; names sort as their numbers do."""
    return f"team-{number % NAMESPACES:02d}", f"model-{number:05d}"


def isvc(number: int, *, ready: bool = True) -> dict[str, Any]:
    """Give one InferenceService in Knative mode, ready or rolling."""
    namespace, name = place_of(number)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-08-21T09:00:00Z",
            "finalizers": ["inferenceservice.finalizers"],
            "annotations": {"serving.kserve.io/deploymentMode": "Knative"},
            "managedFields": [_managed("kubectl-client-side-apply"), _managed("manager")],
        },
        "spec": {
            "predictor": {
                "minReplicas": 1,
                "maxReplicas": 3,
                "model": {
                    "modelFormat": {"name": "sklearn"},
                    "protocolVersion": "v1",
                    "runtime": "kserve-sklearnserver",
                    "storageUri": f"gs://models/{namespace}/{name}",
                },
            }
        },
        "status": _status(namespace, name, ready),
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
            "managedFields": [_managed("kube-controller-manager"), _managed("kubelet")],
        },
        "spec": {"containers": [{"name": "kserve-container", "image": "kserve/sklearnserver:v0.20.0"}]},
        "status": {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": SINCE}],
            "containerStatuses": [{"name": "kserve-container", "ready": True, "restartCount": 0}],
        },
    }


def _status(namespace: str, name: str, ready: bool) -> dict[str, Any]:
    host = f"{name}.{namespace}.example.com"
    revision = f"{name}-predictor-00001"
    word = "True" if ready else "Unknown"
    conditions = [{"type": kind, "status": word, "lastTransitionTime": SINCE} for kind in _CONDITIONS]
    return {
        "observedGeneration": 1,
        "deploymentMode": "Knative",
        "clusterServingRuntimeName": "kserve-sklearnserver",
        "url": f"http://{host}",
        "address": {"url": f"http://{name}.{namespace}.svc.cluster.local"},
        "components": {
            "predictor": {
                "url": f"http://{name}-predictor.{namespace}.example.com",
                "address": {"url": f"http://{name}-predictor.{namespace}.svc.cluster.local"},
                "latestCreatedRevision": revision,
                "latestReadyRevision": revision,
                "latestRolledoutRevision": revision,
                "traffic": [{"latestRevision": True, "percent": 100, "revisionName": revision}],
            }
        },
        "conditions": conditions,
        "modelStatus": {
            "copies": {"failedCopies": 0, "totalCopies": 1},
            "states": {"activeModelState": "Loaded", "targetModelState": "Loaded"},
            "transitionStatus": "UpToDate" if ready else "InProgress",
        },
    }


def _managed(manager: str) -> dict[str, Any]:
    leaf: dict[str, Any] = {}
    fields = {f"f:{name}": {".": leaf, "f:url": leaf, "f:lastTransitionTime": leaf} for name in _STATUS_FIELDS}
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "serving.kserve.io/v1beta1",
        "time": SINCE,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:annotations": leaf, "f:labels": leaf}, "f:status": fields},
    }

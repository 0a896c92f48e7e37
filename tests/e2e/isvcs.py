"""InferenceServices that the tests write themselves, with the status that a controller would have given them.

The specs hold what KServe's full CRD demands and nothing that only its webhooks would add.
"""

from __future__ import annotations

from typing import Any

RESOURCE = "inferenceservices.serving.kserve.io"
SINCE = "2026-08-21T09:00:40Z"


def manifest(name: str, namespace: str) -> dict[str, Any]:
    """Give an InferenceService in Standard mode, by the name of the mode that every KServe understands."""
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://kfserving-examples/models/sklearn/1.0/model"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {"serving.kserve.io/deploymentMode": "RawDeployment"},
        },
        "spec": {"predictor": {"model": model}},
    }


def ready_status(name: str, namespace: str) -> dict[str, Any]:
    """Give the status of a service that serves."""
    return {
        "url": f"http://{name}-{namespace}.example.com",
        "address": {"url": f"http://{name}-predictor.{namespace}.svc.cluster.local"},
        "components": {"predictor": {"url": f"http://{name}-predictor-{namespace}.example.com"}},
        "conditions": [
            condition("IngressReady", "True"),
            condition("PredictorReady", "True", "NewReplicaSetAvailable", "has successfully progressed."),
            condition("Ready", "True"),
        ],
        "modelStatus": {
            "copies": {"failedCopies": 0, "totalCopies": 1},
            "states": {"activeModelState": "Loaded", "targetModelState": "Loaded"},
            "transitionStatus": "UpToDate",
        },
    }


def failed_status(message: str) -> dict[str, Any]:
    """Give the status of a service whose model cannot be fetched: Ready's own reason does not help."""
    return {
        "components": {"predictor": {}},
        "conditions": [
            condition("IngressReady", "False", "Predictor ingress not created"),
            condition("PredictorReady", "False", "ProgressDeadlineExceeded", "has timed out progressing."),
            condition("Ready", "False", "Predictor ingress not created"),
        ],
        "modelStatus": {
            "copies": {"failedCopies": 0, "totalCopies": 0},
            "states": {"activeModelState": "", "targetModelState": "FailedToLoad"},
            "transitionStatus": "BlockedByFailedLoad",
            "lastFailureInfo": {"reason": "ModelLoadFailed", "exitCode": 1, "message": message},
        },
    }


def rolling_status() -> dict[str, Any]:
    """Give the status of a service that starts, as the controller writes it in the first seconds."""
    return {
        "components": {"predictor": {}},
        "conditions": [
            condition("IngressReady", "False", "Predictor ingress not created"),
            condition("PredictorReady", "False", "MinimumReplicasUnavailable", "does not have minimum availability."),
            condition("Ready", "False", "Predictor ingress not created"),
        ],
        "modelStatus": {
            "copies": {"failedCopies": 0, "totalCopies": 0},
            "states": {"activeModelState": "", "targetModelState": "Pending"},
            "transitionStatus": "InProgress",
        },
    }


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, str]:
    """Give one condition; what is empty is left out, as the controller does."""
    told = {"type": kind, "status": status, "lastTransitionTime": SINCE, "reason": reason, "message": message}
    return {name: value for name, value in told.items() if value}

"""What a row knows of its service, as an object: where the object itself is not among those that were read."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.service import InferenceService
from kmon_tui.domain.tree import Object
from kmon_tui.live.discovery import GROUP, VERSIONS

_OF_MODEL_STATUS = frozenset(
    {
        "ModelLoadFailed",
        "RuntimeUnhealthy",
        "RuntimeDisabled",
        "NoSupportingRuntime",
        "RuntimeNotRecognized",
        "InvalidPredictorSpec",
    }
)
"""Reasons that KServe writes into lastFailureInfo only."""


def stand_in(row: InferenceService) -> Object:
    """Give the object, as far as it is known."""
    status: dict[str, object] = {
        "conditions": [
            {
                "type": one.type,
                "status": one.status,
                "reason": one.reason,
                "message": one.message,
                "severity": one.severity,
                **({} if one.since is None else {"lastTransitionTime": _time(one.since)}),
            }
            for one in row.conditions
        ]
    }
    if row.mode:
        status["deploymentMode"] = str(row.mode)
    if row.url:
        status["url"] = row.url
    if row.reason in _OF_MODEL_STATUS:
        transition = "BlockedByFailedLoad" if row.reason in ("ModelLoadFailed", "RuntimeUnhealthy") else "InvalidSpec"
        failure = {"reason": row.reason, "message": row.message}
        status["modelStatus"] = {"transitionStatus": transition, "lastFailureInfo": failure}
    metadata: dict[str, object] = {
        "name": row.key.name,
        "namespace": row.key.namespace,
        "uid": row.uid,
        "generation": row.generation,
    }
    if row.created is not None:
        metadata["creationTimestamp"] = _time(row.created)
    version = f"{GROUP.removeprefix('/apis/')}/{VERSIONS[row.key.kind][0]}"
    return {"apiVersion": version, "kind": str(row.key.kind), "metadata": metadata, "status": status}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

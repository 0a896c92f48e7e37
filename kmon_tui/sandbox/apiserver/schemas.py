"""The shapes of the sandbox's custom resources: what the fields that people write must look like."""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.values import JsonObject


def schema_of(kind: str) -> JsonObject:
    """Return the openAPIV3Schema of a kind: exact for InferenceService, open below spec and status for others."""
    spec: JsonObject = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "type": "object",
        "description": f"{kind} as the sandbox serves it.",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }

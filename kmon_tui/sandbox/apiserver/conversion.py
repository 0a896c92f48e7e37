"""From the version in which an object is served to the one in which it is stored, and back."""

from __future__ import annotations

from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.values import JsonObject

_EVENT_FIELDS = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
"""Names of the same facts in events.k8s.io/v1 and in v1."""


def to_stored(kind: Kind, obj: JsonObject) -> JsonObject:
    """Turn an object of any served version into the stored one, in place."""
    if kind.stored_as is not None:
        obj = _renamed(obj, _EVENT_FIELDS)
        obj["apiVersion"] = "v1"
    elif kind.plural == "horizontalpodautoscalers" and obj.get("apiVersion") == "autoscaling/v1":
        obj["apiVersion"] = "autoscaling/v2"
        spec = obj.get("spec", {})
        if (percent := spec.pop("targetCPUUtilizationPercentage", None)) is not None:
            target = {"type": "Utilization", "averageUtilization": percent}
            spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    else:
        obj["apiVersion"] = kind.api_version()
    return obj


def from_stored(kind: Kind, version: str, obj: JsonObject) -> JsonObject:
    """Turn a stored object into a served version; a new dict that shares its parts."""
    obj = {**obj, "apiVersion": kind.api_version(version)}
    if kind.stored_as is not None:
        served = _renamed(obj, {stored: served for served, stored in _EVENT_FIELDS.items()})
        return {name: value for name, value in served.items() if value != ""}
    if kind.plural == "horizontalpodautoscalers" and version == "v1":
        spec = dict(obj.get("spec", {}))
        for metric in spec.pop("metrics", None) or ():
            resource = metric.get("resource", {})
            percent = resource.get("target", {}).get("averageUtilization")
            if resource.get("name") == "cpu" and percent is not None:
                spec["targetCPUUtilizationPercentage"] = percent
        obj["spec"] = spec
    return obj


def is_converted(kind: Kind, version: str) -> bool:
    """Say whether more than the apiVersion differs from what is stored."""
    return kind.stored_as is not None or (kind.plural == "horizontalpodautoscalers" and version == "v1")


def _renamed(obj: JsonObject, names: dict[str, str]) -> JsonObject:
    return {names.get(name, name): value for name, value in obj.items()}

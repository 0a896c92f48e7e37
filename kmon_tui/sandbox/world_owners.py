"""Who writes what the controllers write: managedFields as a real API server keeps them."""

from __future__ import annotations

from typing import Any

from kmon_tui.sandbox.apiserver import ownership
from kmon_tui.sandbox.apiserver.fields import Structure
from kmon_tui.sandbox.apiserver.ownership import Manager
from kmon_tui.sandbox.apiserver.store import Store, same_spec
from kmon_tui.sandbox.apiserver.values import JsonObject

KSERVE, KNATIVE, KUBERNETES = "manager", "controller", "kube-controller-manager"
"""Controllers name themselves after the file they run from, unless they say otherwise."""
_OF_KNATIVE = ("serving.knative.dev", "autoscaling.internal.knative.dev", "networking.internal.knative.dev")


def looked_at(store: Store, found: dict[str, Any]) -> dict[str, Any]:
    """Give what controllers make below a service as it is once they have looked at their last change."""
    kind = store.registry.find(found["apiVersion"], found["kind"])
    if kind is None or "observedGeneration" not in found.get("status", ()):
        return found
    old = store.get(kind.group, kind.plural, found["metadata"].get("namespace", ""), found["metadata"]["name"])
    generation = 1 if old is None else old["metadata"]["generation"] + (not same_spec(found, old))
    return {**found, "status": {**found["status"], "observedGeneration": generation}}


def signed(store: Store, found: dict[str, Any]) -> dict[str, Any]:
    """Give an object that a controller writes with managedFields that say so: of its spec, and of its status."""
    kind = store.registry.find(found["apiVersion"], found["kind"])
    version = kind.version(found["apiVersion"].rpartition("/")[2]) if kind is not None else None
    if kind is None or version is None:
        return found
    metadata = found["metadata"]
    old = store.get(kind.group, kind.plural, metadata.get("namespace", ""), metadata["name"])
    structure, of_spec, of_status = Structure(kind, version), *_controllers(found)
    new: JsonObject = {**found, "metadata": {**metadata, "managedFields": None}}
    _own(structure, Manager(of_spec, ownership.UPDATE, found["apiVersion"]), old, new, status=False)
    _own(structure, Manager(of_status, ownership.UPDATE, found["apiVersion"], "status"), old, new, status=True)
    if not new["metadata"]["managedFields"]:
        del new["metadata"]["managedFields"]
    elif old is None and (made := metadata.get("creationTimestamp")):
        for entry in new["metadata"]["managedFields"]:
            entry["time"] = made
    return new


def _own(structure: Structure, manager: Manager, old: JsonObject | None, new: JsonObject, *, status: bool) -> None:
    """Give a controller what it changed of one half of an object; managedFields of ``new`` are those so far."""
    known = new["metadata"].get("managedFields") or (old["metadata"].get("managedFields") if old is not None else None)
    before = {**_half(old or {}, status=status), "metadata": {"managedFields": known or []}}
    after = {**_half(new, status=status), "metadata": {}}
    ownership.own_update(structure, manager, before, after)
    new["metadata"]["managedFields"] = after["metadata"].get("managedFields")


def _half(obj: JsonObject, *, status: bool) -> JsonObject:
    return {name: value for name, value in obj.items() if name != "metadata" and (name == "status") == status}


def _controllers(found: dict[str, Any]) -> tuple[str, str]:
    """Name who writes the spec of an object, and who its status."""
    group = found["apiVersion"].partition("/")[0]
    owner = str(next((one["kind"] for one in found["metadata"].get("ownerReferences", ())), ""))
    if group in _OF_KNATIVE:
        return (KSERVE if owner == "InferenceService" else KNATIVE), KNATIVE
    if owner == "Deployment":
        return KUBERNETES, KUBERNETES
    return (KNATIVE if owner in {"Revision", "PodAutoscaler"} else KSERVE), KUBERNETES

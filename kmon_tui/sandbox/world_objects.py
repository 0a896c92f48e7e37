"""The objects that tell of one service: itself, what KServe makes of it, its pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kmon_tui.sandbox import world_faults
from kmon_tui.sandbox.world_state import PodState, ServiceState, storage_uri
from kmon_tui.sandbox.world_templates import documents, exists, filled, moment, overlaid, uid_of

_ASKED = ("requests", "limits")


def objects_of(state: ServiceState) -> Iterator[dict[str, Any]]:
    """Give all objects that belong to a service but itself and its pods."""
    if state.stage in ("new", "stopped", "none"):
        return
    folder = f"templates/{state.mode}"
    made = state.mode != "standard" or state.ready_revision  # KServe makes an Ingress for what is ready
    if exists(f"{folder}/entry.yaml") and made:
        for template in documents(f"{folder}/entry.yaml"):
            yield filled(template, values_of(state, state.entry, state.revision))
    for component in state.components:
        over = _of_fault(state, component)
        for template in documents(f"{folder}/workload.yaml"):
            yield _with(filled(template, values_of(state, component, state.revision)), over)
        if exists(f"{folder}/revision.yaml"):
            for revision in revisions_of(state, component):
                yield from _of_revision(state, component, revision)


def _of_revision(state: ServiceState, component: str, revision: int) -> Iterator[dict[str, Any]]:
    values = values_of(state, component, revision)
    knative = state.mode == "knative"
    different = filled(documents("templates/knative/cold.yaml")[0], values) if knative and state.stage == "cold" else {}
    over = _of_fault(state, component) if revision == state.revision else {}
    for template in documents(f"templates/{state.mode}/revision.yaml"):
        found = filled(template, values)
        yield _with(overlaid(found, different.get(found["kind"])), over)


def _of_fault(state: ServiceState, component: str) -> dict[str, Any]:
    """Give by kind what a fault makes different in the objects of the newest revision."""
    told = world_faults.part(state.fault, "objects") or {}
    failing = world_faults.component_of(state.fault, state.entry)
    if not world_faults.shows(state.fault, state.stage) or component != failing:
        return {}
    values = values_of(state, component, state.revision)
    over: dict[str, Any] = {}
    if state.mode == "knative" and "revision" in told:
        known = {"status": "False", **filled(told["revision"], values)}
        more = {f"failure_{name}": value for name, value in known.items()}
        over.update(filled(documents("templates/knative/failed.yaml")[0], {**values, **more}))
        if state.ready_revision:
            over.pop("Route", None)
    over.update(filled(told.get(state.mode, {}), values))
    return over


def _with(found: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay over it what there is for its kind; a plain Service is no kind of Knative's."""
    if found.get("status", {}).get("latestReadyRevisionName") == "":
        del found["status"]["latestReadyRevisionName"]
    return overlaid(found, None if found["apiVersion"] == "v1" else over.get(found["kind"]))


def revisions_of(state: ServiceState, component: str) -> list[int]:
    """Give the revisions that are shown: the newest, the ready one, and those that still have pods."""
    with_pods = {pod.revision for pod in state.pods.values() if pod.component == component}
    kept = {state.revision, *with_pods}
    if state.ready_revision:
        kept.add(state.ready_revision)
    return sorted(kept)


def pod_object(state: ServiceState, pod: PodState) -> dict[str, Any]:
    """Give the object of one pod."""
    values = values_of(state, pod.component, pod.revision, pod)
    found: dict[str, Any] = filled(documents(f"templates/{state.mode}/pod.yaml")[0], values)
    containers = found["spec"]["containers"]
    each = [{"container": c["name"], "container_image": c["image"]} for c in containers]
    values.update(
        container_names=" ".join(c["name"] for c in containers),
        main_container=containers[0]["name"],
        each_container=each,
        each_other_container=each[1:],
    )
    if pod.stage == "fault":
        found = overlaid(found, _of_fault(state, pod.component).get("Pod"))
        found["status"] = filled(world_faults.part(pod.fault or state.fault, "pod"), values)
        if pod.restarts:
            _first_waiting(found["status"])["restartCount"] = pod.restarts
    else:
        found["status"] = filled(documents("templates/pod-status.yaml")[0][pod.stage], values)
    if "initContainers" not in found["spec"]:
        found["status"].pop("initContainerStatuses", None)
    if any(c.get("reason") == "Unschedulable" for c in found["status"].get("conditions", ())):
        found["spec"].pop("nodeName", None)
    return found


def _first_waiting(status: dict[str, Any]) -> dict[str, Any]:
    statuses = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return next((s for s in statuses if s["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"), {})


def status_of(state: ServiceState) -> dict[str, Any]:
    """Give the status of the service itself."""
    if state.stage == "none":
        return {}
    component = "predictor" if "predictor" in state.components else state.components[0]
    values = values_of(state, component, state.revision)
    status: dict[str, Any] = filled(documents(f"templates/{state.mode}/status.yaml")[0][state.stage], values)
    fault: dict[str, Any] = {}
    update = "InferenceServiceUpdate" if state.ready_revision else "InferenceService"
    status = overlaid(status, _of_fault(state, world_faults.component_of(state.fault, component)).get(update))
    told = world_faults.part(state.fault, "status")
    if told is not None and world_faults.shows(state.fault, state.stage):
        fault = filled(told, values)
        status = overlaid(overlaid(status, fault.get("all")), fault.get(state.mode))
    if state.kind == "InferenceService" and state.stage not in ("new", "stopped"):
        if state.ready_revision or not fault.get("without_components"):
            status["components"] = {name: component_of(state, name) for name in state.components}
        status["observedGeneration"] = state.revision if state.mode == "knative" else 1
        more = {"conditions": _of_others(state)}
        status["conditions"] = overlaid(more, status)["conditions"]
    return status


def _of_others(state: ServiceState) -> list[dict[str, Any]]:
    """Give the conditions of a transformer and an explainer; the templates have those of the predictor."""
    found = []
    for component in ("transformer", "explainer"):
        parts = ("", "Configuration", "Route") if state.mode == "knative" else ("",)
        ready = "True" if state.ready_pods(component) else "Unknown"
        changed = moment(state.changed_s)
        for part in parts if component in state.components else ():
            kind = f"{component.capitalize()}{part}Ready"
            found.append({"type": kind, "status": ready, "severity": "Info", "lastTransitionTime": changed})
    return found


def component_of(state: ServiceState, component: str) -> dict[str, Any]:
    """Give one entry of ``status.components``."""
    workload = state.workload(component)
    if state.mode != "knative":
        return {"url": f"http://{workload}-{state.namespace}.example.com"} if state.ready_revision else {}
    created = state.revision_name(component, state.revision)
    found: dict[str, Any] = {"latestCreatedRevision": created}
    if not state.ready_revision:
        return found
    rolled_out = state.revision_name(component, state.ready_revision)
    canary = state.canary_percent and state.ready_revision != state.revision and state.stage == "ready"
    found.update(
        url=f"http://{workload}.{state.namespace}.example.com",
        address={"url": f"http://{workload}.{state.namespace}.svc.cluster.local"},
        latestReadyRevision=created if canary else rolled_out,
        latestRolledoutRevision=rolled_out,
    )
    if canary:
        prev = f"http://prev-{workload}.{state.namespace}.example.com"
        rest = 100 - state.canary_percent
        found["traffic"] = [
            {"latestRevision": True, "percent": state.canary_percent, "revisionName": created},
            {"latestRevision": False, "percent": rest, "revisionName": rolled_out, "tag": "prev", "url": prev},
        ]
    else:
        found["traffic"] = [{"latestRevision": True, "percent": 100, "revisionName": rolled_out}]
    return found


def values_of(state: ServiceState, component: str, revision: int, pod: PodState | None = None) -> dict[str, Any]:
    """Give what the templates may ask for."""
    own = [p for p in state.pods.values() if p.component == component and p.revision == revision]
    wanted = len(own)
    ready = len(state.ready_pods(component, revision))
    if state.mode != "knative":
        wanted, ready = state.replicas.get(component, 0), len(state.ready_pods(component))
    good = state.stage in ("ready", "cold") and (ready > 0 or state.stage == "cold")
    bad = "False" if state.mode == "standard" else "Unknown"
    values: dict[str, Any] = {
        "name": state.name,
        "namespace": state.namespace,
        "owner": state.uid,
        "component": component,
        "workload": state.workload(component),
        "revision": state.revision_name(component, revision),
        "ready_revision": state.revision_name(component, state.ready_revision) if state.ready_revision else "",
        "generation": str(revision),
        "hash": state.hash_of(component, revision),
        "created": moment(state.created_s),
        "changed": moment(state.changed_s),
        "revision_created": moment(min((p.created_s for p in own), default=state.changed_s)),
        "replicas": wanted,
        "ready_replicas": ready,
        "revision_replicas": len(own) or (wanted if revision == state.revision else 0),
        "revision_ready_replicas": len(state.ready_pods(component, revision)),
        "unready_replicas": max(0, wanted - ready),
        "min_replicas": max(1, state.replicas.get(component, 1)),
        "max_replicas": int(state.spec.get(component, {}).get("maxReplicas", max(1, wanted))),
        "ready": "True" if good else bad,
        "revision_ready": "True" if ready or state.stage == "cold" else bad,
        "available_reason": "MinimumReplicasAvailable" if good else "MinimumReplicasUnavailable",
        "available_message": f"Deployment {'has' if good else 'does not have'} minimum availability.",
        "progressing_reason": "NewReplicaSetAvailable" if good else "ReplicaSetUpdated",
        "runtime": state.runtime,
        "image": _image(state, component, revision),
        "format": state.format,
        "model": state.model,
        "storage_uri": storage_uri(state.spec),
        "resources": _resources(state, component, revision),
        "pod": "",
        "pod_uid": "",
    }
    if pod is not None:
        values.update(
            pod=pod.name,
            pod_uid=uid_of({**values, "workload": pod.name}, "pod"),
            pod_created=moment(pod.created_s),
            changed=moment(pod.changed_s or pod.created_s),
            ip=pod.ip,
            node=pod.node,
        )
    return values


def _image(state: ServiceState, component: str, revision: int) -> str:
    """Give the image of a component; what an older revision's was is not known any more, but the runtime's is usual."""
    if revision != state.revision:
        return state.image
    containers = state.spec.get(component, {}).get("containers") or ()
    image = str(next((c["image"] for c in containers if c.get("image")), state.image))
    wanted = state.spec.get(component, {}).get("model", {}).get("runtimeVersion")
    return f"{image.rpartition(':')[0]}:{wanted}" if wanted else image


def _resources(state: ServiceState, component: str, revision: int) -> dict[str, Any]:
    """Give what a component's container asks for: what the spec says, and what KServe puts in.

    What an older revision asked for is not known any more.
    """
    model = state.spec.get(component, {}).get("model", {}) if revision == state.revision else {}
    return {key: {"cpu": "1", "memory": "2Gi", **model.get("resources", {}).get(key, {})} for key in _ASKED}

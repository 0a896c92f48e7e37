"""What the conditions of an LLMInferenceService say where no pod says more, and whether they still hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import again, chain
from kmon_tui.domain.diagnosis.finding import Finding, age, describe, kubectl
from kmon_tui.domain.diagnosis.reading import (
    conditions_of,
    latest,
    name_of,
    nodes,
    number,
    one_line,
    ref_of,
    text,
)
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Condition, Kind
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_PATIENCE_S = 120
_WORKLOADS = {
    "MainWorkloadReady": "its pods",
    "WorkerWorkloadReady": "its workers",
    "PrefillWorkloadReady": "its prefill pods",
    "PrefillWorkerWorkloadReady": "its prefill workers",
    "SchedulerWorkloadReady": "its scheduler",
    "TokenizerReady": "its tokenizer",
}
_LONG_S = 1800
"""A workload may be on its way this long before its condition alone is a fault."""


def configuration(scene: Scene) -> Iterator[Finding]:
    """Find a configuration that could not be found or put together: nothing is made without it."""
    condition = scene.conditions.get("PresetsCombined")
    if condition is None or condition.status == "True":
        return
    if condition.status != "False" and not scene.lasts(condition, _PATIENCE_S):
        return
    if not condition.message and not condition.reason:
        return
    named = one_line(condition.message) or condition.reason
    yield Finding(
        "llm-config",
        f"its configuration cannot be put together: {named}",
        scene.ref,
        condition.since,
        (),
        (
            Try("see which configurations there are", kubectl("get", "llminferenceserviceconfigs", "-A")),
            Try(
                "mend baseRefs", kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace)
            ),
        ),
    )


_OF_CHILDREN = frozenset(
    {
        "",
        "MinimumReplicasUnavailable",
        "MinimumReplicasAvailable",
        "ReplicaSetUpdated",
        "NewReplicaSetCreated",
        "FoundNewReplicaSet",
        "ProgressDeadlineExceeded",
        "FailedCreate",
        "Progressing",
        "GroupsProgressing",
        "GroupsAreProgressing",
        "AllGroupsReady",
        "WaitingForGateway",
        "RevisionMissing",
        "RevisionFailed",
        "Uninitialized",
        "Deploying",
    }
)
"""Reasons that KServe copies from what it has made: from Deployments, LeaderWorkerSets, Knative, pools."""


def stale(scene: Scene) -> Iterator[Finding]:
    """Find a condition that still says no although what it speaks of is well for two minutes and more."""
    if scene.ready:
        return
    for type_, objects, component in _spoken_of(scene):
        condition = scene.conditions.get(type_)
        if condition is None or condition.status == "True" or condition.reason not in _OF_CHILDREN:
            continue  # a reason that no child has is KServe's own, and may well hold
        well = [_well_since(obj) for obj in objects] if objects else [_pods_well_since(scene, component)]
        since = latest(*well)
        # Its child must have become well after the condition was written, or it speaks of something else.
        if None in well or since is None or not scene.older_than(since, _PATIENCE_S):
            continue
        if condition.since is not None and condition.since <= since:
            yield _stale(scene, condition, ref_of(objects[0]) if objects else None, since)
            return


def _stale(scene: Scene, condition: Condition, child: Ref | None, since: datetime) -> Finding:
    ref, ago = child or scene.ref, age(since, scene.now)
    what = f"{ref.kind} {ref.name} has" if child is not None else "all its pods have"
    steps = (
        Evidence(chain.said(condition), scene.ref, condition.since, 0, True),
        Evidence(f"{what} been well for {ago}", ref, since, 1),
    )
    return Finding(
        "stale-condition",
        f"{condition.type} still says {condition.reason or condition.status}, but {what} been well for {ago}: KServe "
        "has not looked again",
        ref,
        since,
        steps,
        (again.by_kserve(scene.root, scene.ref),),
    )


def _pods_well_since(scene: Scene, component: str) -> datetime | None:
    """Tell since when all pods of a component are ready; None when one is not, or there are too few."""
    pods = [pod for pod in scene.current if pod.component == component]
    wanted = number(scene.root, "spec", "replicas") if component == "workload" else None
    ready = [conditions_of(pod.object).get("Ready") for pod in pods if pod.ready]
    if not pods or len(ready) < max(len(pods), wanted or 1):
        return None
    return latest(*[one.since for one in ready if one is not None])


def _spoken_of(scene: Scene) -> Iterator[tuple[str, tuple[Object, ...], str]]:
    """Give conditions with what they speak of, and the component whose pods tell where that is not seen."""
    name = name_of(scene.root)
    if scene.ref.kind != Kind.LLM:
        names = (f"{name}-predictor", f"{name}-predictor-default")
        services = [one for one in scene.of_kind("Service") if name_of(one) in names and _of_knative(one)]
        plain = [one for one in scene.deployments if name_of(one) in names]
        yield "PredictorReady", tuple(services or plain), ""
        return
    groups = scene.of_kind("LeaderWorkerSet")
    yield "WorkerWorkloadReady", tuple([one for one in groups if "prefill" not in name_of(one)]), "workload"
    yield "PrefillWorkerWorkloadReady", tuple([one for one in groups if "prefill" in name_of(one)]), "prefill"
    for type_, workload, component in (
        ("MainWorkloadReady", f"{name}-kserve", "workload"),
        ("PrefillWorkloadReady", f"{name}-kserve-prefill", "prefill"),
        ("SchedulerWorkloadReady", f"{name}-kserve-router-scheduler", "scheduler"),
    ):
        yield type_, tuple([one for one in scene.of_kind("Deployment") if name_of(one) == workload]), component
    yield "InferencePoolReady", scene.of_kind("InferencePool"), ""
    yield "GatewaysReady", scene.of_kind("Gateway"), ""


def _of_knative(obj: Object) -> bool:
    return text(obj, "apiVersion").startswith("serving.knative.dev/")


def _well_since(obj: Object) -> datetime | None:
    """Tell since when an object says that all is well; None when it does not."""
    if text(obj, "kind") == "InferencePool":
        accepted = [conditions_of({"status": parent}).get("Accepted") for parent in nodes(obj, "status", "parents")]
        good = [condition for condition in accepted if condition is not None and condition.status == "True"]
        return latest(*[condition.since for condition in good]) if good else None
    if _of_knative(obj):
        condition = conditions_of(obj).get("Ready")
        return condition.since if condition is not None and condition.status == "True" else None
    wanted, ready = number(obj, "spec", "replicas"), number(obj, "status", "readyReplicas") or 0
    if text(obj, "kind") != "Gateway" and ready < (1 if wanted is None else wanted):
        return None
    conditions = conditions_of(obj)
    condition = conditions.get("Programmed") if text(obj, "kind") == "Gateway" else conditions.get("Available")
    return condition.since if condition is not None and condition.status == "True" else None


def findings(scene: Scene) -> Iterator[Finding]:
    """Find workloads that are not ready for a long time although no pod says why."""
    for type_, what in _WORKLOADS.items():
        condition = scene.conditions.get(type_)
        if condition is not None and condition.status == "False" and scene.lasts(condition, _LONG_S):
            yield _workload(scene, condition, what)


def _workload(scene: Scene, condition: Condition, what: str) -> Finding:
    kept = condition.reason == "AllGroupsReady"  # of the time when all was well: only the status was turned
    why = "" if kept else one_line(condition.message) or condition.reason
    why = why or "no reason is given"
    return Finding(
        "workload-not-ready",
        f"{what} are not ready: {why}" if what.endswith("s") else f"{what} is not ready: {why}",
        scene.ref,
        condition.since,
        (),
        (describe(scene.ref),),
    )

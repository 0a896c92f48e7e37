"""What keeps pods from being made at all: the API server refuses them, or nodes throw them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import chain, lifted, refusals
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import (
    NOTHING,
    conditions_of,
    labels,
    latest,
    name_of,
    number,
    one_line,
    ref_of,
    text,
)
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView, component_of, latest_revisions
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_REFUSED = frozenset({"FailedCreate"})
_NO_SET = "ReplicaSetCreateError"
"""What a Deployment says of Progressing when it may not make its ReplicaSet."""
_PARTS = {
    "PredictorReady": "predictor",
    "TransformerReady": "transformer",
    "ExplainerReady": "explainer",
    "MainWorkloadReady": "workload",
    "WorkerWorkloadReady": "worker",
}
"""Conditions into which KServe copies what it is told of the pods of a component."""
_OWN_LIMIT = re.compile(r"exceed\w* (?:the (?:total )?|its .*)limit", re.I)
"""What the kubelet says where a pod is over a limit of its own, whatever its node has."""
_OVER_AND_OVER = 2
"""A node that was short once may throw a pod out; the one after it is not hit for the same reason by chance."""
_RECENT_S = 1800
"""A controller tries again at least every quarter of an hour: an older event tells of the past."""


def findings(scene: Scene) -> Iterator[Finding]:
    """Find workloads whose pods are refused, and pods that their nodes threw out."""
    for deployment in scene.deployments:
        found = _of_deployment(scene, deployment)
        if found is not None:
            yield found
    for kind in ("StatefulSet", "LeaderWorkerSet"):
        for obj in scene.of_kind(kind):
            event = _refusal_event(scene, ref_of(obj))
            if event is not None and _short(obj):
                yield _finding(
                    scene, obj, text(event, "message"), event_time(event), chain.of_event(event, ref_of(obj))
                )
    yield from _of_unseen_deployments(scene)
    yield from _from_conditions(scene)
    yield from _thrown_out(scene)


def _of_deployment(scene: Scene, deployment: Object) -> Finding | None:
    if number(deployment, "spec", "replicas") == 0:
        return None
    conditions = conditions_of(deployment)
    failure, progress = conditions.get("ReplicaFailure"), conditions.get("Progressing")
    setless = progress is not None and progress.status == "False" and progress.reason == _NO_SET
    if setless or (failure is not None and failure.status != "True"):
        failure = progress if setless else None
    made = chain.set_of(scene, deployment)
    if failure is not None:
        step = Evidence(
            f"Deployment {name_of(deployment)}: {chain.said(failure)}", ref_of(deployment), failure.since, 1
        )
        found = _finding(scene, deployment, failure.message, failure.since, step)
        tried = latest(failure.since, event_time(_refusal_event(scene, ref_of(made)) or NOTHING))
        return lifted.checked(scene, found, NOTHING if setless else made, failure.message, tried)
    if made is not NOTHING and not _short(made):
        return None
    if made is NOTHING and number(deployment, "status", "replicas"):
        return None
    ref = ref_of(made) if made is not NOTHING else _unseen_set(scene, name_of(deployment))
    event = _refusal_event(scene, ref)
    if event is None:
        return None
    said, tried = text(event, "message"), event_time(event)
    found = _finding(scene, deployment, said, tried, chain.of_event(event, ref, 2))
    return lifted.checked(scene, found, made, said, tried)


def _of_unseen_deployments(scene: Scene) -> Iterator[Finding]:
    """Read the refusal from the events of a revision's ReplicaSet, where its Deployment was not read."""
    if scene.current:
        return
    seen = {name_of(deployment) for deployment in scene.deployments}
    for revision in dict.fromkeys(latest_revisions(scene.root, scene.kinds).values()):
        ref = _unseen_set(scene, f"{revision}-deployment")
        event = _refusal_event(scene, ref) if f"{revision}-deployment" not in seen else None
        if event is not None:
            about = scene.find("Revision", revision) or {"kind": "Revision", "metadata": {"name": revision}}
            yield _finding(scene, about, text(event, "message"), event_time(event), chain.of_event(event, ref, 2))


def _unseen_set(scene: Scene, deployment: str) -> Ref:
    """Name a ReplicaSet that was not read and of which there are events."""
    names = [name for kind, name in scene.happenings if kind == "ReplicaSet" and name.rpartition("-")[0] == deployment]
    return Ref("ReplicaSet", names[-1] if names else "", scene.ref.namespace)


def _short(obj: Object) -> bool:
    """Whether it has fewer pods than it wants."""
    wanted = number(obj, "spec", "replicas")
    return (number(obj, "status", "replicas") or 0) < (1 if wanted is None else wanted)


def _refusal_event(scene: Scene, ref: Ref) -> Object | None:
    event = chain.newest_event(scene, ref, _REFUSED)
    return None if event is NOTHING or scene.older_than(event_time(event), _RECENT_S) else event


def _finding(scene: Scene, obj: Object, said: str, since: datetime | None, step: Evidence) -> Finding:
    denial = refusals.explain(said, scene.ref.namespace)
    ref = ref_of(obj)
    seen = any(pod.workload == ref.name for pod in scene.current)
    some = seen or (scene.blind_to("Pod") and number(obj, "status", "replicas"))
    more = "no more pods" if some else "no pods"
    component = component_of(scene.root, labels(obj))
    if denial is None:
        return Finding(
            "pods-refused",
            f"{more} can be made for {ref.name}: {one_line(said)}",
            ref,
            since,
            (step,),
            (describe(ref),),
            "",
            component,
        )
    return Finding(
        denial.cause,
        f"{more} can be made for {ref.name}: {denial.verdict}",
        denial.object or ref,
        since,
        (step,),
        refusals.tries(denial, scene.ref),
        denial.shared,
        component,
    )


def _from_conditions(scene: Scene) -> Iterator[Finding]:
    """Read the refusal that KServe copied into the service's own condition, where the Deployment cannot be seen."""
    if scene.current:
        return
    seen = {component_of(scene.root, labels(deployment)) for deployment in scene.deployments}
    for type_, component in _PARTS.items():
        condition = scene.conditions.get(type_)
        if (
            condition is None
            or component in seen
            or condition.status != "False"
            or condition.reason not in ("FailedCreate", "ReplicaFailure", _NO_SET)
        ):
            continue
        denial = refusals.explain(condition.message, scene.ref.namespace)
        cause, verdict = (
            ("pods-refused", one_line(condition.message) or "KServe does not say why")
            if denial is None
            else (denial.cause, denial.verdict)
        )
        about = denial.object if denial is not None and denial.object is not None else scene.ref
        tries = refusals.tries(denial, scene.ref) if denial is not None else (describe(scene.ref),)
        yield Finding(
            cause,
            f"no pods can be made for the {component}: {verdict}",
            about,
            condition.since,
            (),
            tries,
            denial.shared if denial is not None else "",
            component,
        )


def _thrown_out(scene: Scene) -> Iterator[Finding]:
    """Find a workload of which the newest pod was thrown out or refused by its node, and none of the others serves.

    Where one of them lives, its forerunners tell only when they went one after the other.
    """
    seen: set[str] = set()
    for pod in scene.pods:
        if pod.workload in seen or not pod.current:
            continue
        seen.add(pod.workload)
        same = [other for other in scene.pods if other.workload == pod.workload and other.current]
        reason = text(pod.object, "status", "reason")
        over = text(pod.object, "status", "phase") == "Failed" and bool(reason)
        if any(other.ready for other in same):
            continue
        if over and not any(other.live for other in same):
            yield _loss(scene, pod, reason, len(_thrown(same, reason)))
            continue
        evicted = _thrown(same, "Evicted")
        if len(evicted) >= _OVER_AND_OVER and not scene.older_than(evicted[0].created, _RECENT_S):
            yield _loss(scene, evicted[0], "Evicted", len(evicted))


def _thrown(pods: list[PodView], reason: str) -> list[PodView]:
    """Give the pods that are over for one reason, in the order given: the newest first."""
    return [pod for pod in pods if not pod.live and text(pod.object, "status", "reason") == reason]


def _loss(scene: Scene, pod: PodView, reason: str, count: int) -> Finding:
    said = one_line(text(pod.object, "status", "message"))
    host = text(pod.object, "spec", "nodeName")
    often = f" ({count} pods so far)" if count > 1 else ""
    step = Evidence(
        f"pod {pod.ref.name}: Failed, {reason}{f' on node {host}' if host else ''}: {said}", pod.ref, pod.created, 2
    )
    if reason == "Evicted":
        cause, verdict = "evicted", f"{pod.ref.name} was evicted{often}: {said or 'its node was short of something'}"
        help_ = Try("ask for the memory or ephemeral-storage that it needs, so that it gets a node that has it")
        if _OWN_LIMIT.search(said):
            host = ""  # any node would
            edit = kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace)
            help_ = Try("raise that limit (limits.ephemeral-storage, or the emptyDir's sizeLimit), or write less", edit)
    else:
        cause, verdict = (
            "node-refused",
            f"the node {host or '?'} refuses {pod.ref.name}{often}: {reason}, {said}".rstrip(", "),
        )
        help_ = Try("see the node", kubectl("describe", "node", host)) if host else describe(pod.ref)
    return Finding(
        cause, verdict, pod.ref, pod.created, (step,), (help_,), f"Node {host}" if host else "", pod.component
    )

"""The steps from the service down to the last piece of evidence, each as a line that a person can check."""

from __future__ import annotations

from kmon_tui.domain.conditions import most_telling, telling_at_all
from kmon_tui.domain.diagnosis.boxes import Box, boxes_of
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, node, number, one_line, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_count, event_time
from kmon_tui.domain.diagnosis.workloads import PodView, current_replica_set
from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence

_WORKLOAD_CONDITIONS = ("Ready", "ContainerHealthy", "ResourcesAvailable", "ReplicaFailure", "Progressing", "Available")
_FAILED_STATES = frozenset({"BlockedByFailedLoad", "InvalidSpec"})


def said(condition: Condition) -> str:
    """Write a condition as people read it: ``PredictorReady is False: RevisionMissing, Configuration …``."""
    why = ", ".join(word for word in (condition.reason, one_line(condition.message)) if word)
    return f"{condition.type} is {condition.status or '?'}{f': {why}' if why else ''}"


def of_service(scene: Scene) -> tuple[Evidence, ...]:
    """Give the condition that matters, and what modelStatus says if it still holds."""
    everything = tuple(scene.conditions.values())
    condition = _closest(scene, most_telling(everything) or telling_at_all(everything))
    if condition is None and not scene.ready:
        condition = scene.conditions.get("Ready")
    found = [] if condition is None else [Evidence(said(condition), scene.ref, condition.since)]
    model = node(scene.root, "status", "modelStatus")
    transition, info = text(model, "transitionStatus"), node(model, "lastFailureInfo")
    if not info and transition not in _FAILED_STATES:
        return tuple(found)
    code = number(info, "exitCode")
    words = [text(info, "reason"), one_line(text(info, "message"))]
    if code:
        words = [*[word.rstrip(".") for word in words], f"exit code {code}"]
    told = ", ".join(word for word in words if word)
    # KServe never takes lastFailureInfo back: after a recovery it tells of the past.
    over = scene.ready and transition != "InvalidSpec" and not any(not pod.ready for pod in scene.current)
    # Between two tries KServe says InProgress: the pods, while there are any, show whether the failure goes on.
    goes_on = not over and transition not in _FAILED_STATES and _ends_so(scene, code)
    stale = over or (bool(scene.current) and not goes_on and transition not in _FAILED_STATES)
    label = f"model {transition}" if transition in _FAILED_STATES else "the last failed load"
    label = "an earlier failed load is still in its status" if stale else label
    found.append(Evidence(f"{label}: {told}" if told else label, scene.ref, when(info, "time"), 0, stale))
    return tuple(found)


def _ends_so(scene: Scene, code: int | None) -> bool:
    """Whether a container of the newest pods that is not up ended with this code the last time."""
    boxes = [box for pod in scene.current if not pod.ready for box in boxes_of(pod.object) if not box.ready]
    return bool(code) and any(box.end is not None and box.end.exit_code == code for box in boxes)


def _closest(scene: Scene, condition: Condition | None) -> Condition | None:
    """Give the condition that a roll-up repeats word for word: it names the part."""
    if condition is None or condition.type not in ("WorkloadsReady", "RouterReady", "Ready"):
        return condition
    parts = [
        other
        for other in scene.conditions.values()
        if other.severity == "Info" and (other.status, other.reason, other.message) == condition[1:4]
    ]
    return parts[0] if parts and condition.reason else condition


def of_pod(scene: Scene, pod: PodView, *last: Evidence) -> tuple[Evidence, ...]:
    """Give the pod's workload, the pod, and what comes after."""
    conditions = conditions_of(pod.object)
    ready = conditions.get("Ready")
    phase = text(pod.object, "status", "phase") or "?"
    host = text(pod.object, "spec", "nodeName")
    state = "ready" if pod.ready else "not ready"
    line = f"pod {pod.ref.name}: {phase}, {state}{f', on node {host}' if host else ''}"
    since = ready.since if ready is not None else None
    return (*_of_workload(scene, pod), Evidence(line, pod.ref, since or pod.created, 2), *last)


def _of_workload(scene: Scene, pod: PodView) -> tuple[Evidence, ...]:
    found = []
    for kind, name in (("Revision", pod.version), ("Deployment", pod.workload), ("LeaderWorkerSet", pod.workload)):
        obj = scene.find(kind, name)
        if obj is NOTHING:
            continue
        conditions = conditions_of(obj)
        for type_ in _WORKLOAD_CONDITIONS:
            condition = conditions.get(type_)
            bad = condition is not None and condition.status == ("True" if type_ == "ReplicaFailure" else "False")
            if condition is not None and bad:
                found.append(Evidence(f"{kind} {name}: {said(condition)}", ref_of(obj), condition.since, 1))
                break
    return tuple(found)


def of_event(event: Object, about: Ref, depth: int = 4) -> Evidence:
    """Give an event as evidence."""
    count = event_count(event)
    often = f" ({count} times)" if count > 1 else ""
    return Evidence(
        f"event {text(event, 'reason')}: {one_line(text(event, 'message'))}{often}", about, event_time(event), depth
    )


def of_log(lines: tuple[str, ...], about: Ref, depth: int = 5, keep: int = 3) -> tuple[Evidence, ...]:
    """Give the last lines of a log."""
    telling = [line for line in lines if line.strip()][-keep:]
    return tuple([Evidence(f"log: {one_line(line)}", about, None, depth) for line in telling])


def newest_event(scene: Scene, about: Ref, reasons: frozenset[str], words: str = "") -> Object:
    """Give the last event of an object with one of these reasons; the empty object when there is none."""
    for event in reversed(scene.events(about)):
        if text(event, "reason") in reasons and words in text(event, "message"):
            return event
    return NOTHING


def events_of_box(scene: Scene, pod: PodView, box: Box, reasons: frozenset[str]) -> tuple[Object, ...]:
    """Give the events of one container of a pod; those that name no container too."""
    found = []
    for event in scene.events(pod.ref):
        field = text(event, "involvedObject", "fieldPath") or text(event, "regarding", "fieldPath")
        if text(event, "reason") in reasons and (not field or f"{{{box.name}}}" in field):
            found.append(event)
    return tuple(found)


def set_of(scene: Scene, deployment: Object) -> Object:
    """Give the ReplicaSet that a Deployment is rolling out."""
    return current_replica_set(deployment, scene.kinds)

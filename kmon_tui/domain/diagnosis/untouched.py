"""Pods that wait for somebody else: nobody has begun with them, or somebody has yet to say that they may serve."""

from __future__ import annotations

from kmon_tui.domain.diagnosis import chain, claims
from kmon_tui.domain.diagnosis.boxes import boxes_of
from kmon_tui.domain.diagnosis.finding import Finding, age, describe
from kmon_tui.domain.diagnosis.reading import conditions_of, latest, nodes, one_line, text
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.verdict import Evidence

_PATIENCE_S = 300
_LONGEST_S = 3600


def idle(scene: Scene, workload: str = "") -> Evidence | None:
    """Give the first pod that waits for somebody else: of all, or of one workload."""
    pods = [pod for pod in scene.current if workload in ("", pod.workload)]
    found = (look(scene, pod) for pod in pods for look in (untouched, uncreated, gated))
    return next((step for step in found if step is not None), None)


def untouched(scene: Scene, pod: PodView) -> Evidence | None:
    """Tell that no scheduler, or no kubelet, has begun with a pod, once it had the time to."""
    placed = conditions_of(pod.object).get("PodScheduled")
    refused = placed is not None and placed.status == "False"
    if refused or boxes_of(pod.object) or not scene.older_than(pod.created, _PATIENCE_S):
        return None
    since = age(pod.created, scene.now)
    host, chosen = text(pod.object, "spec", "nodeName"), text(pod.object, "status", "nominatedNodeName")
    waiting = claims.unbound(scene, pod.object)
    if not host and (chosen or waiting):
        # A scheduler that has chosen a node says nothing until the volumes are made.
        volume = f", with its PersistentVolumeClaim {waiting[0]}" if waiting else ""
        said = f"{pod.ref.name} waits for its node{f' {chosen}' if chosen else ''} for {since}{volume}"
    elif host:
        said = f"nothing has begun for {pod.ref.name} on its node {host} for {since}"
    else:
        scheduler = text(pod.object, "spec", "schedulerName") or "default-scheduler"
        said = f"no scheduler has looked at {pod.ref.name} for {since}: it asks for {scheduler}"
    return Evidence(said, pod.ref, pod.created, 2)


def uncreated(scene: Scene, pod: PodView) -> Evidence | None:
    """Tell that a pod's containers are not created for so long that no image and no volume explains it."""
    boxes = boxes_of(pod.object)
    first = next((box for box in boxes if not (box.ready or box.ended)), None)
    begun = any(box.running_since or box.last for box in boxes)
    if first is None or begun or pod.ready or not scene.older_than(pod.created, _LONGEST_S):
        return None
    pulling = [one for one in scene.events(pod.ref) if text(one, "reason") == "Pulling"]
    if pulling and not scene.older_than(event_time(pulling[-1]), _LONGEST_S):
        return None
    since = age(pod.created, scene.now)
    said = (
        f"{pod.ref.name} waits for {first.name} ({first.waiting or 'not started'}) for {since}, and no event says why"
    )
    return Evidence(said, pod.ref, pod.created, 2)


def gated(scene: Scene, pod: PodView) -> Evidence | None:
    """Tell of a readiness gate that is not open although all containers are ready: some controller's own condition."""
    if pod.ready or not all(box.ready for box in boxes_of(pod.object) if not box.init):
        return None
    conditions = conditions_of(pod.object)
    for gate in nodes(pod.object, "spec", "readinessGates"):
        kind = text(gate, "conditionType")
        condition = conditions.get(kind)
        if condition is not None and condition.status == "True":
            continue
        why = one_line(condition.message) or condition.reason if condition is not None else "nobody has written it yet"
        state = condition.status if condition is not None else "not there"
        said = f"the containers of {pod.ref.name} are ready, and its readiness gate {kind} is {state}"
        return Evidence(f"{said}{f': {why}' if why else ''}", pod.ref, condition.since if condition else None, 2)
    return None


def held_by_gate(scene: Scene, pod: PodView) -> Finding | None:
    """Tell of a gate that stays shut longer than the controllers need that open them."""
    gate = gated(scene, pod)
    if gate is None:
        return None
    up = latest(*[box.running_since for box in boxes_of(pod.object) if not box.init])
    since = gate.since or up
    if not scene.older_than(since, _PATIENCE_S):
        return None
    see = describe(pod.ref, "see the conditions of the pod; the gate's name tells whose it is")
    return Finding("readiness-gate", gate.text, pod.ref, since, chain.of_pod(scene, pod, gate), (see,))

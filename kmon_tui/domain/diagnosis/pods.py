"""What keeps one pod from serving: its node, its images, its containers, its volumes, its probe."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from kmon_tui.domain.diagnosis import (
    absent,
    chain,
    claims,
    crashes,
    gpu,
    images,
    machines,
    model,
    scheduling,
    untouched,
)
from kmon_tui.domain.diagnosis.boxes import Box, End, boxes_of
from kmon_tui.domain.diagnosis.finding import Finding, describe, logs
from kmon_tui.domain.diagnosis.outlived import outlived
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, node, nodes, one_line, probe_said, text
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.verdict import Evidence

_STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})
_MOUNTING = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})
_NETWORK = frozenset({"FailedCreatePodSandBox", "FailedPodSandBoxStatus", "NetworkNotReady"})
_PREPARING = frozenset({"FailedPrepareDynamicResources"})
_PULLING = frozenset({"Failed", "FailedToPullImage", "InspectFailed", "ErrImageNeverPull"})
_WHERE = re.compile(r' \(pod: "[^"]*", container: [^)]*\)\s*$')
"""What the kubelet puts behind a reason, and the verdict before it."""
_UNBOUND = "unbound immediate PersistentVolumeClaims"
_QUEUED = "pull QPS exceeded"
"""The kubelet's own limit (registryPullQPS): it asks again by itself."""
_PATIENCE_S = 600
"""How long a model server may run unready before that is a fault by itself, where nothing else tells of a deadline."""
_PLACING_S = 30
"""A volume is bound, and an autoscaler orders a node, within the first seconds."""
_FLAP_S = 900
"""A container that is up again is still at fault if it ended this recently for at least the third time."""


def finding(scene: Scene, pod: PodView) -> Finding | None:
    """Tell what is wrong with a pod that is meant to run; None when nothing is."""
    conditions = conditions_of(pod.object)
    placed = conditions.get("PodScheduled")
    if placed is not None and placed.status == "False":
        found = _unplaced(scene, pod, placed.reason, placed.message, placed.since)
    else:
        found = claims.chosen_for(scene, pod) or _on_its_node(scene, pod)
    if found is None:
        return None
    since = found.since
    if since is None:
        ready = conditions.get("Ready")
        told = placed if placed is not None and placed.status == "False" else ready
        since = (told.since if told is not None and told.status != "True" else None) or pod.created
    return replace(found, since=since, component=pod.component, created=pod.created.timestamp() if pod.created else 0.0)


def _unplaced(scene: Scene, pod: PodView, reason: str, message: str, since: datetime | None) -> Finding | None:
    if reason == "SchedulingGated":
        gates = ", ".join(text(gate, "name") for gate in nodes(pod.object, "spec", "schedulingGates"))
        if not scene.older_than(since or pod.created, _PATIENCE_S):
            return None
        return Finding(
            "scheduling-gated",
            f"{pod.ref.name} is held back by the scheduling gate {gates or '?'}",
            pod.ref,
            since,
            chain.of_pod(scene, pod),
            (describe(pod.ref),),
        )
    if scheduling.growing(scene, pod):
        return None
    if scene.tree.shallow and scene.ready and not scene.older_than(pod.created, _FLAP_S):
        return None  # a node may have been ordered: that is told in no warning
    event = chain.newest_event(scene, pod.ref, frozenset({"FailedScheduling"}))
    said = message or text(event, "message")
    if pod.created is not None and not scene.older_than(pod.created, _PLACING_S):
        return None
    if _UNBOUND in said and all(claims.on_its_way(scene, name) for name in claims.unbound(scene, pod.object) or [""]):
        return None
    steps = [Evidence(f"PodScheduled is False: {one_line(said)}", pod.ref, since, 3)]
    if event is not NOTHING:
        steps.append(chain.of_event(event, pod.ref))
    return scheduling.finding(scene, pod, said, chain.of_pod(scene, pod, *steps))


def _on_its_node(scene: Scene, pod: PodView) -> Finding | None:
    down = machines.down(scene, pod)
    if down is not None:
        return down
    boxes = boxes_of(pod.object)
    for box in sorted(boxes, key=lambda box: not (box.init or box.brings_model)):
        found = _box(scene, pod, box)
        if found is not None:
            return found
        if box.brings_model and box.waiting in _STARTING and not (box.running_since or box.ended):
            return None  # the server ends again and again until its model is there
    if pod.ready:
        return None
    return _stuck(scene, pod, boxes) or _unready(scene, pod, boxes) or untouched.held_by_gate(scene, pod)


def _box(scene: Scene, pod: PodView, box: Box) -> Finding | None:
    end = box.end
    if box.ready or (box.init and box.ended is not None and box.ended.exit_code == 0):
        flaps = end is not None and box.restarts >= 3 and end.exit_code != 0 and not (box.init or end.lost)
        recent = flaps and end is not None and not scene.older_than(end.finished, _FLAP_S) and end.finished is not None
        return crashes.finding(scene, pod, box, end) if recent and end is not None else None
    if box.waiting in images.WAITING:
        return _image(scene, pod, box)
    if box.waiting == "CreateContainerConfigError":
        return _config(scene, pod, box)
    if box.lost and not scene.older_than(end.finished if end is not None else None, _FLAP_S):
        return None
    if box.waiting == "CrashLoopBackOff":
        # How it ended goes with the dead container, which a kubelet may have swept away.
        return crashes.finding(scene, pod, box, end or End(None, "", "", None))
    if end is not None and box.ended is not None:
        return crashes.finding(scene, pod, box, end)
    if box.running_since is not None and end is not None and (end.exit_code or end.out_of_memory) and not end.lost:
        # Between two waits of its crash loop: it runs again, and is not ready.
        again = box.restarts >= 2 or (end.out_of_memory and box.restarts >= 1)
        return crashes.finding(scene, pod, box, end) if again else None
    if box.waiting not in _STARTING and box.waiting != "CrashLoopBackOff":
        return _unstarted(scene, pod, box)
    return None


def _image(scene: Scene, pod: PodView, box: Box) -> Finding | None:
    events = chain.events_of_box(scene, pod, box, _PULLING)
    told = [event for event in events if images.tells_why(text(event, "message"))]
    said = text(told[-1], "message") if told else ""
    # The kubelet's "Back-off pulling image" alone says nothing; since Kubernetes 1.31 the reason follows it.
    waiting = box.waiting_message
    best = waiting if not waiting.startswith("Back-off") or "Err" in waiting else said or waiting
    told_in_all = f"{best}\n{said}" if said and said not in best else best
    if _QUEUED in told_in_all and not scene.older_than(pod.created, _PATIENCE_S):
        return None
    failure = images.explain(box.image, told_in_all, box.waiting, unread=scene.blind_to("Event"))
    unread = chain.newest_event(scene, pod.ref, frozenset({"FailedToRetrieveImagePullSecret"}))
    keyless = unread is not NOTHING and failure.cause in ("image-auth", "image-rate-limit")
    key = images.without_secret(text(unread, "message")) if keyless else ""
    alone = len(boxes_of(pod.object)) == 1
    who = "" if alone or box.name in ("kserve-container", "main") else f" (container {box.name})"
    steps = [Evidence(f"{box.name}: {box.waiting}{f', {one_line(waiting)}' if waiting else ''}", pod.ref, None, 3)]
    steps += [chain.of_event(event, pod.ref) for event in (*told[-1:], *([unread] if keyless else []))]
    tries = (*images.tries(failure.cause, box.image, scene.ref, model.account(pod)), describe(pod.ref))
    return Finding(
        failure.cause,
        f"{pod.ref.name} cannot start{who}: {failure.verdict}{key}",
        pod.ref,
        None,
        chain.of_pod(scene, pod, *steps),
        tries,
        failure.shared,
    )


def _config(scene: Scene, pod: PodView, box: Box) -> Finding:
    said = box.waiting_message
    step = Evidence(f"{box.name}: {box.waiting}, {one_line(said)}", pod.ref, None, 3)
    missing = absent.missing(pod, said)
    if missing is None:
        return replace(_unstarted(scene, pod, box), evidence=chain.of_pod(scene, pod, step))
    return replace(
        missing,
        verdict=f"{box.name} of {pod.ref.name} cannot start: {missing.verdict}",
        evidence=chain.of_pod(scene, pod, step),
    )


def _unstarted(scene: Scene, pod: PodView, box: Box) -> Finding:
    said = one_line(_WHERE.sub("", box.waiting_message))
    step = Evidence(f"{box.name}: {box.waiting}{f', {said}' if said else ''}", pod.ref, None, 3)
    no_gpu = gpu.finding(pod, box, box.waiting_message)
    if no_gpu is not None:
        return replace(no_gpu, evidence=chain.of_pod(scene, pod, step))
    return Finding(
        "container-start",
        f"{box.name} of {pod.ref.name} cannot be started: {said or box.waiting}",
        pod.ref,
        None,
        chain.of_pod(scene, pod, step),
        (describe(pod.ref),),
    )


def _stuck(scene: Scene, pod: PodView, boxes: tuple[Box, ...]) -> Finding | None:
    """Tell what keeps a placed pod's containers from being created: a volume or the network."""
    if any(box.running_since or box.ended for box in boxes):
        return None
    for cause, reasons, what in (
        ("gpu-driver", _PREPARING, "does not get the device that it was promised"),
        ("volume-mount", _MOUNTING, "cannot mount a volume"),
        ("pod-network", _NETWORK, "gets no network"),
    ):
        event = chain.newest_event(scene, pod.ref, reasons)
        if event is NOTHING or not scene.older_than(pod.created, 60) or scene.older_than(event_time(event), 900):
            continue
        said = text(event, "message")
        step = chain.of_event(event, pod.ref)
        missing = absent.missing(pod, said)
        if missing is not None:
            return replace(
                missing,
                verdict=f"{pod.ref.name} cannot mount a volume: {missing.verdict}",
                evidence=chain.of_pod(scene, pod, step),
            )
        host = text(pod.object, "spec", "nodeName")
        shared = f"Node {host}" if cause != "volume-mount" and host else ""
        return Finding(
            cause,
            f"{pod.ref.name} {what}: {one_line(said)}",
            pod.ref,
            None,
            chain.of_pod(scene, pod, step),
            (describe(pod.ref),),
            shared,
        )
    return None


def _unready(scene: Scene, pod: PodView, boxes: tuple[Box, ...]) -> Finding | None:
    """Tell of a container that runs and does not pass its probe, if it ought to by now."""
    beside = [box for box in boxes if box.sidecar or not box.init]
    late = next((box for box in beside if not box.ready and box.running_since is not None), None)
    if late is None or late.running_since is None:
        return None
    ready = conditions_of(pod.object).get("Ready")
    lost = ready.since if ready is not None and ready.status == "False" else None
    # Ready is False from the pod's first second: when it turned False after the container's start, it had been True.
    fell = lost is not None and (lost - late.running_since).total_seconds() > 2 and scene.older_than(lost, 20)
    if not fell and not (scene.older_than(late.running_since, _PATIENCE_S) and overdue(scene, pod, late.running_since)):
        return None
    event = chain.newest_event(scene, pod.ref, frozenset({"Unhealthy"}), "robe")
    said = probe_said(text(event, "message"))
    probe = "readiness" if late.started or not node(late.spec, "startupProbe") else "startup"
    how = f"stopped passing its {probe} probe" if fell else f"runs and has never passed its {probe} probe"
    steps = [Evidence(f"{late.name}: running, not ready", pod.ref, lost or late.running_since, 3)]
    if event is not NOTHING:
        steps.append(chain.of_event(event, pod.ref))
    steps += chain.of_log(scene.log(pod.ref.name, late.name), pod.ref)
    return Finding(
        "readiness-probe",
        f"{late.name} of {pod.ref.name} {how}{f': {said}' if said else ''}",
        pod.ref,
        lost if fell else late.running_since,
        chain.of_pod(scene, pod, *steps),
        (logs(pod.ref, late.name),),
    )


def overdue(scene: Scene, pod: PodView, running_since: datetime) -> bool:
    """Tell whether its workload's deadline has passed, or far more time than a model needs."""
    made = (("Revision", pod.version), ("Deployment", pod.workload), ("Deployment", f"{pod.version}-deployment"))
    for kind, name in made:
        for condition in conditions_of(scene.find(kind, name)).values():
            if condition.status == "False" and condition.reason == "ProgressDeadlineExceeded":
                return True
    given_up = scene.conditions.get("PredictorConfigurationReady")
    failed = given_up is not None and given_up.reason == "RevisionFailed" and not outlived(scene, given_up)
    if pod.component == "predictor" and failed:
        return True
    if node(scene.find("Deployment", pod.workload), "status"):
        return scene.older_than(running_since, 3600)
    return scene.older_than(running_since, 1800)

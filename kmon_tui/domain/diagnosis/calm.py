"""What to say when no rule found a fault: all is well, it is on its way, or nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import chain, claims, scheduling, untouched
from kmon_tui.domain.diagnosis.boxes import Box, boxes_of
from kmon_tui.domain.diagnosis.finding import age, controller, describe, kubectl
from kmon_tui.domain.diagnosis.outlived import moving, outlived
from kmon_tui.domain.diagnosis.passing import passes
from kmon_tui.domain.diagnosis.reading import conditions_of, latest, node, number, one_line, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.serving import still
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.service import Condition, Mode
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import HEALTHY, UNKNOWN_CAUSE, Diagnosis, Evidence, Try

_PATIENCE_S = 300
_SURE_S = 60


def well(scene: Scene) -> Diagnosis:
    """Say how it is well: serving, scaled to zero."""
    ready = scene.conditions.get("Ready")
    since = ready.since if ready is not None else None
    up, live = _counts(scene)
    if scene.mode is Mode.KNATIVE and not live and scene.tree.synced and not scene.blind_to("Pod"):
        verdict = "scaled to zero and fine: the next request wakes it"
    elif not live:
        verdict = "ready"
    elif up < live and scene.mode is Mode.KNATIVE and not up:
        verdict = _waking(scene)
    elif up < live:
        verdict = f"ready and rolling out: {up} of {live} new pods are ready"
    else:
        older = [pod for pod in scene.pods if pod.live and not pod.current and pod.share > 0]
        verdict = f"ready: {up + sum(pod.ready for pod in older)} of {live + len(older)} pods"
    stale = [step for step in chain.of_service(scene) if step.stale]
    return Diagnosis(HEALTHY, verdict, scene.ref, since, (*stale, *_shadowed(scene)))


def _shadowed(scene: Scene) -> Iterator[Evidence]:
    """Give KServe's warning that two LLM services have one model name; it may be meant so, to share the requests."""
    event = chain.newest_event(scene, scene.ref, frozenset({"ModelNameCollision"}))
    if event:
        yield chain.of_event(event, scene.ref, 1)


def _waking(scene: Scene) -> str:
    busy = doing(scene)
    return f"waking up: {busy[0].text}" if busy else "waking up"


def stopped(scene: Scene, since: datetime | None) -> Diagnosis:
    """Say that somebody stopped it."""
    tries = (
        Try(
            "start it again",
            kubectl(
                "annotate",
                scene.ref.kind.lower(),
                scene.ref.name,
                "serving.kserve.io/stop-",
                namespace=scene.ref.namespace,
            ),
        ),
    )
    return Diagnosis(
        HEALTHY, "stopped on purpose (annotation serving.kserve.io/stop)", scene.ref, since, (), "nothing serves", tries
    )


def on_its_way(scene: Scene) -> Diagnosis:
    """Say what it is doing, or that nobody knows what keeps it."""
    busy = doing(scene)
    odd = _odd(scene)
    since = _since(scene)
    up, live = _counts(scene)
    shift = moving(scene)
    if shift is not None and odd is None and not busy:
        verdict = f"a gradual rollout moves the requests to the newest revision for {age(shift.since, scene.now)}"
        return Diagnosis(HEALTHY, verdict, scene.ref, shift.since, (), still(scene))
    stuck = any(untouched.uncreated(scene, pod) for pod in scene.current)
    if busy and odd is None and not stuck:
        serving = still(scene)
        count = f" ({up} of {live} pods are ready)" if live > 1 else ""
        return Diagnosis(
            HEALTHY,
            f"starting: {busy[0].text}{count}",
            scene.ref,
            since,
            tuple(busy[:5]),
            "" if serving == "nothing serves" else serving,
        )
    risen = latest(*[_ready_since(pod) for pod in scene.current])
    if up and up == live and not scene.older_than(risen, _PATIENCE_S) and risen is not None:
        return Diagnosis(HEALTHY, f"{up} of {live} pods are ready; KServe has yet to notice", scene.ref, risen)
    patience = _SURE_S if odd is not None else _PATIENCE_S
    if not scene.older_than(since, patience) and since is not None:
        return Diagnosis(HEALTHY, "rolling out" if live else "starting: nothing has been made yet", scene.ref, since)
    if not scene.tree.synced:
        return Diagnosis(HEALTHY, "not ready, and not everything about it has been read yet", scene.ref, since)
    return _unknown(scene, odd, since)


def doing(scene: Scene, workload: str = "") -> list[Evidence]:
    """Say what the pods that are not ready are doing on their way up: all of them, or those of one workload."""
    pods = [pod for pod in scene.current if not pod.ready and workload in ("", pod.workload)]
    return [step for step in (_step(scene, pod) for pod in pods) if step is not None]


def _unknown(scene: Scene, odd: Condition | None, since: datetime | None) -> Diagnosis:
    up, live = _counts(scene)
    odd = odd or (_complaint(scene) if up and up == live else None)
    idle = untouched.idle(scene)
    unusual = f"; unusual is {chain.said(odd)}" if odd is not None else f"; unusual: {idle.text}" if idle else ""
    mute = not (odd or idle or up or live or any(one.reason or one.message for one in scene.conditions.values()))
    if mute and not scene.blind_to("Event") and not scene.blind_to("Pod"):
        return _mute(scene, since)
    although = f" although {up} of {live} pods are ready" if up else ""
    unseen = "; its pods, which would tell more, may not be read" if scene.blind_to("Pod") else ""
    return Diagnosis(
        UNKNOWN_CAUSE,
        f"not ready for {age(since, scene.now)}{although}, and nothing known explains it{unusual}{unseen}",
        scene.ref,
        since,
        (*_conditions(scene), *_children(scene), *([idle] if idle else []), *_warnings(scene)),
        still(scene),
        (describe(scene.ref),),
    )


def _mute(scene: Scene, since: datetime | None) -> Diagnosis:
    """Say that KServe has begun, made nothing and complained nowhere: some errors it writes into its log alone."""
    return Diagnosis(
        UNKNOWN_CAUSE,
        f"KServe has begun with it {age(since, scene.now)} ago, has made nothing, and says why nowhere but in the log "
        "of its controller",
        scene.ref,
        since,
        (Evidence("all its conditions are without a reason", scene.ref, since), *_warnings(scene)),
        still(scene),
        (controller(scene.ref)[1], controller(scene.ref)[0]),
    )


def _conditions(scene: Scene) -> tuple[Evidence, ...]:
    """Give everything that the service itself says no to, each line once."""
    steps = {step.text: step for step in chain.of_service(scene)}
    for condition in scene.conditions.values():
        if condition.status != "True" and condition.type != "Stopped" and (condition.reason or condition.message):
            line = chain.said(condition)
            steps.setdefault(line, Evidence(line, scene.ref, condition.since))
    return tuple(steps.values())


def _children(scene: Scene) -> Iterator[Evidence]:
    """Give Deployments and pods that are not ready."""
    for deployment in scene.deployments:
        wanted, ready = number(deployment, "spec", "replicas"), number(deployment, "status", "readyReplicas") or 0
        if wanted is not None and ready < wanted:
            ref = ref_of(deployment)
            yield Evidence(f"Deployment {ref.name}: {ready} of {wanted} ready", ref, None, 1)
    for pod in scene.current:
        if not pod.ready:
            phase = text(pod.object, "status", "phase") or "?"
            yield Evidence(f"pod {pod.ref.name}: {phase}, not ready", pod.ref, pod.created, 2)


def _warnings(scene: Scene) -> Iterator[Evidence]:
    """Give the last warnings of the last hour."""
    recent = [
        event
        for event in scene.tree.events
        if text(event, "type") == "Warning" and not scene.older_than(event_time(event), 3600)
    ]
    for event in recent[-5:]:
        about = node(event, "involvedObject")
        yield chain.of_event(event, Ref(text(about, "kind"), text(about, "name"), text(about, "namespace")), 3)


def _odd(scene: Scene) -> Condition | None:
    """Give a condition that says no for a reason that no rollout passes through."""
    for condition in scene.conditions.values():
        if condition.status != "False" or passes(condition) or not scene.lasts(condition, _SURE_S):
            continue
        if not outlived(scene, condition):
            return condition
    return None


def _complaint(scene: Scene) -> Condition | None:
    """Give a condition that says no in words, where all pods are ready and no rollout explains it."""
    for condition in scene.conditions.values():
        if condition.status == "False" and condition.message and condition.type not in ("Stopped", "Ready"):
            return condition
    return None


def _since(scene: Scene) -> datetime | None:
    found = [
        scene.conditions[type_].since
        for type_ in ("PredictorReady", "WorkloadsReady", "Ready")
        if type_ in scene.conditions and scene.conditions[type_].status != "True"
    ]
    return latest(*found) or when(scene.root, "metadata", "creationTimestamp")


def _counts(scene: Scene) -> tuple[int, int]:
    if scene.mode is Mode.MODELMESH:
        return 0, 0  # many models share the pods
    live = [pod for pod in scene.current if pod.component not in ("scheduler", "tokenizer")]
    return sum(pod.ready for pod in live), len(live)


def _ready_since(pod: PodView) -> datetime | None:
    condition = conditions_of(pod.object).get("Ready")
    return condition.since if condition is not None and condition.status == "True" else None


def _step(scene: Scene, pod: PodView) -> Evidence | None:
    """Say what a pod is doing on its way up."""
    placed = conditions_of(pod.object).get("PodScheduled")
    if placed is not None and placed.status == "False":
        ordered = " that has been ordered" if scheduling.growing(scene, pod) else ""
        waits = "is queued" if placed.reason == "SchedulingGated" else f"waits for a node{ordered}"
        return Evidence(f"{pod.ref.name} {waits}{_volume(scene, pod)}", pod.ref, placed.since or pod.created, 2)
    boxes = boxes_of(pod.object)
    busy = next((box for box in boxes if not _done(box)), None)
    if busy is None:
        volume = "" if boxes else _volume(scene, pod)
        begun = boxes or untouched.untouched(scene, pod) is not None
        return None if begun else Evidence(f"{pod.ref.name} is being made{volume}", pod.ref, pod.created, 2)
    return Evidence(_doing(scene, pod, busy), pod.ref, busy.running_since or pod.created, 2)


def _volume(scene: Scene, pod: PodView) -> str:
    """Add that a volume is being made for a pod."""
    made = [name for name in claims.unbound(scene, pod.object) if claims.on_its_way(scene, name)]
    return f"; the volume of {made[0]} is being made" if made else ""


def _done(box: Box) -> bool:
    return box.ready or (box.init and box.ended is not None) or (box.sidecar and box.started)


def _doing(scene: Scene, pod: PodView, box: Box) -> str:
    if box.running_since is not None:
        since = age(box.running_since, scene.now)
        if box.fetches:
            return f"{pod.ref.name} is fetching the model for {since}"
        return f"{box.name} of {pod.ref.name} has been up for {since} and is not ready yet"
    if box.lost:
        return f"{box.name} of {pod.ref.name} went down with its node or container runtime and is to start anew"
    pulling = [event for event in scene.events(pod.ref) if text(event, "reason") in ("Pulling", "Pulled")]
    if pulling and text(pulling[-1], "reason") == "Pulling":
        return (
            f"{pod.ref.name} pulls an image for {age(event_time(pulling[-1]), scene.now)}: "
            f"{one_line(text(pulling[-1], 'message'), 100)}"
        )
    return f"{pod.ref.name} waits for {box.name} ({box.waiting or 'not started'})"

"""Why no node takes a pod, from the scheduler's message."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.domain.diagnosis import chain, claims, taints
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.placement import Refusal, explain
from kmon_tui.domain.diagnosis.reading import labels, name_of, node, nodes, number, text, texts
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_TURN_S = 60
"""A pod that was thrown out is made anew within this."""
_UNBOUND = ("a PersistentVolumeClaim that it needs is not bound", "no node can bind its volume")
_ELSEWHERE = ("its PersistentVolume is on other nodes", "its volume is on other nodes")


def finding(scene: Scene, pod: PodView, said: str, steps: tuple[Evidence, ...]) -> Finding:
    """Tell why no node takes a pod."""
    needs = requests_of(pod.object)
    said = taints.named(said, pod.object, scene.of_kind("Node"))
    refusal = _named(scene, pod, explain(said, needs, _behind_taints(scene, needs)))
    held = _holders(scene, refusal.resource) if refusal.cause == "no-gpu" else ()
    by = f" (held by {', '.join(held[:3])}{' …' if len(held) > 3 else ''})" if held else ""
    namespace = pod.ref.namespace
    shared = f"{namespace}/{refusal.shared}" if refusal.cause == "pvc" and refusal.shared else refusal.shared
    claim = _claim(scene, refusal)
    displaced = _displaced(scene, pod)
    gave_way = "; the pod before it gave way to one of higher priority" if displaced else ""
    return Finding(
        refusal.cause,
        f"{pod.ref.name} waits for a node: {refusal.verdict}{by}{gave_way}",
        claim or pod.ref,
        None,
        (*steps, *displaced, *[Evidence(f"{name} holds {refusal.resource}", None, None, 4) for name in held[:5]]),
        tries(refusal, pod.ref),
        shared,
    )


def _named(scene: Scene, pod: PodView, refusal: Refusal) -> Refusal:
    """Add what the scheduler does not name: the claim that is not bound, the labels that are asked for."""
    if refusal.cause == "pvc" and not refusal.shared and refusal.verdict.startswith(_UNBOUND):
        unbound = claims.unbound(scene, pod.object)
        said = claims.why(scene, unbound[0]) if len(unbound) == 1 else ""
        if said or (len(unbound) == 1 and refusal.verdict.startswith(_UNBOUND[0])):
            verdict = f"the PersistentVolumeClaim {unbound[0]} that it needs is not bound{f': {said}' if said else ''}"
            return refusal._replace(verdict=verdict, shared=f"PersistentVolumeClaim {unbound[0]}")
    if refusal.cause == "pvc" and refusal.verdict.startswith(_ELSEWHERE):
        mounted = claims.of_pod(pod.object)
        if len(mounted) == 1:
            claim, volume = mounted[0], text(scene.find("PersistentVolumeClaim", mounted[0]), "spec", "volumeName")
            named = f"the PersistentVolume{f' {volume}' if volume else ''} of its claim {claim}"
            return refusal._replace(verdict=f"{named}{refusal.verdict.partition('olume')[2]}", resource=volume)
    if refusal.cause == "node-selector":
        asked = ", ".join(_labels_asked(pod.object)[:3])
        return refusal._replace(verdict=f"{refusal.verdict}{f': {asked}' if asked else ''}")
    return refusal


def _displaced(scene: Scene, pod: PodView) -> tuple[Evidence, ...]:
    """Give the scheduler's word that it threw out the pod in whose place this one was made."""
    for (kind, name), events in scene.happenings.items():
        if kind != "Pod" or not name.startswith(f"{pod.workload}-{pod.version}"):
            continue
        for event in events:
            moment = event_time(event)
            if text(event, "reason") != "Preempted" or moment is None or pod.created is None:
                continue
            if abs((pod.created - moment).total_seconds()) <= _TURN_S:
                return (chain.of_event(event, Ref("Pod", name, pod.ref.namespace)),)
    return ()


def _labels_asked(pod: Object) -> list[str]:
    """Write nodeSelector and the affinity that must hold, each label as people write selectors."""
    plain = node(pod, "spec", "nodeSelector")
    asked = [f"{key}={text(plain, key)}" for key in plain if isinstance(key, str)]
    terms = nodes(
        pod,
        "spec",
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    )
    for term in terms:
        for rule in nodes(term, "matchExpressions"):
            values = f" ({', '.join(texts(rule, 'values')[:4])})" if texts(rule, "values") else ""
            asked.append(f"{text(rule, 'key')} {text(rule, 'operator')}{values}")
    return asked


def _behind_taints(scene: Scene, needs: Mapping[str, str]) -> dict[str, bool]:
    """Tell of which taints the nodes say that all nodes with a device that the pod needs have them."""
    devices = [name for name in needs if "/" in name]
    having = [node_ for node_ in scene.of_kind("Node") if any(_has(node_, name) for name in devices)]
    if not having:
        return {}
    taints = [
        {f"{text(taint, 'key')}: {text(taint, 'value')}".rstrip(": ") for taint in nodes(node_, "spec", "taints")}
        for node_ in having
    ]
    return dict.fromkeys(set.intersection(*taints), True)


def _has(node_: Object, device: str) -> bool:
    return (number(node_, "status", "allocatable", device) or 0) > 0


def _claim(scene: Scene, refusal: Refusal) -> Ref | None:
    if refusal.cause != "pvc" or not refusal.shared:
        return None
    return Ref("PersistentVolumeClaim", refusal.shared.rpartition(" ")[2], scene.ref.namespace)


def tries(refusal: Refusal, pod: Ref) -> tuple[Try, ...]:
    """Say what helps."""
    see = describe(pod, "see what the scheduler says of each node")
    if refusal.cause == "no-gpu":
        column = refusal.resource.replace(".", "\\.")
        return (
            Try("see who holds what", kubectl("get", "pods", "-A", "-o", "wide")),
            Try(
                "see how many each node has",
                kubectl("get", "nodes", "-o", f"custom-columns=NODE:.metadata.name,HAS:.status.allocatable.{column}"),
            ),
            Try("stop or scale down what is not needed, ask for fewer, or add a node"),
        )
    if refusal.cause == "untolerated-taint":
        columns = "custom-columns=NODE:.metadata.name,TAINTS:.spec.taints"
        show = Try("see the taints", kubectl("get", "nodes", "-o", columns))
        # A taint that is not known may be one that tells of a node's illness, which nobody should tolerate.
        return (Try("add a toleration to the predictor's spec"), show) if refusal.shared else (show, see)
    if refusal.cause == "nodes-unwell":
        return (Try("see how the nodes are", kubectl("get", "nodes")), see)
    if refusal.cause == "node-selector":
        return (Try("see the labels of the nodes", kubectl("get", "nodes", "--show-labels")), see)
    if refusal.cause == "pvc" and refusal.resource:
        return (
            Try("see which nodes its volume is for", kubectl("describe", "persistentvolume", refusal.resource)),
            Try("see the labels of the nodes", kubectl("get", "nodes", "--show-labels")),
        )
    if refusal.cause == "pvc":
        name = refusal.shared.rpartition(" ")[2]
        if refusal.verdict.endswith("does not exist"):
            return (
                Try("see which claims there are", kubectl("get", "pvc", namespace=pod.namespace)),
                Try(f"create the claim {name}, or mend the name in the service (storageUri pvc://, volumes)"),
            )
        return claims.tries(Ref("PersistentVolumeClaim", name, pod.namespace))
    if refusal.cause == "no-cpu-memory":
        return (Try("see what the nodes have left", kubectl("describe", "nodes")), see)
    return (see,)


def requests_of(pod: Object) -> dict[str, str]:
    """Give what a pod asks for: of each resource the request, else the limit, of the container that asks for it."""
    found: dict[str, str] = {}
    for container in nodes(pod, "spec", "containers"):
        for field in ("limits", "requests"):
            asked = node(container, "resources", field)
            found |= {name: text(asked, name) for name in asked if isinstance(name, str) and text(asked, name)}
    return found


def growing(scene: Scene, pod: PodView) -> bool:
    """Tell whether a node for the pod has been ordered and may still come."""
    last = ""
    seen = None
    for event in scene.events(pod.ref):
        reason = text(event, "reason")
        if reason in ("TriggeredScaleUp", "NotTriggerScaleUp", "Nominated", "FailedScaleUp"):
            last, seen = reason, event_time(event)
    return last in ("TriggeredScaleUp", "Nominated") and not scene.older_than(seen, 900)


def _holders(scene: Scene, resource: str) -> tuple[str, ...]:
    """Name pods of others, and older ones of our own, that hold the resource."""
    held: list[tuple[int, str]] = []
    for other in (*scene.of_kind("Pod"), *[pod.object for pod in scene.pods]):
        if text(other, "status", "phase") != "Running":
            continue
        count = sum(
            number(container, "resources", field, resource) or 0
            for container in nodes(other, "spec", "containers")
            for field in ("limits",)
        )
        if count:
            marks = labels(other)
            owner = text(marks, "serving.kserve.io/inferenceservice") or name_of(other)
            held.append((count, f"{text(other, 'metadata', 'namespace')}/{owner} ({count})"))
    held.sort(key=lambda entry: (-entry[0], entry[1]))
    return tuple(dict.fromkeys(name for _, name in held))

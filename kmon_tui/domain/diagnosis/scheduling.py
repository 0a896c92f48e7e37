"""Why no node takes a pod, from the scheduler's message."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.placement import Refusal, explain
from kmon_tui.domain.diagnosis.reading import labels, name_of, node, nodes, number, text
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try


def finding(scene: Scene, pod: PodView, said: str, chain: tuple[Evidence, ...]) -> Finding:
    """Tell why no node takes a pod."""
    needs = requests_of(pod.object)
    refusal = explain(said, needs, _behind_taints(scene, needs))
    held = _holders(scene, refusal.resource) if refusal.cause == "no-gpu" else ()
    by = f" (held by {', '.join(held[:3])}{' …' if len(held) > 3 else ''})" if held else ""
    namespace = pod.ref.namespace
    shared = f"{namespace}/{refusal.shared}" if refusal.cause == "pvc" and refusal.shared else refusal.shared
    claim = _claim(scene, refusal)
    return Finding(
        refusal.cause,
        f"{pod.ref.name} waits for a node: {refusal.verdict}{by}",
        claim or pod.ref,
        None,
        (*chain, *[Evidence(f"{name} holds {refusal.resource}", None, None, 4) for name in held[:5]]),
        tries(refusal, pod.ref),
        shared,
    )


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
        return (
            Try("add a toleration to the predictor's spec"),
            Try(
                "see the taints",
                kubectl("get", "nodes", "-o", "custom-columns=NODE:.metadata.name,TAINTS:.spec.taints"),
            ),
        )
    if refusal.cause == "nodes-unwell":
        return (Try("see how the nodes are", kubectl("get", "nodes")), see)
    if refusal.cause == "node-selector":
        return (Try("see the labels of the nodes", kubectl("get", "nodes", "--show-labels")), see)
    if refusal.cause == "pvc":
        name = refusal.shared.rpartition(" ")[2]
        return (
            Try("see the claims", kubectl("get", "pvc", namespace=pod.namespace)),
            *(
                (Try("read why it is not bound", kubectl("describe", "pvc", name, namespace=pod.namespace)),)
                if name
                else ()
            ),
        )
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

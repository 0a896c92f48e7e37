"""The node that a pod is on: it does not answer, or is not there."""

from __future__ import annotations

from kmon_tui.domain.diagnosis import chain
from kmon_tui.domain.diagnosis.boxes import boxes_of
from kmon_tui.domain.diagnosis.finding import Finding, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, one_line, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Evidence, Try

_SWEPT_S = 120
"""A pod whose node was deleted is taken away by Kubernetes' garbage collector within a minute."""


def down(scene: Scene, pod: PodView) -> Finding | None:
    """Tell that the node of a pod that is not ready does not answer, or is not there."""
    host = text(pod.object, "spec", "nodeName")
    machine = scene.find("Node", host) if host else NOTHING
    ready = conditions_of(machine).get("Ready") if machine is not NOTHING else None
    if pod.ready or (ready is not None and ready.status == "True"):
        return None
    ref = Ref("Node", host)
    if ref in scene.tree.absent:
        return _gone(scene, pod, ref)
    if ready is None:
        return _lost(scene, pod, ref)
    return Finding(
        "node-down",
        f"the node {host} that {pod.ref.name} is on is not ready: "
        f"{one_line(ready.message or ready.reason) or 'it does not say why'}",
        ref,
        ready.since,
        chain.of_pod(scene, pod, Evidence(chain.said(ready), ref, ready.since, 3)),
        (Try("see the node", kubectl("describe", "node", host)),),
        f"Node {host}",
    )


def _lost(scene: Scene, pod: PodView, ref: Ref) -> Finding | None:
    """Read from the pod's own events that its node is lost, where the node itself may not be seen."""
    event = chain.newest_event(scene, pod.ref, frozenset({"NodeNotReady"}))
    if not ref.name or event is NOTHING or not all(box.ready for box in boxes_of(pod.object)):
        return None
    step = chain.of_event(event, pod.ref)
    verdict = f"the node {ref.name} that {pod.ref.name} is on does not answer"
    see = Try("see the node", kubectl("describe", "node", ref.name))
    return Finding(
        "node-down", verdict, ref, event_time(event), chain.of_pod(scene, pod, step), (see,), f"Node {ref.name}"
    )


def _gone(scene: Scene, pod: PodView, ref: Ref) -> Finding | None:
    """Tell of a pod that is bound to a node that does not exist: its spec says so, or the node was taken away."""
    asked = ref.name == text(scene.root, "spec", pod.component, "nodeName") or _in_template(scene, pod, ref.name)
    if not asked and not scene.older_than(pod.created, _SWEPT_S):
        return None  # the garbage collector takes it away, and another one is made
    why = f"{pod.ref.name} is bound to the node {ref.name}, which does not exist"
    step = Evidence(f"pod {pod.ref.name}: spec.nodeName is {ref.name}", pod.ref, pod.created, 3)
    edit = kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace)
    why += ": its spec names the node, so no scheduler looks for another" if asked else ""
    mend = (Try("take nodeName out of the spec, or mend it", edit),) if asked else ()
    tries = (Try("see which nodes there are", kubectl("get", "nodes")), *mend)
    since = when(scene.root, "metadata", "creationTimestamp") if asked else pod.created
    return Finding("node-down", why, ref, since, chain.of_pod(scene, pod, step), tries, str(ref))


def _in_template(scene: Scene, pod: PodView, host: str) -> bool:
    return text(scene.find("Deployment", pod.workload), "spec", "template", "spec", "nodeName") == host

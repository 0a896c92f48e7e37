"""Why no node takes a pod, from the scheduler's message."""

from __future__ import annotations

import re
from typing import NamedTuple

from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import labels, name_of, node, nodes, number, one_line, text
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_INSUFFICIENT = re.compile(r"Insufficient ([\w.\-]+(?:/[\w.\-]+)?)")
_TAINT = re.compile(r"untolerated taint(?:\(s\))? ?\{([^}]*)\}|had taint \{([^}]*)\}, that the pod didn't tolerate")
_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)"', re.I)
_ACCELERATOR = re.compile(r"gpu|nvidia|amd\.com|habana|accelerator|tpu", re.I)


class Refusal(NamedTuple):
    """What the scheduler said, sorted."""

    cause: str
    verdict: str
    shared: str
    resource: str = ""


def explain(said: str, needs: dict[str, str] | None = None) -> Refusal:
    """Sort a message of the scheduler. ``needs`` are the pod's requests by resource."""
    # What follows tells of other pods that might be thrown out, not of why this one is not placed.
    body = said.partition("preemption:")[0].strip().rstrip(".")
    short = list(dict.fromkeys(_INSUFFICIENT.findall(body)))
    taints = [(first or second).strip() for first, second in _TAINT.findall(body)]
    volume = _volume(body)
    if volume is not None:
        return volume
    devices = [name for name in short if "/" in name or _ACCELERATOR.search(name)]
    barred = [taint for taint in taints if _ACCELERATOR.search(taint)]
    if devices and barred:
        return _tainted(barred[0])
    if devices:
        wanted = (needs or {}).get(devices[0], "")
        asked = f"{wanted} {devices[0]}" if wanted else devices[0]
        return Refusal("no-gpu", f"no node has {asked} free", devices[0], devices[0])
    plain = [name for name in short if name in ("cpu", "memory", "ephemeral-storage", "pods")]
    if plain:
        asked = " and ".join(f"{(needs or {}).get(name, '')} {name}".strip() for name in plain)
        return Refusal("no-cpu-memory", f"no node has {asked} free", " ".join(plain), plain[0])
    if "node affinity" in body or "node selector" in body or "nodeSelector" in body:
        return Refusal("node-selector", "no node has the labels that its nodeSelector or affinity asks for", "")
    own = [taint for taint in taints if "control-plane" not in taint and "/master" not in taint]
    if own or taints:
        return _tainted((own or taints)[0])
    return Refusal("unschedulable", f"no node takes it: {one_line(body, 180)}" if body else "no node takes it", "")


def _tainted(taint: str) -> Refusal:
    named = taint.strip().rstrip(":").strip()
    return Refusal(
        "untolerated-taint",
        f"the nodes that would do have the taint {named}, which it does not tolerate",
        f"taint {named}",
    )


def _volume(body: str) -> Refusal | None:
    claim = _CLAIM.search(body)
    if claim is not None:
        missing = "not found" in body
        said = "does not exist" if missing else "cannot be used: " + one_line(body.partition(claim.group(0))[2], 120)
        return Refusal(
            "pvc", f"the PersistentVolumeClaim {claim.group(1)} {said}", f"PersistentVolumeClaim {claim.group(1)}"
        )
    if "unbound immediate PersistentVolumeClaims" in body:
        return Refusal("pvc", "a PersistentVolumeClaim that it needs is not bound", "")
    if "volume node affinity conflict" in body:
        return Refusal("pvc", "its volume is on other nodes than those that would take it", "")
    if "available persistent volumes to bind" in body or "exceed max volume count" in body:
        return Refusal("pvc", f"no node can bind its volume: {one_line(body, 120)}", "")
    return None


def finding(scene: Scene, pod: PodView, said: str, chain: tuple[Evidence, ...]) -> Finding:
    """Tell why no node takes a pod."""
    needs = requests_of(pod.object)
    refusal = explain(said, needs)
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

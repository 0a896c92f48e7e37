"""Volume claims that are not bound: who is to make the volume, and how far that is."""

from __future__ import annotations

from kmon_tui.domain.diagnosis import chain
from kmon_tui.domain.diagnosis.finding import Finding, age, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, node, nodes, one_line, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_FAILED = frozenset({"ProvisioningFailed", "FailedBinding", "VolumeMismatch"})
_BEGUN = frozenset({"Provisioning"})
"""What a provisioner itself says first; Kubernetes only says for whom it waits (ExternalProvisioning)."""
_WAITS = frozenset({"ExternalProvisioning"})
_PROVISIONER = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_FAILING_S = 900
"""A provisioner that failed tries again within this."""
_BEGIN_S = 60
_MAKE_S = 300
"""Shares of files take minutes to make, disks some seconds."""


def of_pod(pod: Object) -> list[str]:
    """Name the claims that a pod mounts."""
    volumes = nodes(pod, "spec", "volumes")
    return [name for one in volumes if (name := text(one, "persistentVolumeClaim", "claimName"))]


def unbound(scene: Scene, pod: Object) -> list[str]:
    """Name those of them that wait for a volume."""
    return [name for name in of_pod(pod) if _pending(scene, name)]


def why(scene: Scene, name: str) -> str:
    """Say why a claim is not bound, as far as its events tell; empty when they do not."""
    ref, claim = _ref(scene, name), scene.find("PersistentVolumeClaim", name)
    failed = chain.newest_event(scene, ref, _FAILED)
    if failed is not NOTHING and not scene.older_than(event_time(failed), _FAILING_S):
        return one_line(text(failed, "message"), 160)
    waits = chain.newest_event(scene, ref, _WAITS)
    if waits is NOTHING:
        return ""
    who = _provisioner(claim) or "its provisioner"
    since = age(when(claim, "metadata", "creationTimestamp"), scene.now)
    if chain.newest_event(scene, ref, _BEGUN) is not NOTHING:
        return f"{who} has been making its volume for {since}"
    return f"{who} is to make its volume and has not begun to in {since}: does it run?"


def on_its_way(scene: Scene, name: str) -> bool:
    """Tell whether a volume is being made for a claim, and has not taken too long."""
    ref, claim = _ref(scene, name), scene.find("PersistentVolumeClaim", name)
    failed = chain.newest_event(scene, ref, _FAILED)
    asked = chain.newest_event(scene, ref, _WAITS) is not NOTHING
    begun = chain.newest_event(scene, ref, _BEGUN) is not NOTHING
    if claim is NOTHING or failed is not NOTHING or not (asked or begun):
        return False
    made = when(claim, "metadata", "creationTimestamp")
    return made is not None and not scene.older_than(made, _MAKE_S if begun else _BEGIN_S)


def chosen_for(scene: Scene, pod: PodView) -> Finding | None:
    """Find a pod for which a node is chosen and which waits there for its volume, of which nothing comes."""
    if conditions_of(pod.object).get("PodScheduled") is not None or not scene.older_than(pod.created, _BEGIN_S):
        return None
    for name in unbound(scene, pod.object):
        said = why(scene, name)
        if said and not on_its_way(scene, name):
            ref = _ref(scene, name)
            verdict = f"{pod.ref.name} waits for its volume: the PersistentVolumeClaim {name} is not bound: {said}"
            step = Evidence(f"PersistentVolumeClaim {name}: Pending, {said}", ref, pod.created, 3)
            shared = f"{ref.namespace}/PersistentVolumeClaim {name}"
            return Finding("pvc", verdict, ref, pod.created, chain.of_pod(scene, pod, step), tries(ref), shared)
    return None


def tries(claim: Ref) -> tuple[Try, ...]:
    """Say what helps with a claim that is not bound; without a name with all of a namespace."""
    see = Try("see the claims", kubectl("get", "pvc", namespace=claim.namespace))
    if not claim.name:
        return (see,)
    return (see, Try("read why it is not bound", kubectl("describe", "pvc", claim.name, namespace=claim.namespace)))


def _ref(scene: Scene, name: str) -> Ref:
    return Ref("PersistentVolumeClaim", name, scene.ref.namespace)


def _pending(scene: Scene, name: str) -> bool:
    phase = text(scene.find("PersistentVolumeClaim", name), "status", "phase")
    return phase == "Pending" or (not phase and not scene.of_kind("PersistentVolumeClaim"))


def _provisioner(claim: Object) -> str:
    notes = node(claim, "metadata", "annotations")
    return next((who for key in _PROVISIONER if (who := text(notes, key))), "")

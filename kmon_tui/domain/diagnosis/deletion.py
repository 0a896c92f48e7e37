"""What keeps a service that somebody deleted: a finalizer, and whom it waits for."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.diagnosis.finding import age, controller, kubectl
from kmon_tui.domain.diagnosis.reading import name_of, one_line, text, texts
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.serving import still
from kmon_tui.domain.verdict import HEALTHY, Diagnosis, Evidence, Try

_DELETING_S = 120
_COLLECTOR = frozenset({"foregroundDeletion", "orphan"})
"""Finalizers of Kubernetes' own garbage collector."""


def deleted(scene: Scene, moment: datetime) -> Diagnosis:
    """Say that it is being deleted, and what holds it once it had the time to go."""
    held = texts(scene.root, "metadata", "finalizers")
    ago = age(moment, scene.now)
    if not held or not scene.older_than(moment, _DELETING_S):
        return Diagnosis(HEALTHY, f"it is being deleted for {ago}", scene.ref, moment)
    names = ", ".join(held)
    kserve = any(name.startswith("inferenceservice.finalizers") or "kserve" in name for name in held)
    waits = _waits_for(scene, held)
    lost = "KServe's controller does not take it away: does it run?" if kserve else _STRANGER
    return Diagnosis(
        "deletion-blocked",
        f"the finalizer {names} keeps it, {ago} after it was deleted: {waits or lost}",
        scene.ref,
        moment,
        (Evidence(f"deletionTimestamp is set, finalizers: {names}", scene.ref, moment),),
        still(scene),
        _tries(scene, names, kserve),
        "KServe's controller" if kserve and not waits else "",
    )


_STRANGER = "whoever put it there has not taken it away"


def _waits_for(scene: Scene, held: tuple[str, ...]) -> str:
    """Say what is waited for, where that is known; a controller that says what it waits for runs."""
    pending = scene.conditions.get("GroupReady")
    if pending is not None and pending.reason == "FinalizationPending" and pending.message:
        return f"KServe says that it is {one_line(pending.message)}"
    if not set(held) <= _COLLECTOR:
        return ""
    left = [f"{text(one, 'kind')} {name_of(one)}" for one in scene.tree.objects if _going(one)]
    of_them = f" ({', '.join(left[:3])}{' …' if len(left) > 3 else ''})" if left else ""
    return f"Kubernetes first deletes what belongs to it{of_them}"


def _going(obj: object) -> bool:
    return bool(text(obj, "metadata", "deletionTimestamp"))


def _tries(scene: Scene, names: str, kserve: bool) -> tuple[Try, ...]:
    patch = kubectl(
        "patch",
        scene.ref.kind.lower(),
        scene.ref.name,
        "--type=merge",
        "-p",
        '{"metadata":{"finalizers":null}}',
        namespace=scene.ref.namespace,
    )
    return (
        controller(scene.ref)[0] if kserve else Try(f"find out whose {names} is, and whether that controller runs"),
        Try("let it go without cleaning up, only if the controller is gone for good", patch),
    )

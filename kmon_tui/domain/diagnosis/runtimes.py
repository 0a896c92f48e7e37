"""What is wrong with the runtime that a service asks for, and whether that still holds."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.diagnosis import again, model
from kmon_tui.domain.diagnosis.finding import Finding, age, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, flag, latest, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

COMPLAINTS = frozenset({"InternalError", "UpdateFailed", "ServerlessModeRejected", "ReconcileError", "Error"})
"""Reasons of KServe's own events about a service that it cannot work with."""


def missing(scene: Scene, named: str, steps: tuple[Evidence, ...]) -> Finding:
    """Say that there is no such runtime, unless there is one by now."""
    obj = model.runtime_object(scene, named) if named else NOTHING
    if obj is not NOTHING:
        return stale(scene, obj, f"did not find the runtime {named}, which is there by now", steps)
    ref, told = Ref("ServingRuntime", named or "?", scene.ref.namespace), _told(scene)
    return Finding(
        "runtime-missing",
        f"{told}there is no runtime {named or '?'}, neither in namespace {scene.ref.namespace} nor in the cluster",
        ref,
        since(scene),
        steps,
        (
            Try(
                "see which runtimes there are",
                kubectl("get", "servingruntimes,clusterservingruntimes", namespace=scene.ref.namespace),
            ),
            edit(scene),
        ),
        f"runtime {named}" if named else "",
    )


def disabled(scene: Scene, named: str, steps: tuple[Evidence, ...]) -> Finding:
    """Say that the runtime is disabled, unless it is enabled by now."""
    obj = model.runtime_object(scene, named)
    if obj is not NOTHING and not flag(obj, "spec", "disabled"):
        return stale(scene, obj, f"found the runtime {named} disabled, which is enabled by now", steps)
    ref = ref_of(obj) if obj is not NOTHING else Ref("ServingRuntime", named or "?", scene.ref.namespace)
    patch = kubectl(
        "patch",
        ref.kind.lower(),
        ref.name,
        "--type=merge",
        "-p",
        '{"spec":{"disabled":false}}',
        namespace=ref.namespace,
    )
    return Finding(
        "runtime-disabled",
        f"{_told(scene) if obj is NOTHING else ''}the runtime {ref.name} is disabled",
        ref,
        since(scene),
        steps,
        (Try("enable it", patch), edit(scene)),
        f"runtime {ref.name}",
    )


def _told(scene: Scene) -> str:
    """Say who says so, as long as the runtimes themselves were not read: it may be over."""
    return "KServe says that " if scene.tree.shallow else ""


def unsupported(scene: Scene, named: str, said: str, steps: tuple[Evidence, ...]) -> Finding:
    """Say that no runtime, or not the one that is named, can serve the model."""
    format_ = " ".join(part for part in model.format_of(scene) if part) or "its model's format"
    protocol = text(model.leaf(scene), "protocolVersion")
    if named and "protocol" in said:
        verdict = f"the runtime {named} does not speak the protocol {protocol or '?'} that the service asks for"
    elif named:
        verdict = f"the runtime {named} does not support {format_}"
    else:
        spoken = f" and speaks {protocol}" if protocol else ""
        verdict = f"no runtime that KServe may choose by itself supports {format_}{spoken}"
    return Finding(
        "runtime-unsupported",
        verdict,
        scene.ref,
        since(scene),
        steps,
        (
            Try(
                "see what each runtime supports",
                kubectl("get", "servingruntimes,clusterservingruntimes", namespace=scene.ref.namespace),
            ),
            Try(
                "name a runtime in spec.predictor.model.runtime, or set autoSelect in one",
                kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace),
            ),
        ),
    )


def stale(scene: Scene, obj: Object, said: str, steps: tuple[Evidence, ...]) -> Finding:
    """Say that KServe has not seen yet that a runtime is there, or enabled, by now.

    KServe watches only runtimes that a service has in its status already; else it
    asks again by itself, after ever longer waits of up to a quarter of an hour.
    """
    ref, moment = ref_of(obj), since(scene)
    last = [event_time(event) for event in scene.events(scene.ref) if ref.name in text(event, "message")]
    ago = age(latest(moment, *last), scene.now)
    look = again.labelled(scene.root, scene.ref.kind.lower())
    return Finding(
        "stale-condition",
        f"{ago} ago KServe {said}, and it has not looked again",
        ref,
        moment,
        tuple(step._replace(stale=True) for step in steps),
        (Try("make KServe look again (a label is enough); by itself it does within a quarter of an hour", look),),
        f"runtime {ref.name}",
    )


def since(scene: Scene) -> datetime | None:
    """Tell since when the service is as it is; while the version before serves, since when KServe complains."""
    ready = scene.conditions.get("Ready")
    if scene.ready:
        told = [event for event in scene.events(scene.ref) if text(event, "reason") in COMPLAINTS]
        first = when(told[-1], "firstTimestamp") or event_time(told[-1]) if told else None
        return first or latest(*[one.since for one in scene.conditions.values() if one.status != "True"])
    return (ready.since if ready is not None else None) or when(scene.root, "metadata", "creationTimestamp")


def edit(scene: Scene) -> Try:
    """Suggest to mend the service."""
    return Try(
        "mend the service", kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace)
    )

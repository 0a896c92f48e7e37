"""What is wrong with what the service asks for: its runtime, its spec, its mode. No pods come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import chain, model, refusals, storage
from kmon_tui.domain.diagnosis.finding import Finding, controller, kubectl
from kmon_tui.domain.diagnosis.reading import (
    NOTHING,
    latest,
    name_of,
    node,
    nodes,
    number,
    one_line,
    ref_of,
    text,
    when,
)
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_COMPLAINTS = frozenset({"InternalError", "UpdateFailed", "ServerlessModeRejected", "ReconcileError", "Error"})
_RECENT_S = 1800
_NO_SUCH = re.compile(r"No ServingRuntimes or ClusterServingRuntimes with the name:? ?(\S+)")
_DISABLED = re.compile(r"specified runtime (\S+) is disabled")
_UNSUPPORTED = re.compile(r"no runtime found to support|does not support specified|runtime .* does not support", re.I)
_SPEC = re.compile(
    r"StorageURI not supported|must provide only one of|invalid (predictor|spec)|workerSpec|"
    r"failed to replace placeholders|no container configuration found|InvalidGPUAllocation|"
    r"not valid|is required|Required value|is invalid",
    re.I,
)
_PASSING = re.compile(r"the object has been modified|Operation cannot be fulfilled|context (canceled|deadline)", re.I)


def findings(scene: Scene) -> Iterator[Finding]:
    """Find what KServe refuses to work with, in its status or its newest complaint."""
    found = _from_status(scene) or _from_complaint(scene) or _from_condition(scene)
    if found is not None:
        yield found


def _from_status(scene: Scene) -> Finding | None:
    status = node(scene.root, "status", "modelStatus")
    if text(status, "transitionStatus") != "InvalidSpec":
        return None
    info = node(status, "lastFailureInfo")
    reason, said = text(info, "reason"), text(info, "message")
    complaint = _complaint(scene)
    steps = (chain.of_event(complaint, scene.ref, 1),) if complaint is not NOTHING else ()
    named = model.named_runtime(scene)
    if reason == "RuntimeNotRecognized":
        return _runtime_missing(scene, named, steps)
    if reason == "RuntimeDisabled":
        return _runtime_disabled(scene, named, steps)
    if reason == "NoSupportingRuntime":
        return _unsupported(scene, named, said, steps)
    told = text(complaint, "message") or said
    return Finding(
        "invalid-spec",
        f"KServe cannot work with its spec: {one_line(told) or reason or 'it does not say why'}",
        scene.ref,
        _since(scene),
        steps,
        (_edit(scene),),
    )


def _from_complaint(scene: Scene) -> Finding | None:
    """Read the newest complaint of KServe's controller, if nothing has been made since."""
    event = _complaint(scene)
    said = text(event, "message")
    if event is NOTHING or scene.ready or _PASSING.search(said):
        return None
    steps = (chain.of_event(event, scene.ref, 1),)
    if text(event, "reason") == "ServerlessModeRejected":
        return _no_knative(scene, steps)
    missing, disabled = _NO_SUCH.search(said), _DISABLED.search(said)
    if missing is not None:
        return _runtime_missing(scene, missing.group(1), steps)
    if disabled is not None:
        return _runtime_disabled(scene, disabled.group(1), steps)
    if _UNSUPPORTED.search(said):
        return _unsupported(scene, model.named_runtime(scene), "", steps)
    return None if scene.current else explain(scene, said, steps)


def _from_condition(scene: Scene) -> Finding | None:
    for type_ in ("PredictorReady", "TransformerReady", "ExplainerReady"):
        condition = scene.conditions.get(type_)
        if condition is None or condition.status != "False" or scene.ready:
            continue
        if condition.reason in ("ReconcileFailed", "InvalidGPUAllocation", "InvalidWorkerSpecNotSet"):
            return explain(scene, condition.message, ())
    return None


def explain(scene: Scene, said: str, steps: tuple[Evidence, ...]) -> Finding | None:
    """Tell why KServe cannot make something, from the error that it wrote down."""
    moment = _since(scene)
    denial = refusals.explain(said, scene.ref.namespace)
    if denial is not None:
        return Finding(
            denial.cause,
            f"KServe cannot create what {scene.ref.name} needs: {denial.verdict}",
            denial.object or scene.ref,
            moment,
            steps,
            refusals.tries(denial, scene.ref),
            denial.shared,
        )
    if "StorageURI not supported" in said or storage.classify(said) == "storage-scheme":
        address = model.uri(scene)
        return Finding(
            "storage-scheme",
            storage.verdict("storage-scheme", address, said, "KServe"),
            scene.ref,
            moment,
            steps,
            storage.tries("storage-scheme", address, scene.ref, "default"),
        )
    if not said:
        return None
    if _SPEC.search(said):
        verdict = f"KServe cannot work with its spec: {one_line(said)}"
        return Finding("invalid-spec", verdict, scene.ref, moment, steps, (_edit(scene),))
    verdict = f"KServe cannot create what {scene.ref.name} needs: {one_line(said)}"
    return Finding("reconcile-failed", verdict, scene.ref, moment, steps, controller(scene.ref))


def _runtime_missing(scene: Scene, named: str, steps: tuple[Evidence, ...]) -> Finding:
    ref = Ref("ServingRuntime", named or "?", scene.ref.namespace)
    return Finding(
        "runtime-missing",
        f"there is no runtime {named or '?'}, neither in namespace {scene.ref.namespace} nor in the cluster",
        ref,
        _since(scene),
        steps,
        (
            Try(
                "see which runtimes there are",
                kubectl("get", "servingruntimes,clusterservingruntimes", namespace=scene.ref.namespace),
            ),
            _edit(scene),
        ),
        f"runtime {named}" if named else "",
    )


def _runtime_disabled(scene: Scene, named: str, steps: tuple[Evidence, ...]) -> Finding:
    obj = model.runtime_object(scene, named)
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
        f"the runtime {ref.name} is disabled",
        ref,
        _since(scene),
        steps,
        (Try("enable it", patch), _edit(scene)),
        f"runtime {ref.name}",
    )


def _unsupported(scene: Scene, named: str, said: str, steps: tuple[Evidence, ...]) -> Finding:
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
        _since(scene),
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


def _no_knative(scene: Scene, steps: tuple[Evidence, ...]) -> Finding:
    return Finding(
        "knative-missing",
        "it asks for Knative (serverless) mode, and Knative Serving is not installed",
        scene.ref,
        _since(scene),
        steps,
        (Try("run it in Standard mode: make it anew with the annotation serving.kserve.io/deploymentMode: Standard"),),
        "Knative",
    )


def _complaint(scene: Scene) -> Object:
    event = chain.newest_event(scene, scene.ref, _COMPLAINTS)
    seen = event_time(event)
    if event is NOTHING or scene.older_than(seen, _RECENT_S):
        return NOTHING
    made = latest(*[when(one, "metadata", "creationTimestamp") for one in _children(scene)])
    # What it could make after all is no longer what it complained of.
    return NOTHING if seen is not None and made is not None and seen < made else event


def _children(scene: Scene) -> Iterator[Object]:
    yield from scene.deployments
    yield from scene.of_kind("Revision")
    yield from (pod.object for pod in scene.pods)


def _since(scene: Scene) -> datetime | None:
    ready = scene.conditions.get("Ready")
    return (ready.since if ready is not None else None) or when(scene.root, "metadata", "creationTimestamp")


def _edit(scene: Scene) -> Try:
    return Try(
        "mend the service", kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace)
    )


def canary(scene: Scene) -> Iterator[Finding]:
    """Find canary fields that the mode does not know: KServe ignores them without a word."""
    percent = number(scene.root, "spec", "predictor", "canaryTrafficPercent")
    if scene.mode is Mode.STANDARD and percent is not None and 0 < percent < 100:
        yield Finding(
            "canary-ignored",
            f"canaryTrafficPercent {percent} has no effect in Standard mode: the newest version takes every request",
            scene.ref,
            None,
            (),
            (Try("KServe 0.20 and later: use spec.canary in Standard mode; before it, Knative mode"),),
        )
    canaries = nodes(scene.root, "spec", "canary")
    if scene.mode is Mode.KNATIVE and canaries:
        names = ", ".join(name_of(entry) or text(entry, "predictor", "name") or "?" for entry in canaries)
        yield Finding(
            "canary-ignored",
            f"spec.canary ({names}) has no effect in Knative mode",
            scene.ref,
            None,
            (),
            (Try("use canaryTrafficPercent in Knative mode"),),
        )

"""What is wrong with what the service asks for: its runtime, its spec, its mode. No pods come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import chain, model, refusals, runtimes, storage
from kmon_tui.domain.diagnosis.finding import Finding, controller, describe, kubectl
from kmon_tui.domain.diagnosis.reading import (
    NOTHING,
    latest,
    name_of,
    node,
    nodes,
    number,
    one_line,
    text,
    when,
)
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_RECENT_S = 1800
_NO_SUCH = re.compile(r"No ServingRuntimes or ClusterServingRuntimes with the name:? ?(\S+)")
_DISABLED = re.compile(r"specified runtime (\S+) is disabled")
_UNSUPPORTED = re.compile(r"no runtime found to support|does not support specified|runtime .* does not support", re.I)
_SPEC = re.compile(
    r"StorageURI not supported|must provide only one of|invalid (predictor|spec)|workerSpec|"
    r"failed to replace placeholders|no container configuration found|InvalidGPUAllocation|"
    r"not valid|is required|Required value|is invalid|ClusterStorageContainer \"?\S+ (not found|is disabled|does not)|"
    r"Invalid URI must be|invalid GPU format|PVC storage paths|storage paths? (must|cannot)|too many OCI sources|"
    r"unknown autoscaler class|(find|target) container|already used by volume|is not supported for KEDA|"
    r"metricSpec\.|metric source type|'name' field is not allowed|deploymentMode cannot be changed|"
    r"does not support multi-model|confidential model serving",
    re.I,
)
_CONFIGURATION = re.compile(
    r"(deploy|ingress|autoscaler|storage) config\b|Failed to parse resource configuration", re.I
)
"""What KServe cannot read is its own configuration, not the service."""
_PASSING = re.compile(r"the object has been modified|Operation cannot be fulfilled|context (canceled|deadline)", re.I)
_NO_KIND = re.compile(r'no matches for kind "([^"]+)" in version "([^"/]+)/?([^"]*)"')
_TAKEN = re.compile(r'There is an existing (?:placeholder )?(\w+) "?([^"\s]+?)"? that we do(?: not|n\'t) own')
_UNMADE = "Revision creation failed with message: "
"""What Knative's configuration says where there is no revision to say it."""
_CONDITIONS = (
    "PredictorReady",
    "TransformerReady",
    "ExplainerReady",
    "PredictorConfigurationReady",
    "TransformerConfigurationReady",
    "ExplainerConfigurationReady",
    "PredictorRouteReady",
)
_REASONS = frozenset(
    {"ReconcileFailed", "InvalidGPUAllocation", "InvalidWorkerSpecNotSet", "NotOwned", "RevisionNameTaken"}
)
_REFUSED = frozenset({"runtime-missing", "runtime-disabled", "runtime-unsupported", "invalid-spec"})


def refused(scene: Scene) -> Iterator[Finding]:
    """Find why KServe refuses the present spec, whatever ails the pods of the one before it."""
    found = _from_status(scene)
    if found is not None and found.cause in _REFUSED:
        yield found


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
        return runtimes.missing(scene, named, steps)
    if reason == "RuntimeDisabled":
        return runtimes.disabled(scene, named, steps)
    if reason == "NoSupportingRuntime":
        return runtimes.unsupported(scene, named, said, steps)
    told = text(complaint, "message") or said
    return Finding(
        "invalid-spec",
        f"KServe cannot work with its spec: {one_line(told) or reason or 'it does not say why'}",
        scene.ref,
        runtimes.since(scene),
        steps,
        (runtimes.edit(scene),),
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
        return runtimes.missing(scene, missing.group(1), steps)
    if disabled is not None:
        return runtimes.disabled(scene, disabled.group(1), steps)
    if _UNSUPPORTED.search(said):
        return runtimes.unsupported(scene, model.named_runtime(scene), "", steps)
    # What pods that are not ready suffer from is told by them; with all of them ready, this is what is left.
    return explain(scene, said, steps) if all(pod.ready for pod in scene.current) else None


def _from_condition(scene: Scene) -> Finding | None:
    for type_ in _CONDITIONS:
        condition = scene.conditions.get(type_)
        if condition is None or condition.status != "False" or scene.ready:
            continue
        if condition.reason in _REASONS:
            return explain(scene, condition.message, ())
        if condition.message.startswith(_UNMADE):
            step = Evidence(chain.said(condition), scene.ref, condition.since)
            return explain(scene, condition.message.removeprefix(_UNMADE), (step,))
    return None


def passes(said: str) -> bool:
    """Tell whether an error is one that the next try of a controller gets over."""
    return _PASSING.search(said) is not None


def passing_complaint(scene: Scene) -> Evidence | None:
    """Give KServe's newest complaint if the next try may get over it; None when there is none."""
    event = _complaint(scene)
    said = text(event, "message")
    return Evidence(one_line(said), scene.ref, event_time(event), 1) if said and passes(said) else None


def explain(scene: Scene, said: str, steps: tuple[Evidence, ...]) -> Finding | None:
    """Tell why KServe cannot make something, from the error that it wrote down."""
    moment = runtimes.since(scene)
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
    known = _taken(scene, said, moment, steps) or _no_kind(scene, said, moment, steps)
    if known is not None:
        return known
    if _SPEC.search(said) and not _CONFIGURATION.search(said):
        verdict = f"KServe cannot work with its spec: {one_line(said)}"
        return Finding("invalid-spec", verdict, scene.ref, moment, steps, (runtimes.edit(scene),))
    verdict = f"KServe cannot create what {scene.ref.name} needs: {one_line(said)}"
    return Finding("reconcile-failed", verdict, scene.ref, moment, steps, controller(scene.ref))


def _taken(scene: Scene, said: str, moment: datetime | None, steps: tuple[Evidence, ...]) -> Finding | None:
    """Read that something of the same name is there, which belongs to somebody else."""
    found = _TAKEN.search(said)
    if found is None:
        return None
    ref = Ref(found.group(1), found.group(2), scene.ref.namespace)
    return Finding(
        "reconcile-failed",
        f"there is a {ref.kind} {ref.name} already, which belongs to somebody else, so none can be made for it",
        ref,
        moment,
        steps,
        (describe(ref, "see whose it is"),),
    )


def _no_kind(scene: Scene, said: str, moment: datetime | None, steps: tuple[Evidence, ...]) -> Finding | None:
    """Read that a kind is not installed."""
    found = _NO_KIND.search(said)
    if found is None:
        return None
    kind, group = found.group(1), found.group(2)
    return Finding(
        "reconcile-failed",
        f"KServe cannot create what {scene.ref.name} needs: the kind {kind} ({group}) is not installed",
        scene.ref,
        moment,
        steps,
        (
            Try("see what of it is installed", kubectl("api-resources", f"--api-group={group}")),
            Try("install what brings this kind, or do without it in the spec; then restart KServe's controller"),
        ),
        f"kind {kind}",
    )


def _no_knative(scene: Scene, steps: tuple[Evidence, ...]) -> Finding:
    return Finding(
        "knative-missing",
        "it asks for Knative (serverless) mode, and Knative Serving is not installed",
        scene.ref,
        runtimes.since(scene),
        steps,
        (Try("run it in Standard mode: make it anew with the annotation serving.kserve.io/deploymentMode: Standard"),),
        "Knative",
    )


def _complaint(scene: Scene) -> Object:
    event = chain.newest_event(scene, scene.ref, runtimes.COMPLAINTS)
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

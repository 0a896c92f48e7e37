"""What Knative says of the newest revision, and KServe of the last load, where no pod is left to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kmon_tui.domain.diagnosis import calm, chain, images, model, placement, refusals, remembered, storage, untouched
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.last_words import telling_line
from kmon_tui.domain.diagnosis.outlived import FAILED, of_pods, outlived
from kmon_tui.domain.diagnosis.reading import (
    NOTHING,
    both_ends,
    conditions_of,
    labels,
    node,
    nodes,
    number,
    one_line,
    ref_of,
    text,
    when,
)
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import component_of, latest_revisions
from kmon_tui.domain.service import Condition, Mode
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_FETCH = re.compile(r'Unable to fetch image "([^"]+)": ?(.*)', re.S)
_EXIT = re.compile(r"^ExitCode(\d+)$")
_KILLED = " (killed: out of memory, or by its liveness probe)"
_GOT = "its pod runs with the image since, and Knative does not take back by itself what it said"
_LATE = frozenset({"ProgressDeadlineExceeded", "PodInitializing", "ContainerCreating"})
"""The last two are what a container waits for when the deadline passes: Knative makes them the revision's reason."""
_NORMAL = frozenset({"NoTraffic", "Deploying", "ResolvingDigests", "Queued", "Uninitialized", ""})


class _Told(NamedTuple):
    """What a revision's message means."""

    cause: str
    verdict: str
    tries: tuple[Try, ...]
    shared: str = ""
    object: Ref | None = None
    """What is at fault, if it is not the revision."""
    steps: tuple[Evidence, ...] = ()


def findings(scene: Scene) -> Iterator[Finding]:
    """Find what failed for good: the last load, then each component's newest revision, then deadlines."""
    if not scene.ready:
        load = _failed_load(scene)
        if load is not None:
            yield load
    yield from _revisions(scene)
    yield from _deadlines(scene)


def _failed_load(scene: Scene) -> Finding | None:
    """Read lastFailureInfo where the pod that failed is gone or may not be seen."""
    status = node(scene.root, "status", "modelStatus")
    if text(status, "transitionStatus") != "BlockedByFailedLoad" or scene.current or scene.mode is Mode.MODELMESH:
        return None
    info = node(status, "lastFailureInfo")
    said, code = text(info, "message"), number(info, "exitCode")
    if not info or (not said and code is None):
        return None
    condition = scene.conditions.get("PredictorReady")
    since = when(info, "time") or (condition.since if condition is not None else None)
    ended = f", exit code {code}" if code is not None else ""
    step = Evidence(f"last failed load: {one_line(said).rstrip('.') or 'no message'}{ended}", scene.ref, since, 1)
    cause, verdict, tries, shared = _explain_load(scene, said, code)
    return Finding(cause, verdict, scene.ref, since, (step,), tries, shared, "predictor")


def _explain_load(scene: Scene, said: str, code: int | None) -> tuple[str, str, tuple[Try, ...], str]:
    """Tell whose message it is, the storage-initializer's or the model server's: only its words say that."""
    address, cause = model.uri(scene), storage.classify(said)
    if (cause != "storage-failed" and _of_storage(said, address)) or "torage initialization failed" in said:
        tries = storage.tries(cause, address, scene.ref, "default")
        return cause, storage.verdict(cause, address, said), tries, storage.shared(cause, address, "?")
    how = f"exit code {code}" if code is not None else "an error"
    hint = _KILLED if code == 137 and not said else ""
    line = both_ends(telling_line(said))
    why = f": {line}" if line else ""
    pod = "may not be read" if scene.blind_to("Pod") else "is not there to ask any more"
    verdict = f"the model's container ended with {how}{hint}{why}; its pod {pod}"
    return "crash-loop", verdict, _again(scene), ""


def _of_storage(said: str, address: str) -> bool:
    words = ("storage", "download", "bucket", "fetch", "gs://", "s3://", "hf://", "blob.core")
    return any(word in said.lower() for word in words) or bool(address and address in said)


def _revisions(scene: Scene) -> Iterator[Finding]:
    seen = set()
    for revision in dict.fromkeys(latest_revisions(scene.root, scene.kinds).values()):
        obj = scene.find("Revision", revision)
        ready = conditions_of(obj).get("Ready") if obj is not NOTHING else None
        if obj is not NOTHING:
            seen.add(revision)
        if ready is None or ready.status != "False" or ready.reason in _NORMAL:
            continue
        if not of_pods(scene, revision, ready.reason, ready.message):
            yield _failed(scene, revision, obj, ready)
    for type_ in (
        "PredictorConfigurationReady",
        "TransformerConfigurationReady",
        "ExplainerConfigurationReady",
        "ConfigurationsReady",
    ):
        condition = scene.conditions.get(type_)
        told = FAILED.search(condition.message) if condition is not None and condition.status == "False" else None
        # Of a revision that was replaced since, nothing is to be said.
        if told is None or condition is None or told.group(1) in seen or scene.ready or outlived(scene, condition):
            continue
        parsed = condition._replace(message=told.group(2), reason="")
        yield _failed(scene, told.group(1), NOTHING, parsed)


def _failed(scene: Scene, revision: str, obj: Object, condition: Condition) -> Finding:
    ref = Ref("Revision", revision, scene.ref.namespace)
    said, reason = condition.message, condition.reason
    step = Evidence(f"Revision {revision}: {chain.said(condition)}", ref, condition.since, 1)
    component = component_of(scene.root, labels(obj)) if obj is not NOTHING else ""
    told = _explain(scene, ref, obj, said, reason)
    return Finding(
        told.cause,
        f"revision {revision} failed: {told.verdict}",
        told.object or ref,
        condition.since,
        (step, *told.steps),
        told.tries,
        told.shared,
        component,
    )


def _explain(scene: Scene, ref: Ref, obj: Object, said: str, reason: str) -> _Told:
    fetch = _FETCH.search(said)
    if fetch or reason in images.WAITING:
        return _unfetched(scene, ref, fetch.group(1) if fetch else _image(obj), fetch.group(2) if fetch else "", reason)
    denial = refusals.explain(said, ref.namespace)
    if denial is not None:
        return _Told(denial.cause, denial.verdict, refusals.tries(denial, scene.ref), denial.shared, denial.object)
    if "nodes are available" in said or reason == "Unschedulable":
        refusal = placement.explain(said)
        return _Told(refusal.cause, refusal.verdict, (describe(ref),), refusal.shared)
    if "Container failed with:" in said or _EXIT.search(reason):
        exited = _EXIT.search(reason)
        line = one_line(telling_line(said.rpartition("Container failed with:")[2].strip()), 180)
        line = line.strip(" .") and line  # Knative puts a full stop behind what may be nothing
        code = exited.group(1) if exited else ""
        how = f"exit code {code}{_KILLED if code == '137' else ''}" if code else "an error"
        return _Told("crash-loop", f"its container ended with {how}{f': {line}' if line else ''}", _again(scene))
    if reason in _LATE or "nitial scale was never achieved" in said:
        memory = None if scene.current else remembered.of_revision(scene, ref.name, _image(obj))
        if memory is not None:
            tries = (*memory.tries, *_again(scene))
            return _Told(memory.cause, memory.verdict, tries, memory.shared, memory.object, (memory.step,))
        return _Told("deadline-exceeded", _deadline(scene, ref.name), (_longer(scene), *_again(scene)))
    told = one_line(said) if said.strip(" .") else reason
    return _Told("revision-failed", told or "it does not say why", (describe(ref),))


def _unfetched(scene: Scene, ref: Ref, image: str, said: str, reason: str) -> _Told:
    """Tell why there is no image; ``said`` is what Knative's controller was answered, empty where a kubelet asked."""
    if any(pod.ready for pod in scene.current if pod.version == ref.name):
        why = f"it says that it could not fetch {image}, but {_GOT}"
        return _Told("stale-condition", why, _again(scene))
    account = refusals.account(said, ref.namespace)
    if account is not None:
        return _Told(account.cause, account.verdict, refusals.tries(account, scene.ref), account.shared, account.object)
    failure = images.explain(image, said, reason, "Knative's controller" if said else "")
    skip = Try(
        "keep Knative from asking this registry: registries-skipping-tag-resolving",
        kubectl("edit", "configmap", "config-deployment", namespace="knative-serving"),
    )
    tries = images.tries(failure.cause, image, scene.ref, "default")
    return _Told(failure.cause, failure.verdict, (*tries, *([skip] if said else [])), failure.shared)


def _image(obj: Object) -> str:
    boxes = nodes(obj, "spec", "containers")
    return next(
        (text(box, "image") for box in boxes if text(box, "name") == "kserve-container"),
        text(boxes[0], "image") if boxes else "?",
    )


def _deadline(scene: Scene, revision: str) -> str:
    late = "its pods were not ready within the deadline"
    if scene.current:
        doing = _held_up(scene, revision.rpartition("-")[0])
        return f"{late}: {doing[0].text}" if doing else late
    return late + (", and may not be read" if scene.blind_to("Pod") else " and are gone, with what they could tell")


def _held_up(scene: Scene, workload: str) -> list[Evidence]:
    """Say what its pods do, or that nobody has begun with them."""
    waits = untouched.idle(scene, workload)
    return calm.doing(scene, workload) or ([waits] if waits is not None else [])


def _longer(scene: Scene) -> Try:
    words = ("annotate", scene.ref.kind.lower(), scene.ref.name, "serving.knative.dev/progress-deadline=30m")
    command = kubectl(*words, "--overwrite", namespace=scene.ref.namespace)
    return Try("give its pods more time than the usual ten minutes (makes a new revision)", command)


def _again(scene: Scene) -> tuple[Try, ...]:
    stamp = '{"spec":{"predictor":{"annotations":{"kmon/again":"1"}}}}'
    return (
        Try(
            "roll it out again and watch its pods (any change of the spec makes a new revision)",
            kubectl(
                "patch",
                scene.ref.kind.lower(),
                scene.ref.name,
                "--type=merge",
                "-p",
                stamp,
                namespace=scene.ref.namespace,
            ),
        ),
    )


def _deadlines(scene: Scene) -> Iterator[Finding]:
    for deployment in scene.deployments:
        progress = conditions_of(deployment).get("Progressing")
        if progress is None or progress.status != "False" or progress.reason != "ProgressDeadlineExceeded":
            continue
        if number(deployment, "spec", "replicas") == 0:
            continue
        ref = ref_of(deployment)
        step = Evidence(f"Deployment {ref.name}: {chain.said(progress)}", ref, progress.since, 1)
        doing = _held_up(scene, text(labels(deployment), "serving.knative.dev/configuration") or ref.name)
        now = f": {doing[0].text}" if doing else ""
        yield Finding(
            "deadline-exceeded",
            f"the pods of {ref.name} were not ready within the deadline{now}",
            ref,
            progress.since,
            (step, *doing),
            (describe(ref),),
            "",
            component_of(scene.root, labels(deployment)),
        )

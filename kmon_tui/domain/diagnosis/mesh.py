"""What ModelMesh says of a model: it has no pods of its own, only states and the last failure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import model, storage
from kmon_tui.domain.diagnosis.finding import Finding, kubectl
from kmon_tui.domain.diagnosis.reading import node, number, one_line, text, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Evidence, Try

_FETCHING = ("pull", "storage", "download", "fetch", "bucket")


def findings(scene: Scene) -> Iterator[Finding]:
    """Find a model that ModelMesh could not load."""
    status = node(scene.root, "status", "modelStatus")
    if scene.mode is not Mode.MODELMESH or text(status, "transitionStatus") != "BlockedByFailedLoad":
        return
    info = node(status, "lastFailureInfo")
    reason, said = text(info, "reason"), text(info, "message")
    ready = scene.conditions.get("PredictorReady")
    since = when(info, "time") or (ready.since if ready is not None else None)
    cause, verdict, help_ = _explain(scene, reason, said)
    shared = f"ModelMesh of {scene.ref.namespace}" if cause == "runtime-unhealthy" else ""
    yield Finding(
        cause, verdict, scene.ref, since, (_step(scene, status, since),), (help_,), shared, component="predictor"
    )


def _step(scene: Scene, status: Object, since: datetime | None) -> Evidence:
    copies, info = number(status, "copies", "failedCopies"), node(status, "lastFailureInfo")
    told = ", ".join(word for word in (text(info, "reason"), one_line(text(info, "message"))) if word)
    place = text(info, "location")
    where = f", last in {place}" if place else ""
    return Evidence(f"{'?' if copies is None else copies} failed copies{where}: {told}", scene.ref, since, 1)


def _explain(scene: Scene, reason: str, said: str) -> tuple[str, str, Try]:
    """Give cause, verdict and what helps."""
    namespace = scene.ref.namespace
    pods = Try("see the model servers", kubectl("get", "pods", "-l", "modelmesh-service", namespace=namespace))
    if reason == "RuntimeUnhealthy":
        verdict = f"the model servers that are to load it are not healthy: {one_line(said) or reason}"
        return "runtime-unhealthy", verdict, pods
    cause = storage.classify(said)
    if cause != "storage-failed" and any(word in said.lower() for word in _FETCHING):
        verdict = storage.verdict(cause, model.uri(scene), said, "ModelMesh's puller")
        secret = kubectl("describe", "secret", "storage-config", namespace=namespace)
        return cause, verdict, Try("see which storages have credentials", secret)
    verdict = f"the model server cannot load it: {one_line(said) or reason or 'it does not say why'}"
    return "model-load-failed", verdict, pods

"""What ModelMesh says of a model: it has no pods of its own, only states and the last failure."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.diagnosis import model, storage
from kmon_tui.domain.diagnosis.finding import Finding, kubectl
from kmon_tui.domain.diagnosis.reading import node, number, one_line, text, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Mode
from kmon_tui.domain.verdict import Evidence, Try


def findings(scene: Scene) -> Iterator[Finding]:
    """Find a model that ModelMesh could not load."""
    status = node(scene.root, "status", "modelStatus")
    if scene.mode is not Mode.MODELMESH or text(status, "transitionStatus") != "BlockedByFailedLoad":
        return
    info = node(status, "lastFailureInfo")
    reason, said, place = text(info, "reason"), text(info, "message"), text(info, "location")
    since = when(info, "time") or (
        scene.conditions["PredictorReady"].since if "PredictorReady" in scene.conditions else None
    )
    copies = number(status, "copies", "failedCopies")
    step = Evidence(
        f"{copies if copies is not None else '?'} failed copies{f', last in {place}' if place else ''}: "
        f"{', '.join(word for word in (reason, one_line(said)) if word)}",
        scene.ref,
        since,
        1,
    )
    pods = Try(
        "see the model servers", kubectl("get", "pods", "-l", "modelmesh-service", namespace=scene.ref.namespace)
    )
    if reason == "RuntimeUnhealthy":
        yield Finding(
            "runtime-unhealthy",
            f"the model servers that are to load it are not healthy: {one_line(said) or reason}",
            scene.ref,
            since,
            (step,),
            (pods,),
            f"ModelMesh of {scene.ref.namespace}",
            "predictor",
        )
        return
    address = model.uri(scene)
    cause = storage.classify(said)
    if cause != "storage-failed" and any(
        word in said.lower() for word in ("pull", "storage", "download", "fetch", "bucket")
    ):
        yield Finding(
            cause,
            storage.verdict(cause, address, said, "ModelMesh's puller"),
            scene.ref,
            since,
            (step,),
            (
                Try(
                    "see the storage credentials",
                    kubectl("get", "secret", "storage-config", "-o", "yaml", namespace=scene.ref.namespace),
                ),
            ),
            "",
            "predictor",
        )
        return
    yield Finding(
        "model-load-failed",
        f"the model server cannot load it: {one_line(said) or reason or 'it does not say why'}",
        scene.ref,
        since,
        (step,),
        (pods,),
        "",
        "predictor",
    )

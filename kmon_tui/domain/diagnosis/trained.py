"""Models of a multi-model server (TrainedModel): a service that is ready may still lack some of its models."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.diagnosis import again
from kmon_tui.domain.diagnosis.chain import said
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import conditions_of, node, one_line, ref_of, text
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Evidence, Try

_SLOWEST_S = 1200
"""KServe's controller looks again at a TrainedModel after a thousand seconds at the latest: it does not follow the
service that the model belongs to."""


def findings(scene: Scene) -> Iterator[Finding]:
    """Find a TrainedModel that is not taken up by the service, although that is ready."""
    models = [one for one in scene.of_kind("TrainedModel") if text(one, "spec", "inferenceService") == scene.ref.name]
    if not scene.ready:
        return
    for model in sorted(models, key=lambda one: ref_of(one).name):
        found = _finding(scene, model)
        if found is not None:
            yield found
            return


def _finding(scene: Scene, model: Object) -> Finding | None:
    ref, conditions = ref_of(model), conditions_of(model)
    if node(model, "metadata").get("deletionTimestamp") is not None:
        return None
    kind, memory, parent = (conditions.get(type_) for type_ in ("IsMMSPredictor", "MemoryResourceAvailable", _PARENT))
    asked = text(model, "spec", "model", "memory")
    if kind is not None and kind.status == "False":
        verdict = f"the TrainedModel {ref.name} is not served: {scene.ref.name} is no server of several models"
        help_ = Try(
            "leave storageUri and storage out of its predictor, or give the model a service of its own",
            kubectl("edit", scene.ref.kind.lower(), scene.ref.name, namespace=scene.ref.namespace),
        )
        condition = kind
    elif memory is not None and memory.status == "False":
        limit = text(node(scene.root, "spec", "predictor", "model", "resources", "limits"), "memory")
        room = f", which may have {limit} for all its models" if limit else ""
        need = f" (memory {asked})" if asked else ""
        verdict = f"the TrainedModel {ref.name}{need} does not fit into {scene.ref.name}{room}"
        help_ = Try(
            "raise the predictor's memory limit, or ask for less in spec.model.memory",
            kubectl("edit", "trainedmodel", ref.name, namespace=ref.namespace),
        )
        condition = memory
    elif parent is not None and parent.status == "False" and scene.lasts(scene.conditions["Ready"], _SLOWEST_S):
        return _stale(scene, model)
    else:
        return None
    step = Evidence(f"TrainedModel {ref.name}: {said(condition)}", ref, condition.since, 1)
    return Finding("trained-model", verdict, ref, condition.since, (step,), (help_, describe(ref)))


def _stale(scene: Scene, model: Object) -> Finding:
    ref, condition = ref_of(model), conditions_of(model)[_PARENT]
    look = again.labelled(model, "trainedmodel")
    why = one_line(condition.message) or condition.reason
    return Finding(
        "stale-condition",
        f"{scene.ref.name} is ready, and its TrainedModel {ref.name} still says that it is not: {why}",
        ref,
        condition.since,
        (Evidence(f"TrainedModel {ref.name}: {said(condition)}", ref, condition.since, 1),),
        (Try("make KServe look at it again (a label is enough)", look),),
    )


_PARENT = "InferenceServiceReady"

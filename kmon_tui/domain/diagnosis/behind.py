"""What was changed and not looked at since: ``generation`` runs ahead of ``observedGeneration``, and all else is old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis.finding import Finding, age, kubectl
from kmon_tui.domain.diagnosis.reading import latest, nodes, number, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Evidence, Try

_PATIENCE_S = 120
"""A controller that is busy, or whose lease is handed over, takes a while; this long it takes none of them."""
_KUBERNETES = "kube-controller-manager"
_KNATIVE = "Knative's controller"
_CONTROLLERS = {
    "Service": _KNATIVE,
    "Configuration": _KNATIVE,
    "Revision": _KNATIVE,
    "Route": _KNATIVE,
    "PodAutoscaler": "Knative's autoscaler",
    "Deployment": _KUBERNETES,
}
"""Who writes observedGeneration, from the top down. KServe's own kinds are not among them: an InferenceService copies
the number of what it has made, and an LLMInferenceService has none."""
_KUBERNETES_PODS = Try(
    "see whether it runs", kubectl("get", "pods", "-l", f"component={_KUBERNETES}", namespace="kube-system")
)
_KNATIVES_PODS = Try("see whether it runs", kubectl("get", "pods", "-A", "-l", "app.kubernetes.io/name=knative-serving"))


def findings(scene: Scene) -> Iterator[Finding]:
    """Find the first object, from the service down, of which its controller has not seen the newest version."""
    for kind, controller in _CONTROLLERS.items():
        for obj in scene.deployments if kind == "Deployment" else scene.of_kind(kind):
            since = _changed(obj)
            if lags(obj) and scene.older_than(since, _PATIENCE_S):
                yield _finding(scene, obj, controller, since)
                return


def lags(obj: Object) -> bool:
    """Tell whether an object says that its controller has seen an older version of it only."""
    written, seen = number(obj, "metadata", "generation"), number(obj, "status", "observedGeneration")
    return written is not None and seen is not None and seen < written and not when(obj, "metadata", "deletionTimestamp")


def _changed(obj: Object) -> datetime | None:
    """Tell when anything but the status was written last; None where nobody says."""
    written = [one for one in nodes(obj, "metadata", "managedFields") if text(one, "subresource") != "status"]
    return latest(*[when(one, "time") for one in written])


def _finding(scene: Scene, obj: Object, controller: str, since: datetime | None) -> Finding:
    ref = ref_of(obj)
    written, seen = number(obj, "metadata", "generation"), number(obj, "status", "observedGeneration")
    step = Evidence(f"{ref.kind} {ref.name}: generation {written}, observedGeneration {seen}", ref, since, 1)
    knative = "Knative " if ref.kind == "Service" else ""
    return Finding(
        "controller-silent",
        f"the {knative}{ref.kind} {ref.name} was changed {age(since, scene.now)} ago, and {controller} has not looked at "
        "it since: what runs is the version before",
        ref,
        since,
        (step,),
        (_KUBERNETES_PODS if controller == _KUBERNETES else _KNATIVES_PODS,),
        controller,
    )

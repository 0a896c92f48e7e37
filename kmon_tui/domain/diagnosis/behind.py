"""What was changed and not looked at since: all else, and what runs, is of the version before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis.finding import Finding, age, kubectl
from kmon_tui.domain.diagnosis.kinship import made_by
from kmon_tui.domain.diagnosis.reading import latest, nodes, number, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.observed import CONTROLLERS, KUBERNETES, lags, unseen
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Evidence, Try

_PATIENCE_S = 120
"""A controller that is busy, or whose lease is handed over, takes a while; this long it takes none of them."""
_KUBERNETES_PODS = Try(
    "see whether it runs", kubectl("get", "pods", "-l", f"component={KUBERNETES}", namespace="kube-system")
)
_KNATIVES_PODS = Try(
    "see whether it runs", kubectl("get", "pods", "-A", "-l", "app.kubernetes.io/name=knative-serving")
)


def findings(scene: Scene) -> Iterator[Finding]:
    """Find the first object, from the service down, of which its controller has not seen the newest version."""
    for kind in CONTROLLERS:
        for obj in scene.deployments if kind == "Deployment" else scene.of_kind(kind):
            since = _changed(obj)
            if lags(obj) and scene.older_than(since, _PATIENCE_S) and not (unseen(obj) and _has_made(scene, obj)):
                yield _finding(scene, obj, CONTROLLERS[kind], since)
                return


def _changed(obj: Object) -> datetime | None:
    """Tell when anything but the status was written last; None where nobody says."""
    if unseen(obj):
        return when(obj, "metadata", "creationTimestamp")
    written = [one for one in nodes(obj, "metadata", "managedFields") if text(one, "subresource") != "status"]
    return latest(*[when(one, "time") for one in written])


def _has_made(scene: Scene, obj: Object) -> bool:
    """Tell whether something is there that its controller made for it."""
    uid = text(obj, "metadata", "uid")
    return bool(uid) and any(made_by(one, (uid,)) for one in scene.tree.objects)


def _finding(scene: Scene, obj: Object, controller: str, since: datetime | None) -> Finding:
    ref = ref_of(obj)
    written, seen = number(obj, "metadata", "generation"), number(obj, "status", "observedGeneration")
    counted = "no status" if seen is None else f"generation {written}, observedGeneration {seen}"
    step = Evidence(f"{ref.kind} {ref.name}: {counted}", ref, since, 1)
    what, runs = ("made", "nothing of it runs") if seen is None else ("changed", "what runs is the version before")
    knative = "Knative " if ref.kind == "Service" else ""
    return Finding(
        "controller-silent",
        f"the {knative}{ref.kind} {ref.name} was {what} {age(since, scene.now)} ago, and {controller} has not "
        f"looked at it since: {runs}",
        ref,
        since,
        (step,),
        (_KUBERNETES_PODS if controller == KUBERNETES else _KNATIVES_PODS,),
        controller,
    )

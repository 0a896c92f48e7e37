"""Children that nobody has looked at: their kind is installed, and the controller that acts on it does not run."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.diagnosis.finding import Finding, age, kubectl
from kmon_tui.domain.diagnosis.reading import node, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Evidence, Try

_PATIENCE_S = 180
_OWNERS = {
    "serving.knative.dev": "Knative's controller",
    "leaderworkerset.x-k8s.io": "LeaderWorkerSet's controller",
    "keda.sh": "KEDA's operator",
    "apps": "Kubernetes' controller-manager",
    "serving.kserve.io": "KServe's controller",
}
"""Who writes a status into the kinds of an API group within seconds."""


def findings(scene: Scene) -> Iterator[Finding]:
    """Find the first child without any status although it is there for minutes."""
    for kind in ("Service", "LeaderWorkerSet", "Deployment", "ScaledObject", "TrainedModel"):
        for obj in scene.of_kind(kind):
            group = text(obj, "apiVersion").partition("/")[0]
            made = when(obj, "metadata", "creationTimestamp")
            if group in _OWNERS and not node(obj, "status") and scene.older_than(made, _PATIENCE_S):
                yield _finding(scene, obj, _OWNERS[group])
                return


def _finding(scene: Scene, obj: Object, owner: str) -> Finding:
    ref, made = ref_of(obj), when(obj, "metadata", "creationTimestamp")
    ago = age(made, scene.now)
    full = f"{ref.kind.lower()}s.{text(obj, 'apiVersion').partition('/')[0]}"
    return Finding(
        "controller-silent",
        f"nobody has looked at the {ref.kind} {ref.name} for {ago}: does {owner} run?",
        ref,
        made,
        (Evidence(f"{ref.kind} {ref.name} has no status", ref, made, 1),),
        (
            Try(f"see whether {owner} runs", kubectl("get", "pods", "-A")),
            Try("see that it has no status", kubectl("get", full, ref.name, "-o", "yaml", namespace=ref.namespace)),
        ),
        owner,
    )

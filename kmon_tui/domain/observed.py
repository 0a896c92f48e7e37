"""Whether a controller has seen the newest version of an object: ``generation`` and ``observedGeneration``."""

from __future__ import annotations

from kmon_tui.domain.peek import number, text
from kmon_tui.domain.tree import Object

KUBERNETES = "kube-controller-manager"
KNATIVE = "Knative's controller"
CONTROLLERS = {
    "Service": KNATIVE,
    "Configuration": KNATIVE,
    "Revision": KNATIVE,
    "Route": KNATIVE,
    "PodAutoscaler": "Knative's autoscaler",
    "Deployment": KUBERNETES,
}
"""Who writes observedGeneration, from the top down. KServe's own kinds are not among them: an InferenceService copies
the number of what it has made, and an LLMInferenceService has none."""


def lags(obj: Object) -> bool:
    """Tell whether an object says that its controller has seen an older version of it only."""
    written, seen = number(obj, "metadata", "generation"), number(obj, "status", "observedGeneration")
    if written is None or seen is None or seen >= written:
        return False
    return text(obj, "kind") in CONTROLLERS and not text(obj, "metadata", "deletionTimestamp")

"""Whether a controller has seen the newest version of an object: ``generation`` and ``observedGeneration``."""

from __future__ import annotations

from kmon_tui.domain.peek import number, table, text
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
    """Tell whether an object says that its controller has seen an older version of it only, or none."""
    if text(obj, "kind") not in CONTROLLERS or text(obj, "metadata", "deletionTimestamp"):
        return False
    written, seen = number(obj, "metadata", "generation"), number(obj, "status", "observedGeneration")
    if seen is None:
        return unseen(obj)
    return written is not None and seen < written


def unseen(obj: Object) -> bool:
    """Tell whether its controller has never written a status; Kubernetes' own Services have none to write."""
    own = text(obj, "kind") == "Deployment" or text(obj, "apiVersion").partition("/")[0].endswith("knative.dev")
    return own and not table(obj, "status")

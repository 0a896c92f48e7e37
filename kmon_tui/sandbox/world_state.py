"""What one service of the world is like at a moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

GROUP = "serving.kserve.io"
PLURALS = {
    "InferenceService": "inferenceservices",
    "LLMInferenceService": "llminferenceservices",
    "InferenceGraph": "inferencegraphs",
}
_MADE_OF = str.maketrans("0123456789abcdef", "bcdfghjkl2456789")
"""Kubernetes makes names without vowels and what looks like them."""
_SUFFIX = {"llm": "-kserve", "graph": ""}


@dataclass(slots=True)
class PodState:
    """One pod."""

    name: str
    component: str
    revision: int
    ip: str
    created_s: float
    stage: str = "pending"
    """A stage of templates/pod-status.yaml, or ``fault``."""
    changed_s: float = 0.0
    node: str = "worker-a"
    restarts: int = 0
    fault: str = ""
    """What ails it; it stays so when the service is mended, until the pod is replaced."""


@dataclass(slots=True)
class ServiceState:
    """One InferenceService, LLMInferenceService or InferenceGraph, and its pods."""

    kind: str
    namespace: str
    name: str
    uid: str
    mode: str
    """knative, standard, llm, graph: a folder of templates."""
    spec: dict[str, Any]
    created_s: float
    changed_s: float
    stage: str = "new"
    """A stage of the mode's status.yaml."""
    fault: str = ""
    """A folder of faults, empty: all is well."""
    revision: int = 1
    ready_revision: int = 0
    canary_percent: int = 0
    """Share of the newest revision while an older one is kept beside it; 0: no canary."""
    runtime: str = ""
    image: str = ""
    format: str = ""
    replicas: dict[str, int] = field(default_factory=dict)
    pods: dict[str, PodState] = field(default_factory=dict)

    @property
    def components(self) -> tuple[str, ...]:
        """Components that have pods of their own."""
        if self.kind == "LLMInferenceService":
            return ("workload",)
        if self.kind == "InferenceGraph":
            return ("router",)
        return tuple(name for name in ("predictor", "transformer", "explainer") if name in self.spec)

    @property
    def entry(self) -> str:
        """The component that callers meet first."""
        return "transformer" if "transformer" in self.components else self.components[0]

    @property
    def model(self) -> str:
        """The name under which callers ask for the model."""
        served = self.spec.get("model", {}).get("name") if self.kind == "LLMInferenceService" else None
        return str(served or self.name)

    def workload(self, component: str) -> str:
        """Name of a component's ksvc or Deployment."""
        return f"{self.name}{_SUFFIX.get(self.mode, f'-{component}')}"

    def revision_name(self, component: str, revision: int) -> str:
        """Name of a Knative revision."""
        return f"{self.workload(component)}-{revision:05d}"

    def hash_of(self, component: str, revision: int) -> str:
        """The pod-template-hash of a revision."""
        digest = hashlib.sha256(f"{self.uid}/{component}/{revision}".encode()).hexdigest()
        return digest[:10].translate(_MADE_OF)

    def pod_prefix(self, component: str, revision: int) -> str:
        """What the names of a revision's pods begin with."""
        end = self.hash_of(component, revision)
        if self.mode == "knative":
            return f"{self.revision_name(component, revision)}-deployment-{end}"
        return f"{self.workload(component)}-{end}"

    def ready_pods(self, component: str | None = None, revision: int | None = None) -> list[PodState]:
        """Give the pods that serve."""
        return [
            pod
            for pod in self.pods.values()
            if pod.stage == "ready" and component in (None, pod.component) and revision in (None, pod.revision)
        ]

    def share_of(self, pod: PodState) -> float:
        """Which share of the service's requests a pod gets now."""
        if pod.stage != "ready":
            return 0.0
        if self.mode != "knative":
            return 1 / len(self.ready_pods(pod.component))
        percents = {self.ready_revision: 100}
        if self.canary_percent and self.ready_pods(pod.component, self.revision):
            percents = {self.ready_revision: 100 - self.canary_percent, self.revision: self.canary_percent}
        return percents.get(pod.revision, 0) / 100 / len(self.ready_pods(pod.component, pod.revision))


def storage_uri(spec: dict[str, Any]) -> str:
    """Give where the model lies, wherever the spec says so."""
    predictor = spec.get("predictor", {})
    for part in (predictor.get("model"), *predictor.values(), spec.get("model")):
        if isinstance(part, dict):
            found = part.get("storageUri") or part.get("uri")
            if found:
                return str(found)
    return ""

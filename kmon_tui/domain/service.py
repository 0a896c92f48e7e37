"""What kmon-tui knows of one model: InferenceService, LLMInferenceService or InferenceGraph.

NamedTuples and not frozen dataclasses: ten thousand rows of them are made at
the start and compared ten times a second, which C does up to ten times faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kinds of the group serving.kserve.io that are rows of the fleet."""

    ISVC = "InferenceService"
    LLM = "LLMInferenceService"
    GRAPH = "InferenceGraph"


OLD_STYLE = (
    "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "pmml", "lightgbm", "paddle", "huggingface",
)  # fmt: skip
"""Fields of a component that name the model's format as KServe did before ``model``; all versions still take them."""


class Readiness(StrEnum):
    """The one vocabulary for screen, filter and JSON."""

    READY = "ready"
    ROLLING = "rolling"
    FAILED = "failed"
    COLD = "cold"
    """Scaled to zero and fine: the next request wakes it."""
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    """How KServe runs it; the names since KServe 0.16 (before: Serverless, RawDeployment)."""

    KNATIVE = "Knative"
    STANDARD = "Standard"
    MODELMESH = "ModelMesh"
    UNKNOWN = ""


class Key(NamedTuple):
    """What makes a row the same row: its kind, namespace and name. The uid only tells that it was made anew."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Condition(NamedTuple):
    """One entry of ``status.conditions``."""

    type: str
    status: str
    """``True``, ``False`` or ``Unknown``, as Kubernetes spells them."""
    reason: str = ""
    message: str = ""
    severity: str = ""
    """``Info`` for conditions that never decide Ready by themselves."""
    since: datetime | None = None


class TrafficShare(NamedTuple):
    """One entry of the entry component's ``traffic`` list (Knative), or one canary weight (Standard)."""

    revision: str
    percent: int | None
    tag: str = ""
    latest: bool = False


class Replicas(NamedTuple):
    """Pods of all components that serve, counted from a watch of pods. None: not known (pods may not be listed)."""

    ready: int | None = None
    desired: int | None = None


class Pod(NamedTuple):
    """What the fleet needs of one pod of a model."""

    namespace: str
    name: str
    uid: str
    isvc: str
    """Value of the label that names its model."""
    kind: Kind = Kind.ISVC
    component: str = "predictor"
    """predictor, transformer, explainer; ``workload`` for LLMInferenceService."""
    revision: str = ""
    """Knative revision, or the Deployment's pod-template-hash."""
    phase: str = ""
    ready: bool = False
    terminating: bool = False
    trouble: str = ""
    """Reason that a container or the scheduler gives: CrashLoopBackOff, ImagePullBackOff, OOMKilled, Unschedulable…"""
    message: str = ""
    """The text that comes with the trouble."""
    ip: str = ""
    created: datetime | None = None


class InferenceService(NamedTuple):
    """One row of the fleet. Text is as the cluster wrote it: never markup, maybe hostile, cleaned when drawn."""

    key: Key
    uid: str = ""
    generation: int = 0
    readiness: Readiness = Readiness.UNKNOWN
    ready: bool | None = None
    """Status of the Ready condition; None when it is Unknown or missing."""
    reason: str = ""
    """The reason that helps (PredictorReady's, a pod's, lastFailureInfo's), not Ready.reason."""
    message: str = ""
    since: datetime | None = None
    """When the condition behind the readiness last changed."""
    mode: Mode = Mode.UNKNOWN
    runtime: str = ""
    format: str = ""
    """Model format with its version, as ``sklearn`` or ``sklearn 1``."""
    protocol: str = ""
    """v1, v2, grpc-v2…, as the spec says; empty when it does not."""
    url: str = ""
    address: str = ""
    """Cluster-internal address."""
    replicas: Replicas = Replicas()
    traffic: tuple[TrafficShare, ...] = ()
    created: datetime | None = None
    changed: datetime | None = None
    """When the last rollout began (newest pod, newest revision or condition), for the CHG column."""
    conditions: Sequence[Condition] = ()
    components: tuple[str, ...] = ("predictor",)
    """Components of the spec: predictor, transformer, explainer."""
    pods: tuple[Pod, ...] = ()
    """Its pods, newest first; empty too when pods may not be listed (then ``replicas.ready`` is None)."""
    complaint: str = ""
    """What may be wrong although no condition and no pod of it says so: an autoscaler that fails, a field that has no
    effect. A reason to look into it, not yet a reason that is told."""

    @property
    def entry(self) -> str:
        """The component that callers meet first: the transformer if there is one."""
        return "transformer" if "transformer" in self.components else self.components[0] if self.components else ""

    @property
    def not_serving(self) -> bool:
        """Wanted above zero with none ready: never green, whatever the condition says."""
        return bool(self.replicas.desired) and self.replicas.ready == 0

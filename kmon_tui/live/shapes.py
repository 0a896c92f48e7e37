"""The parts of Kubernetes objects that we read, as msgspec shapes: everything else is skipped unread.

``gc=False`` keeps the garbage collector away: what comes from JSON is a tree, and there is a lot of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Annotations(msgspec.Struct, frozen=True, gc=False):
    """Of an InferenceService or InferenceGraph."""

    mode: str = msgspec.field(name="serving.kserve.io/deploymentMode", default="")
    scaler: str = msgspec.field(name="serving.kserve.io/autoscalerClass", default="")


class Meta(msgspec.Struct, frozen=True, gc=False):
    """``metadata``."""

    annotations: Annotations | None = None
    created: datetime | None = msgspec.field(name="creationTimestamp", default=None)
    deleted: datetime | None = msgspec.field(name="deletionTimestamp", default=None)
    generation: int = 0
    name: str = ""
    namespace: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")
    uid: str = ""


class Cond(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``status.conditions``."""

    type: str = ""
    status: Literal["True", "False", "Unknown", ""] = ""
    """There are tens of thousands: of these words each is kept once. Another one is read too, leniently."""
    reason: str = ""
    message: str = ""
    severity: str = ""
    since: datetime | None = msgspec.field(name="lastTransitionTime", default=None)


class Address(msgspec.Struct, frozen=True, gc=False):
    """``status.address``."""

    url: str = ""


class Share(msgspec.Struct, frozen=True, gc=False):
    """One entry of a component's ``traffic``."""

    revision: str = msgspec.field(name="revisionName", default="")
    percent: int | None = None
    tag: str = ""
    latest: bool = msgspec.field(name="latestRevision", default=False)


class ComponentStatus(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``status.components``."""

    created_revision: str = msgspec.field(name="latestCreatedRevision", default="")
    rest_url: str = msgspec.field(name="restUrl", default="")
    grpc_url: str = msgspec.field(name="grpcUrl", default="")
    traffic: tuple[Share, ...] | None = None


class Components(msgspec.Struct, frozen=True, gc=False):
    """``status.components`` of an InferenceService: these are all there are."""

    predictor: ComponentStatus | None = None
    transformer: ComponentStatus | None = None
    explainer: ComponentStatus | None = None


class FailureInfo(msgspec.Struct, frozen=True, gc=False):
    """``status.modelStatus.lastFailureInfo``."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = msgspec.field(name="exitCode", default=None)


class ModelStatus(msgspec.Struct, frozen=True, gc=False):
    """``status.modelStatus``."""

    transition: str = msgspec.field(name="transitionStatus", default="")
    failure: FailureInfo | None = msgspec.field(name="lastFailureInfo", default=None)


class CanaryStatus(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``status.canaryStatuses`` (KServe 0.20, Standard mode)."""

    name: str = ""
    percent: int | None = msgspec.field(name="trafficPercent", default=None)


class Status(msgspec.Struct, frozen=True, gc=False):
    """``status`` of all three kinds."""

    url: str = ""
    address: Address | None = None
    addresses: list[Address] | None = None
    conditions: msgspec.Raw = msgspec.Raw(b"")
    """As they were written: see ``moulds``."""
    components: Components | None = None
    model: ModelStatus | None = msgspec.field(name="modelStatus", default=None)
    mode: str = msgspec.field(name="deploymentMode", default="")
    runtime: str = msgspec.field(name="servingRuntimeName", default="")
    cluster_runtime: str = msgspec.field(name="clusterServingRuntimeName", default="")
    canaries: list[CanaryStatus] | None = msgspec.field(name="canaryStatuses", default=None)


class Format(msgspec.Struct, frozen=True, gc=False):
    """``modelFormat``."""

    name: str = ""
    version: str = ""


class PortName(msgspec.Struct, frozen=True, gc=False):
    """One of ``ports`` of a container, as far as its name tells what is spoken there."""

    name: str = ""


class Model(msgspec.Struct, frozen=True, gc=False):
    """``predictor.model``, or an old-style ``predictor.sklearn`` and its like."""

    format: Format | None = msgspec.field(name="modelFormat", default=None)
    runtime: str = ""
    protocol: str = msgspec.field(name="protocolVersion", default="")
    ports: list[PortName] | None = None


class Own(msgspec.Struct, frozen=True, gc=False):
    """A container that somebody wrote by hand, in ``predictor.containers``."""

    ports: list[PortName] | None = None


class Component(msgspec.Struct, frozen=True, gc=False):
    """``spec.transformer`` or ``spec.explainer``."""

    least: int | None = msgspec.field(name="minReplicas", default=None)


class Predictor(msgspec.Struct, frozen=True, gc=False):
    """``spec.predictor``."""

    least: int | None = msgspec.field(name="minReplicas", default=None)
    canary: int | None = msgspec.field(name="canaryTrafficPercent", default=None)
    model: Model | None = None
    sklearn: Model | None = None
    xgboost: Model | None = None
    tensorflow: Model | None = None
    pytorch: Model | None = None
    triton: Model | None = None
    onnx: Model | None = None
    pmml: Model | None = None
    lightgbm: Model | None = None
    paddle: Model | None = None
    huggingface: Model | None = None
    containers: list[Own] | None = None


class Canary(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``spec.canary`` (KServe 0.20): here only that there is one."""


class Spec(msgspec.Struct, frozen=True, gc=False):
    """``spec`` of all three kinds."""

    predictor: Predictor | None = None
    transformer: Component | None = None
    explainer: Component | None = None
    least: int | None = msgspec.field(name="minReplicas", default=None)
    """InferenceGraph."""
    replicas: int | None = None
    """LLMInferenceService; so are the two that follow."""
    scaling: Scaling | None = None
    prefill: LlmPool | None = None
    canary: list[Canary] | None = None


class Idle(msgspec.Struct, frozen=True, gc=False):
    """``spec.scaling.wva.keda``."""

    least: int | None = msgspec.field(name="idleReplicaCount", default=None)


class Actuator(msgspec.Struct, frozen=True, gc=False):
    """``spec.scaling.wva``."""

    keda: Idle | None = None


class Scaling(msgspec.Struct, frozen=True, gc=False):
    """``spec.scaling`` of an LLMInferenceService, instead of ``replicas`` (KServe 0.17)."""

    least: int | None = msgspec.field(name="minReplicas", default=None)
    wva: Actuator | None = None


class LlmPool(msgspec.Struct, frozen=True, gc=False):
    """``spec.prefill`` of an LLMInferenceService."""

    replicas: int | None = None
    scaling: Scaling | None = None


class Served(msgspec.Struct, frozen=True, gc=False):
    """An InferenceService, LLMInferenceService or InferenceGraph."""

    metadata: Meta = Meta()
    spec: msgspec.Raw = msgspec.Raw(b"")
    """As it was written: see ``wishes``."""
    status: Status | None = None


class PodLabels(msgspec.Struct, frozen=True, gc=False):
    """The labels that say whose pod it is."""

    isvc: str = msgspec.field(name="serving.kserve.io/inferenceservice", default="")
    graph: str = msgspec.field(name="serving.kserve.io/inferencegraph", default="")
    part_of: str = msgspec.field(name="app.kubernetes.io/part-of", default="")
    name: str = msgspec.field(name="app.kubernetes.io/name", default="")
    app_component: str = msgspec.field(name="app.kubernetes.io/component", default="")
    llm_component: str = msgspec.field(name="kserve.io/component", default="")
    role: str = msgspec.field(name="llm-d.ai/role", default="")
    component: str = ""
    revision: str = msgspec.field(name="serving.knative.dev/revision", default="")
    template_hash: str = msgspec.field(name="pod-template-hash", default="")


class PodOwner(msgspec.Struct, frozen=True, gc=False):
    """One entry of a pod's ``ownerReferences``."""

    name: str = ""
    controller: bool | None = None


class PodMeta(msgspec.Struct, frozen=True, gc=False):
    """``metadata`` of a pod."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")
    created: datetime | None = msgspec.field(name="creationTimestamp", default=None)
    deleted: datetime | None = msgspec.field(name="deletionTimestamp", default=None)
    labels: PodLabels = PodLabels()
    owners: list[PodOwner] | None = msgspec.field(name="ownerReferences", default=None)


class Stop(msgspec.Struct, frozen=True, gc=False):
    """``waiting`` or ``terminated`` of a container's state."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = msgspec.field(name="exitCode", default=None)


class ContainerState(msgspec.Struct, frozen=True, gc=False):
    """``state`` or ``lastState`` of a container."""

    waiting: Stop | None = None
    terminated: Stop | None = None


class Container(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``containerStatuses`` or ``initContainerStatuses``."""

    name: str = ""
    ready: bool = False
    restarts: int = msgspec.field(name="restartCount", default=0)
    state: ContainerState = ContainerState()
    last: ContainerState = msgspec.field(name="lastState", default=ContainerState())


class PodStatus(msgspec.Struct, frozen=True, gc=False):
    """``status`` of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    ip: str = msgspec.field(name="podIP", default="")
    conditions: list[Cond] | None = None
    init: list[Container] | None = msgspec.field(name="initContainerStatuses", default=None)
    containers: list[Container] | None = msgspec.field(name="containerStatuses", default=None)


class PodObject(msgspec.Struct, frozen=True, gc=False):
    """A pod."""

    metadata: PodMeta = PodMeta()
    status: PodStatus = PodStatus()


class ScalerLabels(msgspec.Struct, frozen=True, gc=False):
    """The labels that say whose autoscaler it is: KServe writes the first one, KEDA copies it from its ScaledObject."""

    isvc: str = msgspec.field(name="serving.kserve.io/inferenceservice", default="")
    made_by: str = msgspec.field(name="app.kubernetes.io/managed-by", default="")


class ScalerMeta(msgspec.Struct, frozen=True, gc=False):
    """``metadata`` of an autoscaler."""

    name: str = ""
    namespace: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")
    labels: ScalerLabels = ScalerLabels()


class ScalerSpec(msgspec.Struct, frozen=True, gc=False):
    """``spec`` of an autoscaler."""

    least: int | None = msgspec.field(name="minReplicas", default=None)
    most: int | None = msgspec.field(name="maxReplicas", default=None)


class ScalerStatus(msgspec.Struct, frozen=True, gc=False):
    """``status`` of an autoscaler."""

    conditions: list[Cond] | None = None


class ScalerObject(msgspec.Struct, frozen=True, gc=False):
    """A HorizontalPodAutoscaler."""

    metadata: ScalerMeta = ScalerMeta()
    spec: ScalerSpec = ScalerSpec()
    status: ScalerStatus = ScalerStatus()

"""From a service to the pod and port that its callers meet first, by mode. Lists the pods when a way is opened."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.domain.service import InferenceService, Kind, Mode, Readiness
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.pod_route import PodPort

QUEUE_PORT, MODEL_PORT, AGENT_PORT, LLM_PORT, MESH_PORT = 8012, 8080, 9081, 8000, 8008
REVISION = "serving.knative.dev/revision"
_LABEL = {
    Kind.ISVC: "serving.kserve.io/inferenceservice={name}",
    Kind.GRAPH: "serving.kserve.io/inferencegraph={name}",
    Kind.LLM: "app.kubernetes.io/part-of=llminferenceservice,app.kubernetes.io/name={name}",
}


class _Port(msgspec.Struct, frozen=True):
    number: int = msgspec.field(name="containerPort", default=0)


class _Get(msgspec.Struct, frozen=True):
    scheme: str = ""


class _Probe(msgspec.Struct, frozen=True):
    get: _Get = msgspec.field(name="httpGet", default_factory=_Get)


class _Container(msgspec.Struct, frozen=True):
    name: str = ""
    ports: list[_Port] = msgspec.field(default_factory=list)
    probe: _Probe = msgspec.field(name="readinessProbe", default_factory=_Probe)


class _Meta(msgspec.Struct, frozen=True):
    name: str = ""
    deleted: str | None = msgspec.field(name="deletionTimestamp", default=None)
    labels: dict[str, str] = msgspec.field(default_factory=dict)


class _Spec(msgspec.Struct, frozen=True):
    containers: list[_Container] = msgspec.field(default_factory=list)


class _Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, frozen=True):
    phase: str = ""
    conditions: list[_Condition] = msgspec.field(default_factory=list)


class ServingPod(msgspec.Struct, frozen=True):
    """A pod of a service, as far as it matters for where it listens."""

    metadata: _Meta = msgspec.field(default_factory=_Meta)
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def ready(self) -> bool:
        """Whether requests may go to it."""
        ready = any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)
        return ready and self.status.phase == "Running" and self.metadata.deleted is None

    def container(self, name: str) -> _Container | None:
        """Give the container of this name."""
        return next((one for one in self.spec.containers if one.name == name), None)


_PODS = Codec(ServingPod)


class Door(msgspec.Struct, frozen=True):
    """Where a service listens now."""

    place: PodPort
    https: bool = False


async def find_door(client: KubeClient, isvc: InferenceService, before: PodPort | None = None) -> Door:
    """Give a ready pod and its port, that of ``before`` if it still is one. Raises BackendError that says why not."""
    namespace = isvc.key.namespace
    if isvc.mode is Mode.MODELMESH:
        raise Unreachable(
            f"{isvc.key.name} is served by ModelMesh, whose pods serve many models", "Use --via url or --via ingress."
        )
    selector = _LABEL[isvc.key.kind].format(name=isvc.key.name)
    path = f"/api/v1/namespaces/{quote(namespace)}/pods?labelSelector={quote(selector)}&limit=500"
    body = await client.get(path, Ask("list", "pods", namespace))
    try:
        pods = _PODS.page(body).items
    except NotReadable as error:
        raise Unreachable("the list of pods cannot be read") from error
    return choose(isvc, pods, before)


def choose(isvc: InferenceService, pods: Sequence[ServingPod], before: PodPort | None = None) -> Door:
    """Choose among the pods of a service. Raises Unreachable that says why none will do."""
    entries = [pod for pod in pods if _is_entry(pod, isvc)]
    ready = [pod for pod in entries if pod.ready]
    if not ready:
        raise _nobody(isvc, len(entries))
    shares = {share.revision: share.percent or 0 for share in isvc.traffic}
    ready.sort(key=lambda pod: (-shares.get(pod.metadata.labels.get(REVISION, ""), 0), pod.metadata.name))
    same = [pod for pod in ready if before is not None and pod.metadata.name == before.pod]
    pod = (same or ready)[0]
    port, container = _port(pod, isvc)
    https = container is not None and container.probe.get.scheme.upper() == "HTTPS"
    return Door(PodPort(isvc.key.namespace, pod.metadata.name, port), https)


def _is_entry(pod: ServingPod, isvc: InferenceService) -> bool:
    labels = pod.metadata.labels
    if isvc.key.kind is Kind.LLM:
        parts = (labels.get("app.kubernetes.io/component", ""), labels.get("kserve.io/component", ""))
        return labels.get("llm-d.ai/role") != "prefill" and not any("scheduler" in part for part in parts)
    return isvc.key.kind is Kind.GRAPH or labels.get("component", "predictor") == (isvc.entry or "predictor")


def _port(pod: ServingPod, isvc: InferenceService) -> tuple[int, _Container | None]:
    """Give the port where callers come in, and the container that listens there when it is the model's own."""
    if pod.container("queue-proxy") is not None:
        return QUEUE_PORT, None
    if pod.container("agent") is not None:
        return AGENT_PORT, None
    main = pod.container("main" if isvc.key.kind is Kind.LLM else "kserve-container")
    main = main or next(iter(pod.spec.containers), None)
    if isvc.key.kind is Kind.LLM:
        return LLM_PORT, main
    return next((port.number for port in (main.ports if main else []) if port.number), MODEL_PORT), main


def _nobody(isvc: InferenceService, known: int) -> BackendError:
    name = isvc.key.name
    if isvc.readiness is Readiness.COLD or (not known and isvc.replicas.desired == 0 and isvc.mode is Mode.KNATIVE):
        return Unreachable(
            f"{name} is scaled to zero: there is no pod to forward to",
            "--via url or --via ingress goes through its gateway, which wakes it.",
        )
    if isvc.readiness is Readiness.STOPPED:
        return Unreachable(f"{name} was stopped by somebody: it has no pod")
    why = f": {isvc.reason}" if isvc.reason else ""
    if known:
        sentence = f"none of the {known} pods of {name} is ready{why}"
        return Unreachable(sentence, "Is it starting? Its conditions say more.")
    return Unreachable(f"{name} has no pod{why}", "Its conditions say more.")

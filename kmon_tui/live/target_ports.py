"""Which pods a target means, in which order, and which of their ports. Pure.

The ports of a model by mode: 8012 behind Knative's queue-proxy (what bypasses it is not counted), 9081 behind
KServe's agent (logger, batcher), 8000 of an LLMInferenceService, else what the model's container declares, else 8080.
"""

from __future__ import annotations

from collections.abc import Iterable

from kmon_tui.domain.errors import BackendError, NotFound, Unreachable
from kmon_tui.domain.forward import Aim, Target
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.shapes import ComponentStatus, Served
from kmon_tui.live.target_shapes import Container, ServicePort, TargetPod, TargetService
from kmon_tui.live.wishes import spec_of

QUEUE_PORT, AGENT_PORT, MODEL_PORT, LLM_PORT = 8012, 9081, 8080, 8000
ISVC = "serving.kserve.io/inferenceservice"
GRAPH = "serving.kserve.io/inferencegraph"
REVISION = "serving.knative.dev/revision"
_HASH = "pod-template-hash"
_NAME = "app.kubernetes.io/name"
_WORKER_INDEX = "leaderworkerset.sigs.k8s.io/worker-index"


def selection_of(target: Target) -> tuple[str, str]:
    """Give what selects the pods of models of a kind, and the label that names the model."""
    match target.aim:
        case Aim.LLM:
            return "app.kubernetes.io/part-of=llminferenceservice", _NAME
        case Aim.GRAPH:
            return "", GRAPH
        case _:
            return "", ISVC


def selector_of_service(service: TargetService) -> str:
    """Give the label selector of a service. Raises BackendError that says what to use where it has none."""
    spec, name = service.spec, service.metadata.name
    if spec.type == "ExternalName":
        raise NotFound(f"service {name} is only a name for {spec.external}: it has no pods", _instead(service))
    if not spec.selector:
        raise NotFound(f"service {name} has no selector: its pods are not known", _instead(service))
    return ",".join(f"{key}={value}" for key, value in sorted(spec.selector.items()))


def service_port(service: TargetService, wanted: str) -> ServicePort:
    """Give the port that is meant, by number or name; the only one when none is named. Raises NotFound."""
    ports = [port for port in service.spec.ports or () if port.protocol == "TCP"]
    found = [port for port in ports if wanted in (str(port.port), port.name)] if wanted else ports
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{port.port} ({port.name})" if port.name else str(port.port) for port in ports) or "none"
    what = f"has no port {wanted}" if wanted else "has several ports"
    raise NotFound(
        f"service {service.metadata.name} {what}", f"It has {known}: forward to svc/{service.metadata.name}:PORT."
    )


def places_of_service(port: ServicePort, pods: Iterable[TargetPod]) -> tuple[PodPort, ...]:
    """Give the ready pods that have the port; targetPort counts also where the service is headless."""
    found = ((pod, _target_port(port, pod)) for pod in _ready(pods))
    return tuple(_place(pod, number) for pod, number in found if number)


def place_of_pod(target: Target, pod: TargetPod) -> PodPort:
    """Give the port of one pod; it need not be ready, only running. Raises BackendError."""
    if not pod.running:
        gone = "is being deleted" if pod.metadata.deleted else f"is {pod.status.phase or 'not there'}"
        raise Unreachable(f"pod {pod.metadata.name} {gone}", "isvc/NAME or svc/NAME:PORT would find another pod.")
    declared = [port for container in pod.containers for port in container.ports or () if port.protocol == "TCP"]
    if target.port.isdecimal():
        return _place(pod, int(target.port))
    found = [port for port in declared if port.name == target.port] if target.port else declared
    if len(found) != 1:
        known = ", ".join(f"{port.number} ({port.name})" if port.name else str(port.number) for port in declared)
        what = f"has no port named {target.port}" if target.port else "does not say which port is meant"
        raise NotFound(
            f"pod {pod.metadata.name} {what}", f"It declares {known or 'none'}: give pod/{pod.metadata.name}:PORT."
        )
    return _place(pod, found[0].number)


def places_of_model(target: Target, pods: Iterable[TargetPod], served: Served | None) -> tuple[PodPort, ...]:
    """Give the ready pods of a model that callers meet, those of the revision with the most traffic first."""
    all_pods = list(pods)
    component = target.component or _entry(target, all_pods, served)
    chosen = of_component(target, all_pods, component)
    if target.revision:
        chosen = [pod for pod in chosen if target.revision in (pod.labels.get(REVISION), pod.labels.get(_HASH))]
    found = ((pod, model_port(target, pod)) for pod in best_first(chosen, _favourite(served, component)))
    return tuple(_place(pod, number, serves_tls(target, pod)) for pod, number in found if number)


def of_component(target: Target, pods: Iterable[TargetPod], component: str) -> list[TargetPod]:
    """Give the pods of one component of a model that take requests, ready or not."""
    return [pod for pod in pods if not _is_worker(pod) and component_of(pod, target.aim) == component]


def best_first(pods: Iterable[TargetPod], favourite: str) -> list[TargetPod]:
    """Give the ready pods, those of the Knative revision with the most traffic first."""
    return sorted(_ready(pods), key=lambda pod: (pod.labels.get(REVISION) != favourite, pod.metadata.name))


def serves_tls(target: Target, pod: TargetPod) -> bool:
    """Whether the port of the model speaks TLS; a proxy in front of it never does, and of others nobody knows."""
    if target.port:
        return False
    names = {container.name for container in pod.containers}
    if names & {"queue-proxy", "agent"}:
        return False
    wanted = "main" if target.aim is Aim.LLM else "kserve-container"
    own = next((one for one in pod.containers if one.name == wanted), next(iter(pod.containers), None))
    return own is not None and own.https


def component_of(pod: TargetPod, aim: Aim) -> str:
    """Give the component of a model that a pod belongs to."""
    labels = pod.labels
    if aim is Aim.GRAPH:
        return "router"
    if aim is not Aim.LLM:
        return labels.get("component", "predictor")
    if "scheduler" in labels.get("app.kubernetes.io/component", "") + labels.get("kserve.io/component", ""):
        return "scheduler"
    return "prefill" if labels.get("llm-d.ai/role") == "prefill" else "workload"


def model_port(target: Target, pod: TargetPod) -> int:
    """Give the port that callers of the model use; 0 when the pod has none with the name that was asked for."""
    if target.port.isdecimal():
        return int(target.port)
    if target.port:
        return _named(pod, target.port)
    by_name = {container.name: container for container in pod.containers}
    if target.aim is Aim.LLM:
        return LLM_PORT if component_of(pod, target.aim) != "scheduler" else _first(pod.containers, MODEL_PORT)
    if "queue-proxy" in by_name:
        return QUEUE_PORT
    if "agent" in by_name:
        return AGENT_PORT
    own = [by_name[name] for name in ("transformer-container", "kserve-container") if name in by_name]
    return _first(own or pod.containers[:1], MODEL_PORT)


def absent(target: Target, pods: Iterable[TargetPod], served: Served | None) -> BackendError:
    """Say why no pod of a model can be used, and what would help."""
    known = list(pods)
    name = f"{target.aim}/{target.name}"
    if served is not None and "modelmesh" in _mode(served).lower():
        return Unreachable(f"{name} has no pods of its own: ModelMesh", "Use svc/modelmesh-serving:8008 instead.")
    if target.revision or target.component:
        kinds = {component_of(pod, target.aim) for pod in known}
        revisions = {pod.labels.get(REVISION) or pod.labels.get(_HASH, "") for pod in known}
        there = (kinds if target.component else revisions) - {""}
        wanted = target.component or target.revision
        hint = f"It has pods of {', '.join(sorted(there))}." if there else ""
        if there and wanted not in there:
            return NotFound(f"{name} has no pod of {wanted}", hint)
        return Unreachable(f"no ready pod of {name}@{wanted}", hint)
    if target.port and (ready := _ready(known)):
        ports = (port for pod in ready for container in pod.containers for port in container.ports or ())
        declared = dict.fromkeys(f"{port.number} ({port.name})" if port.name else str(port.number) for port in ports)
        return NotFound(
            f"no pod of {name} has a port named {target.port}", f"They declare {', '.join(declared) or 'none'}."
        )
    if not known:
        return Unreachable(f"{name} has no pods: scaled to zero, or not deployed yet", "Connections wait for a pod.")
    return Unreachable(f"no ready pod of {name} (0/{len(known)})", "Connections wait for a pod.")


def _ready(pods: Iterable[TargetPod]) -> list[TargetPod]:
    return sorted((pod for pod in pods if pod.ready), key=lambda pod: pod.metadata.name)


def _place(pod: TargetPod, port: int, https: bool = False) -> PodPort:
    return PodPort(pod.metadata.namespace, pod.metadata.name, port, https, pod.metadata.uid)


def _target_port(port: ServicePort, pod: TargetPod) -> int:
    if isinstance(port.target, str) and not port.target.isdecimal():
        return _named(pod, port.target)
    return int(port.target) or port.port


def _named(pod: TargetPod, name: str) -> int:
    ports = (port for container in pod.containers for port in container.ports or ())
    return next((port.number for port in ports if port.name == name), 0)


def _first(containers: Iterable[Container], usual: int) -> int:
    ports = (port.number for container in containers for port in container.ports or () if port.protocol == "TCP")
    return next(ports, usual)


def _entry(target: Target, pods: list[TargetPod], served: Served | None) -> str:
    """Give the component that callers meet first, as the service says, or as its pods show."""
    if target.aim is not Aim.ISVC:
        return "router" if target.aim is Aim.GRAPH else "workload"
    if served is not None and bytes(served.spec):
        return "transformer" if spec_of(served.spec).transformer is not None else "predictor"
    return "transformer" if any(component_of(pod, target.aim) == "transformer" for pod in pods) else "predictor"


def _favourite(served: Served | None, component: str) -> str:
    """Give the Knative revision with the most traffic."""
    status = served.status if served is not None else None
    part: ComponentStatus | None = getattr(status.components, component, None) if status is not None else None
    shares = part.traffic or () if part is not None else ()
    return max(shares, key=lambda share: share.percent or 0).revision if shares else ""


def _is_worker(pod: TargetPod) -> bool:
    """Whether it only helps the first pod of a model that runs on several nodes."""
    return pod.labels.get(_WORKER_INDEX, "0") != "0" or pod.labels.get("app", "").endswith("-predictor-worker")


def _mode(served: Served) -> str:
    meta = served.metadata.annotations
    return (served.status.mode if served.status is not None else "") or (meta.mode if meta is not None else "")


def _instead(service: TargetService) -> str:
    """Say what reaches the pods behind a service that knows none itself."""
    labels = service.metadata.labels or {}
    name = service.metadata.name
    model = labels.get(ISVC) or name.partition("-predictor")[0].partition("-transformer")[0]
    if labels.get(REVISION) or labels.get("serving.knative.dev/serviceUID"):
        return f"Use isvc/{model}, or svc/{name}-private:80."
    if labels.get(ISVC) or service.spec.type == "ExternalName":
        return f"If it belongs to a model, use isvc/{model}; else forward to a pod: pod/NAME:PORT."
    return "Forward to one of the pods behind it: pod/NAME:PORT."

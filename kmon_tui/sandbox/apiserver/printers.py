"""How the server prints built-in kinds: the columns that kubectl get shows, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kmon_tui.sandbox.apiserver.durations import age_of
from kmon_tui.sandbox.apiserver.kinds import Column
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, at_path


@dataclass(frozen=True, slots=True)
class Printer:
    """The columns of one kind and the function that fills them."""

    columns: tuple[Column, ...]
    cells: Callable[[JsonObject], list[Json]]


def _printer(columns: str, cells: Callable[[JsonObject], list[Json]]) -> Printer:
    """Make a printer; a column is a name, with /integer for numbers and + when only -o wide shows it."""
    parsed: list[Column] = []
    for text in columns.split(","):
        name, _, kind = text.strip("+").partition("/")
        parsed.append(Column(name, kind or "string", "", name, priority=int(text.endswith("+"))))
    return Printer(tuple(parsed), cells)


def _name(obj: JsonObject) -> str:
    return str(obj["metadata"]["name"])


def _age(obj: JsonObject) -> str:
    return age_of(obj["metadata"].get("creationTimestamp", ""))


def _pod(obj: JsonObject) -> list[Json]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    containers = status.get("containerStatuses") or []
    ready = sum(bool(container.get("ready")) for container in containers)
    restarts = sum(container.get("restartCount", 0) for container in containers)
    wanted = len(spec.get("containers") or ())
    gates = spec.get("readinessGates")
    return [
        _name(obj),
        f"{ready}/{wanted}",
        pod_status(obj),
        str(restarts) + _last_restart(containers),
        _age(obj),
        status.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        f"0/{len(gates)}" if gates else "<none>",
    ]


def _last_restart(containers: list[JsonObject]) -> str:
    moments = [at_path(container, "lastState.terminated.finishedAt") for container in containers]
    latest = max(filter(None, moments), default="")
    return f" ({age_of(latest)} ago)" if latest else ""


def pod_status(obj: JsonObject) -> str:
    """Return the word in the STATUS column: the reason of what keeps a pod from running, or its phase."""
    status = obj.get("status", {})
    word = status.get("reason") or status.get("phase") or "Unknown"
    initial = status.get("initContainerStatuses") or ()
    for number, container in enumerate(initial):
        terminated = at_path(container, "state.terminated")
        if terminated and terminated.get("exitCode", 0) == 0:
            continue
        reason = at_path(container, "state.waiting.reason")
        if terminated:
            return f"Init:{terminated.get('reason') or 'ExitCode:' + str(terminated.get('exitCode'))}"
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{number}/{len(initial)}"
    for container in status.get("containerStatuses") or ():
        waiting = at_path(container, "state.waiting.reason")
        terminated = at_path(container, "state.terminated")
        if waiting:
            word = waiting
        elif terminated:
            word = terminated.get("reason") or f"ExitCode:{terminated.get('exitCode', 0)}"
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else str(word)


def _containers(obj: JsonObject, field: str) -> str:
    containers = at_path(obj, "spec.template.spec.containers") or ()
    return ",".join(str(container.get(field, "")) for container in containers)


def _selector(obj: JsonObject) -> str:
    labels = at_path(obj, "spec.selector.matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items()) or "<none>"


def _deployment(obj: JsonObject) -> list[Json]:
    status, wanted = obj.get("status", {}), at_path(obj, "spec.replicas")
    replicas = f"{status.get('readyReplicas', 0)}/{1 if wanted is None else wanted}"
    numbers = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    wide = [_containers(obj, "name"), _containers(obj, "image"), _selector(obj)]
    return [_name(obj), replicas, *numbers, _age(obj), *wide]


def _replica_set(obj: JsonObject) -> list[Json]:
    status, wanted = obj.get("status", {}), at_path(obj, "spec.replicas")
    numbers = [1 if wanted is None else wanted, status.get("replicas", 0), status.get("readyReplicas", 0)]
    wide = [_containers(obj, "name"), _containers(obj, "image"), _selector(obj)]
    return [_name(obj), *numbers, _age(obj), *wide]


def _service(obj: JsonObject) -> list[Json]:
    spec = obj.get("spec", {})
    ports = [
        f"{port.get('port')}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or ()
    ]
    kind = spec.get("type", "ClusterIP")
    outside = spec.get("externalName") if kind == "ExternalName" else ",".join(spec.get("externalIPs") or ())
    selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    cluster_ip = spec.get("clusterIP") or "<none>"
    return [
        _name(obj),
        kind,
        cluster_ip,
        outside or "<none>",
        ",".join(ports) or "<none>",
        _age(obj),
        selector or "<none>",
    ]


def _node(obj: JsonObject) -> list[Json]:
    conditions = at_path(obj, "status.conditions") or ()
    ready = next((one.get("status") for one in conditions if one.get("type") == "Ready"), "Unknown")
    words = ["Ready" if ready == "True" else "NotReady" if ready == "False" else "Unknown"]
    if at_path(obj, "spec.unschedulable"):
        words.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    roles = [label.removeprefix(prefix) for label in obj["metadata"].get("labels") or {} if label.startswith(prefix)]
    version = at_path(obj, "status.nodeInfo.kubeletVersion") or ""
    return [_name(obj), ",".join(words), ",".join(roles) or "<none>", _age(obj), version]


def _event(obj: JsonObject) -> list[Json]:
    involved = obj.get("involvedObject", {})
    seen = obj.get("lastTimestamp") or obj.get("eventTime") or obj.get("firstTimestamp") or ""
    subject = f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"
    return [age_of(seen), obj.get("type"), obj.get("reason"), subject, str(obj.get("message", "")).strip(), _name(obj)]


def _endpoints(obj: JsonObject) -> list[Json]:
    places = [
        f"{address.get('ip')}:{port.get('port')}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    more = f" + {len(places) - 3} more..." if len(places) > 3 else ""
    return [_name(obj), (",".join(places[:3]) + more) or "<none>", _age(obj)]


def _endpoint_slice(obj: JsonObject) -> list[Json]:
    ports = ",".join(str(port.get("port")) for port in obj.get("ports") or ()) or "<unset>"
    addresses = [address for one in obj.get("endpoints") or () for address in one.get("addresses") or ()]
    more = f" + {len(addresses) - 3} more..." if len(addresses) > 3 else ""
    return [_name(obj), obj.get("addressType"), ports, (",".join(addresses[:3]) + more) or "<unset>", _age(obj)]


def _autoscaler(obj: JsonObject) -> list[Json]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    target = spec.get("scaleTargetRef", {})
    goals = [_goal(metric, status.get("currentMetrics") or ()) for metric in spec.get("metrics") or ()]
    numbers = [str(spec.get("minReplicas", "<unset>")), spec.get("maxReplicas"), status.get("currentReplicas", 0)]
    reference = f"{target.get('kind')}/{target.get('name')}"
    return [_name(obj), reference, ", ".join(goals) or "<none>", *numbers, _age(obj)]


def _goal(metric: JsonObject, current: Sequence[JsonObject]) -> str:
    resource = metric.get("resource", {})
    wanted = at_path(resource, "target.averageUtilization")
    found: JsonObject = next(
        (one["resource"] for one in current if at_path(one, "resource.name") == resource.get("name")), {}
    )
    now = at_path(found, "current.averageUtilization")
    name = f"{resource.get('name')}: " if resource.get("name") else ""
    if wanted is None:
        return f"{name}<unknown>/{at_path(resource, 'target.averageValue') or '<auto>'}"
    return f"{name}{'<unknown>' if now is None else f'{now}%'}/{wanted}%"


def _job(obj: JsonObject) -> list[Json]:
    conditions = at_path(obj, "status.conditions") or ()
    word = next((one["type"] for one in conditions if one.get("status") == "True"), "Running")
    done = f"{at_path(obj, 'status.succeeded') or 0}/{at_path(obj, 'spec.completions') or 1}"
    return [_name(obj), word, done, _age(obj)]


PRINTERS: dict[tuple[str, str], Printer] = {
    ("", "pods"): _printer(
        "Name,Ready,Status,Restarts,Age,IP+,Node+,Nominated Node+,Readiness Gates+",
        _pod,
    ),
    ("apps", "deployments"): _printer(
        "Name,Ready,Up-to-date/integer,Available/integer,Age,Containers+,Images+,Selector+", _deployment
    ),
    ("apps", "replicasets"): _printer(
        "Name,Desired/integer,Current/integer,Ready/integer,Age,Containers+,Images+,Selector+", _replica_set
    ),
    ("", "services"): _printer("Name,Type,Cluster-IP,External-IP,Port(s),Age,Selector+", _service),
    ("", "nodes"): _printer("Name,Status,Roles,Age,Version", _node),
    ("", "namespaces"): _printer("Name,Status,Age", lambda obj: [_name(obj), at_path(obj, "status.phase"), _age(obj)]),
    ("", "events"): _printer("Last Seen,Type,Reason,Object,Message,Name+", _event),
    ("", "endpoints"): _printer("Name,Endpoints,Age", _endpoints),
    ("discovery.k8s.io", "endpointslices"): _printer("Name,AddressType,Ports,Endpoints,Age", _endpoint_slice),
    ("autoscaling", "horizontalpodautoscalers"): _printer(
        "Name,Reference,Targets,MinPods,MaxPods/integer,Replicas/integer,Age", _autoscaler
    ),
    ("", "configmaps"): _printer(
        "Name,Data/integer,Age",
        lambda obj: [_name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), _age(obj)],
    ),
    ("", "secrets"): _printer(
        "Name,Type,Data/integer,Age",
        lambda obj: [_name(obj), obj.get("type", "Opaque"), len(obj.get("data") or ()), _age(obj)],
    ),
    ("batch", "jobs"): _printer("Name,Status,Completions,Age", _job),
    ("coordination.k8s.io", "leases"): _printer(
        "Name,Holder,Age", lambda obj: [_name(obj), at_path(obj, "spec.holderIdentity"), _age(obj)]
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): _printer(
        "Name,Created At/date", lambda obj: [_name(obj), obj["metadata"].get("creationTimestamp")]
    ),
}
PRINTERS["events.k8s.io", "events"] = PRINTERS["", "events"]

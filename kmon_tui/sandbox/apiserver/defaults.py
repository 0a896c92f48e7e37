"""What the real server fills in when built-in objects are created."""

from __future__ import annotations

from collections.abc import Callable

from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.store import new_namespace
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, metadata_of

_EVICTION_DELAY_S = 300

Filler = Callable[[JsonObject], None]


def fill_in(kind: Kind, obj: JsonObject) -> None:
    """Set the defaults of a new object, in place; its creator owns them."""
    if (filler := _FILLERS.get(kind.key)) is not None:
        filler(obj)


def complete(kind: Kind, obj: JsonObject) -> None:
    """Add what admission and storage add to a new object, in place; nobody owns that."""
    if (completer := _COMPLETERS.get(kind.key)) is not None:
        completer(obj)


def _merge_missing(obj: JsonObject, defaults: JsonObject) -> None:
    for name, value in defaults.items():
        if isinstance(value, dict) and isinstance(obj.get(name), dict):
            _merge_missing(obj[name], value)
        else:
            obj.setdefault(name, value)


def _labelled_namespace(obj: JsonObject) -> None:
    labels = new_namespace(metadata_of(obj)["name"])["metadata"]["labels"]
    _merge_missing(obj, {"metadata": {"labels": labels}})


def _namespace(obj: JsonObject) -> None:
    _merge_missing(obj, new_namespace(metadata_of(obj)["name"]))


def _pod(obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    pod_spec_defaults(spec)
    spec.setdefault("enableServiceLinks", True)


def _admitted_pod(obj: JsonObject) -> None:
    spec = obj["spec"]
    tolerations = [
        {
            "key": f"node.kubernetes.io/{trouble}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _EVICTION_DELAY_S,
        }
        for trouble in ("not-ready", "unreachable")
    ]
    _merge_missing(spec, {"tolerations": tolerations, "priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
    resources = [container.get("resources") or {} for container in spec.get("containers") or ()]
    _merge_missing(obj, {"status": {"phase": "Pending", "qosClass": _quality(resources)}})


def _quality(resources: list[JsonObject]) -> str:
    if not any(resources):
        return "BestEffort"
    limited = all({"cpu", "memory"} <= set(one.get("limits") or ()) for one in resources)
    equal = all((one.get("requests") or one.get("limits")) == one.get("limits") for one in resources)
    return "Guaranteed" if limited and equal else "Burstable"


def pod_spec_defaults(spec: JsonObject) -> None:
    """Set the defaults of a pod spec, in a pod or in a template."""
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        for port in container.get("ports") or ():
            port.setdefault("protocol", "TCP")
        image = str(container.get("image", ""))
        is_moving = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
        _merge_missing(
            container,
            {
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "Always" if is_moving else "IfNotPresent",
            },
        )
    _merge_missing(
        spec,
        {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
        },
    )


def _event(obj: JsonObject) -> None:
    _merge_missing(obj, {"source": {}, "eventTime": None, "reportingComponent": "", "reportingInstance": ""})
    for name in ("firstTimestamp", "lastTimestamp"):
        obj.setdefault(name, None)


def _service(obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    _merge_missing(spec, {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"})


def _workload(obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    template: Json = spec.get("template")
    if isinstance(template, dict):
        pod_spec_defaults(template.setdefault("spec", {}))


def _secret(obj: JsonObject) -> None:
    obj.setdefault("type", "Opaque")


def _with_status(**status: JsonObject) -> Filler:
    def fill(obj: JsonObject) -> None:
        obj.setdefault("status", dict(status))

    return fill


_FILLERS: dict[tuple[str, str], Filler] = {
    ("", "namespaces"): _labelled_namespace,
    ("", "pods"): _pod,
    ("", "services"): _service,
    ("", "secrets"): _secret,
    ("apps", "deployments"): _workload,
    ("apps", "replicasets"): _workload,
    ("apps", "statefulsets"): _workload,
}
_COMPLETERS: dict[tuple[str, str], Filler] = {
    ("", "namespaces"): _namespace,
    ("", "pods"): _admitted_pod,
    ("", "events"): _event,
    ("events.k8s.io", "events"): _event,
    ("", "services"): _with_status(loadBalancer={}),
    ("apps", "deployments"): _with_status(),
    ("apps", "replicasets"): _with_status(),
    ("apps", "statefulsets"): _with_status(),
}

"""What the real server fills in when built-in objects are created."""

from __future__ import annotations

from collections.abc import Callable

from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.store import new_namespace
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, metadata_of

_EVICTION_DELAY_S = 300


def fill_in(kind: Kind, obj: JsonObject) -> None:
    """Set the defaults of a new object, in place."""
    filler = _FILLERS.get(kind.key)
    if filler is not None:
        filler(obj)


def _merge_missing(obj: JsonObject, defaults: JsonObject) -> None:
    for name, value in defaults.items():
        if isinstance(value, dict) and isinstance(obj.get(name), dict):
            _merge_missing(obj[name], value)
        else:
            obj.setdefault(name, value)


def _namespace(obj: JsonObject) -> None:
    _merge_missing(obj, new_namespace(metadata_of(obj)["name"]))


def _pod(obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    pod_spec_defaults(spec)
    tolerations = [
        {
            "key": f"node.kubernetes.io/{trouble}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _EVICTION_DELAY_S,
        }
        for trouble in ("not-ready", "unreachable")
    ]
    _merge_missing(
        spec,
        {
            "tolerations": tolerations,
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        },
    )
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
    obj.setdefault("status", {"loadBalancer": {}})


def _workload(obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    template: Json = spec.get("template")
    if isinstance(template, dict):
        pod_spec_defaults(template.setdefault("spec", {}))
    obj.setdefault("status", {})


def _secret(obj: JsonObject) -> None:
    obj.setdefault("type", "Opaque")


_FILLERS: dict[tuple[str, str], Callable[[JsonObject], None]] = {
    ("", "namespaces"): _namespace,
    ("", "pods"): _pod,
    ("", "events"): _event,
    ("events.k8s.io", "events"): _event,
    ("", "services"): _service,
    ("", "secrets"): _secret,
    ("apps", "deployments"): _workload,
    ("apps", "replicasets"): _workload,
    ("apps", "statefulsets"): _workload,
}

"""Events, as kubelet, scheduler and KServe's controller write them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from kmon_tui.sandbox import world_faults
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.world_objects import pod_object, values_of
from kmon_tui.sandbox.world_state import GROUP, PodState, ServiceState
from kmon_tui.sandbox.world_templates import filled, moment, uid_of

_KEPT_S = 3600.0


class Events:
    """Writes events, and forgets them after an hour as Kubernetes does."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.time) -> None:
        self._store, self._now_s = store, now_s

    def scheduled(self, state: ServiceState, pods: list[PodState]) -> None:
        """Say that pods have got a node."""
        for pod in pods:
            text = f"Successfully assigned {state.namespace}/{pod.name} to {pod.node}"
            self._write(self._pod(state, pod), "Normal", "Scheduled", text, "default-scheduler")

    def ready(self, state: ServiceState) -> None:
        """Say that a service is ready."""
        text = f"{state.kind} [{state.name}] is Ready"
        self._write(_service(state), "Normal", f"{state.kind}Ready", text, "v1beta1Controllers")

    def unhealthy(self, state: ServiceState, pod: PodState) -> None:
        """Say that a pod's readiness probe fails."""
        text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
        self._write(self._pod(state, pod), "Warning", "Unhealthy", text, "kubelet")

    def scaled(self, state: ServiceState, component: str, replicas: int) -> None:
        """Say that a ReplicaSet has another size."""
        prefix = state.pod_prefix(component, state.revision)
        involved = {"apiVersion": "apps/v1", "kind": "Deployment", "name": prefix.rsplit("-", 1)[0]}
        text = f"Scaled replica set {prefix} to {replicas}"
        involved["namespace"] = state.namespace
        self._write(involved, "Normal", "ScalingReplicaSet", text, "deployment-controller")

    def of_fault(self, state: ServiceState, *, recent: bool = False) -> None:
        """Write the events that the state's fault tells of; ``recent``: they have only begun."""
        if (told := world_faults.part(state.fault, "events")) is None:
            return
        pod = next((p for p in state.pods.values() if p.stage == "fault"), None)
        component = pod.component if pod else state.components[0]
        values = values_of(state, component, state.revision, pod)
        if pod is not None:
            values["main_container"] = pod_object(state, pod)["spec"]["containers"][0]["name"]
        for entry in told:
            found = filled(entry, values)
            involved = _service(state)
            if found["about"] == "pod" and pod is not None:
                involved = self._pod(state, pod)
            elif found["about"] == "replicaset":
                name = state.pod_prefix(component, state.revision)
                involved = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "namespace": state.namespace}
            elif found["about"] == "hpa":
                kind, version = "HorizontalPodAutoscaler", "autoscaling/v2"
                name = state.workload(component)
                involved = {"apiVersion": version, "kind": kind, "name": name, "namespace": state.namespace}
            if found.get("field"):
                involved["fieldPath"] = found["field"]
            ago_s, count = (1.0, 1) if recent else (float(found["ago_s"]), int(found["count"]))
            text = found["message"]
            self._write(involved, found["type"], found["reason"], text, found["component"], ago_s=ago_s, count=count)

    def forget_old(self) -> None:
        """Delete events that are older than an hour."""
        limit = moment(self._now_s() - _KEPT_S)
        for entry in list(self._store.shelf("", "events").entries.values()):
            if (entry.object.get("lastTimestamp") or limit) < limit:
                self._store.delete("", "events", entry.namespace, entry.name)

    def _pod(self, state: ServiceState, pod: PodState) -> dict[str, Any]:
        uid = uid_of({"owner": state.uid, "workload": pod.name}, "pod")
        stored = self._store.get("", "pods", state.namespace, pod.name)
        found = {"apiVersion": "v1", "kind": "Pod", "name": pod.name, "namespace": state.namespace}
        return {**found, "uid": stored["metadata"]["uid"] if stored else uid}

    def _write(
        self,
        involved: dict[str, Any],
        kind: str,
        reason: str,
        text: str,
        component: str,
        *,
        ago_s: float = 0.0,
        count: int = 1,
    ) -> None:
        last_s = self._now_s() - ago_s
        first_s = last_s - (count - 1) * 10.0
        self._store.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": f"{involved['name']}.{random.getrandbits(64):016x}",
                    "namespace": involved["namespace"],
                    "creationTimestamp": moment(first_s),
                },
                "involvedObject": involved,
                "type": kind,
                "reason": reason,
                "message": text,
                "source": {"component": component},
                "reportingComponent": component,
                "reportingInstance": "",
                "count": count,
                "firstTimestamp": moment(first_s),
                "lastTimestamp": moment(last_s),
                "eventTime": None,
            }
        )


def _service(state: ServiceState) -> dict[str, Any]:
    version = {"InferenceService": "v1beta1", "LLMInferenceService": "v1alpha2"}.get(state.kind, "v1alpha1")
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": state.kind,
        "name": state.name,
        "namespace": state.namespace,
        "uid": state.uid,
    }

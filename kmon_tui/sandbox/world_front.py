"""Places what stands before the pods: the objects of its pods, its counters, and their past."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.models_front import Behind, Front, FrontPod
from kmon_tui.sandbox.models_load import Flow
from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.prometheus_history import backfill
from kmon_tui.sandbox.world_gateway import NAMESPACE, PORT, Gateway, service_object
from kmon_tui.sandbox.world_kubelet import OLDEST_S, Kubelet
from kmon_tui.sandbox.world_state import ServiceState
from kmon_tui.sandbox.world_templates import moment

_AGE_S = 20 * 86400.0
_PAST_S = 1200.0
"""So much of the past is worked out: what stands before all services has many series."""
_LABELS = {
    "istio-ingressgateway": {"app": "istio-ingressgateway", "istio": "ingressgateway"},
    "autoscaler": {"app": "autoscaler", "app.kubernetes.io/name": "knative-serving"},
    "activator": {"app": "activator", "app.kubernetes.io/name": "knative-serving"},
}


async def place_front(
    states: Iterable[ServiceState],
    store: Store,
    kubelet: Kubelet,
    gateway: Gateway,
    server: Prometheus | None,
    history_s: float,
) -> None:
    """Place gateway, activator and autoscaler before these services; services that come later are not behind them."""
    now_s = time.time()
    front = Front(milliseconds=kubelet.milliseconds)
    for state in states:
        if state.kind == "InferenceService" and state.stage != "none" and not state.fault:
            front.watch(_behind(state, kubelet, now_s))
    models: Models = kubelet.models
    for pod in front.pods:
        if not any(family.lines for family in pod.families):
            continue
        if pod.plan.namespace == NAMESPACE:
            pod.served[PORT] = gateway.answer
            store.put(service_object(moment(now_s - _AGE_S)))
        ip = models.new_ip()
        placed = store.put(_object(pod, ip, now_s))
        await models.add(pod, ip)
        if server is not None:
            step_s = server.configuration.scrape_interval_s
            first, last = int((now_s - min(history_s, _PAST_S)) // step_s) + 1, int((now_s - 0.5) // step_s)
            times_ms = [round(step * step_s * 1000) for step in range(first, last + 1)]
            backfill(server, placed, pod, times_ms, alive=True)


def _behind(state: ServiceState, kubelet: Kubelet, now_s: float) -> Behind:
    flow = Flow(kubelet.load_of(state), now_s - OLDEST_S, shares=[(0.0, 1.0)])
    revision = state.revision_name(state.entry, state.ready_revision or state.revision)
    predictor = state.spec.get(state.entry, {})
    return Behind(
        namespace=state.namespace,
        workload=state.workload(state.entry),
        revision=lambda: revision,
        knative=state.mode == "knative",
        ready=lambda: len(state.ready_pods(state.entry)),
        wanted=lambda: len([pod for pod in state.pods.values() if pod.component == state.entry]),
        target=float(predictor.get("scaleTarget", 100)),
        flow=flow,
        sleeps=state.stage == "cold",
    )


def _object(pod: FrontPod, ip: str, now_s: float) -> dict[str, Any]:
    name = pod.plan.name.rsplit("-", 2)[0]
    port = {"name": "http-envoy-prom" if pod.port == 15020 else "metrics", "containerPort": pod.port, "protocol": "TCP"}
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": "15020", "prometheus.io/path": pod.path}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.plan.name,
            "namespace": pod.plan.namespace,
            "creationTimestamp": moment(now_s - _AGE_S),
            "labels": _LABELS[name],
            "annotations": annotations if pod.port == 15020 else {},
        },
        "spec": {"nodeName": "worker-a", "containers": [{"name": name, "image": f"example/{name}:1", "ports": [port]}]},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": moment(now_s - _AGE_S + 20)}],
        },
    }

"""Where pods run: each ready pod gets its model server, and its share of the service's requests."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.models_load import Flow, Load, Plan
from kmon_tui.sandbox.models_pod import ModelPod, PodPlan
from kmon_tui.sandbox.world_state import PodState, ServiceState

OLDEST_S = 6 * 3600.0
"""Counters of a pod that is older begin here: nobody can tell."""
_SERVERS = {"mlserver": "mlserver", "tritonserver": "triton"}
"""Model servers with metrics of their own, by their image."""
_FORMATS = {"sklearn": "iris", "huggingface": "llm"}


@dataclass(slots=True)
class Kubelet:
    """Runs the model servers of all pods."""

    models: Models
    milliseconds: bool = False
    """queue-proxy speaks as Knative <= 1.18 does."""
    plans: dict[tuple[str, str, str], Plan] = field(default_factory=dict)
    """Traffic by (kind, namespace, name); a service without one gets no requests but real ones."""
    loads: dict[tuple[str, str, str], Load] = field(default_factory=dict)

    def load_of(self, state: ServiceState) -> Load:
        """Give the requests of a service."""
        key = (state.kind, state.namespace, state.name)
        if key not in self.loads:
            self.loads[key] = Load(self.plans.get(key, Plan()), "/".join(key))
        return self.loads[key]

    async def sync(self, state: ServiceState) -> None:
        """Start and stop servers so that they are those of the ready pods, and share the requests among them."""
        now_s = time.time()
        for pod in list(state.pods.values()):
            await self._sync_pod(state, pod)
        for pod in state.pods.values():
            key = (state.namespace, pod.name)
            if key in self.models:
                self.models[key].flow.set_share(now_s, state.share_of(pod))

    async def _sync_pod(self, state: ServiceState, pod: PodState) -> None:
        key = (state.namespace, pod.name)
        if pod.stage == "ready" and key not in self.models and state.kind != "InferenceGraph":
            started_s = max(pod.created_s, time.time() - OLDEST_S)
            await self.models.add(self.new_pod(state, pod, Flow(self.load_of(state), started_s)), pod.ip)
            if pod.name not in state.pods:  # deleted meanwhile
                await self.models.remove(*key)
        elif pod.stage != "ready" and key in self.models:
            await self.models.remove(*key)

    async def forget(self, namespace: str, name: str) -> None:
        """Stop the server of a pod that is gone."""
        await self.models.remove(namespace, name)

    def new_pod(self, state: ServiceState, pod: PodState, flow: Flow) -> ModelPod:
        """Make the servers of a pod; they don't listen yet."""
        knative = state.mode == "knative"
        workload = state.workload(pod.component)
        plan = PodPlan(
            namespace=state.namespace,
            name=pod.name,
            model=state.model,
            kind="llm" if state.kind == "LLMInferenceService" else _FORMATS.get(state.format, "scores"),
            knative=knative,
            workload=state.kind == "LLMInferenceService",
            revision=state.revision_name(pod.component, pod.revision) if knative else "",
            configuration=workload,
            host=f"{workload}.{state.namespace}.example.com",
            server=next((name for mark, name in _SERVERS.items() if mark in state.image), ""),
            graph=state.kind == "InferenceGraph",
            milliseconds=self.milliseconds,
        )
        return ModelPod(plan, flow)

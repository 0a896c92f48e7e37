"""The world: places the services of a folder with their past, lets them live, and runs what a cluster runs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kmon_tui.sandbox import world_faults
from kmon_tui.sandbox.apiserver.podlogs import Logs
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.controller import STOP, Controller
from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.models_load import Plan
from kmon_tui.sandbox.prometheus import Prometheus, PrometheusOptions
from kmon_tui.sandbox.prometheus_config import configuration_of
from kmon_tui.sandbox.prometheus_rules import Rules, rules_of
from kmon_tui.sandbox.world_actor import Actor, Stage
from kmon_tui.sandbox.world_events import Events
from kmon_tui.sandbox.world_faults import PREFIX
from kmon_tui.sandbox.world_front import place_front
from kmon_tui.sandbox.world_gateway import Gateway
from kmon_tui.sandbox.world_history import begin
from kmon_tui.sandbox.world_kubelet import Kubelet
from kmon_tui.sandbox.world_life import lead, tidy, write_logs
from kmon_tui.sandbox.world_logs import Diary
from kmon_tui.sandbox.world_play import Player, sign
from kmon_tui.sandbox.world_state import GROUP, ServiceState
from kmon_tui.sandbox.world_synthetic import synthetic
from kmon_tui.sandbox.world_tasks import Tasks
from kmon_tui.sandbox.world_templates import documents, exists, filled, moment, text_of, uid_of

_VERSIONS = {"InferenceService": "v1beta1", "LLMInferenceService": "v1alpha2", "InferenceGraph": "v1alpha1"}
_MODES = {"knative": "Knative", "standard": "Standard", "none": "Knative"}
PROMETHEUS_POD = "prometheus-server-6f9d8b7c4d-8xk2v"
MONITORING = "monitoring"
_ROLLOUT_AGE_S = 70.0


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What the world is like."""

    name: str = "demo"
    """A folder of sandbox/worlds with a world.yaml."""
    services: int = 0
    events_per_s: float = 0.0
    history_s: float = 3600.0
    speed: float = 1.0
    scrape_interval_s: float = 5.0
    prometheus_version: str = "2.53.4"
    milliseconds: bool = False
    """queue-proxy speaks as Knative <= 1.18 does: revision_*, in ms."""
    default_mode: str = "knative"
    """Mode of a new InferenceService without the annotation."""


class World:
    """Everything of the sandbox that is not the API server."""

    def __init__(self, store: Store, options: WorldOptions | None = None, logs: Logs | None = None) -> None:
        self.options = options or WorldOptions()
        self._store = store
        self.models = Models()
        configuration = configuration_of(text_of("prometheus.yml"), self.options.scrape_interval_s)
        about = PrometheusOptions(version=self.options.prometheus_version)
        self.prometheus = Prometheus(configuration, self._pods_with_address, self.models.page, about)
        self.kubelet = Kubelet(self.models, self.options.milliseconds)
        self._tasks = Tasks()
        self.logs = Logs() if logs is None else logs
        self._scene = Stage(store, self.models, self.kubelet, Events(store), Diary(self.logs), self.options.speed)
        self.controller = Controller(self._scene, self._tasks, default_mode=self.options.default_mode)
        self.player = Player(store)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> World:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.models)
            stack.push_async_callback(self._tasks.close)
            await stack.enter_async_context(synthetic(self._store, self.options.services, self.options.events_per_s))
            self._place_runtimes()
            led = await self._place_services()
            self._place_installed()
            self._store.listeners.append(self.controller.saw)
            stack.callback(self._store.listeners.remove, self.controller.saw)
            if not self.options.services:  # ten thousand services would cost a rule half a second each time
                rules = rules_of(documents("rules.yml")[0])
                self.prometheus.rules = Rules(rules, self.prometheus.engine, self.prometheus.samples)
            await stack.enter_async_context(self.prometheus)
            for actor, plan in led:
                lead(actor, plan, self._scene, self._tasks)
            self._tasks.start(tidy(self._scene), "old events are forgotten")
            self._tasks.start(write_logs(self._scene, self.controller.actors), "containers write")
            if self.fault:
                self._tasks.start(self.player.play(self.fault, self._scene.wait), f"fault {self.fault} is played")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # -- for the kubelet and the tests

    async def dial_pod(self, pod: dict[str, Any], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port of a pod that is given as its object. OSError when nobody listens there."""
        return await self.dial(pod["metadata"]["namespace"], pod["metadata"]["name"], port)

    async def dial(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port of a pod. OSError when nobody listens there."""
        if (namespace, pod, port) == (MONITORING, PROMETHEUS_POD, 9090):
            return await asyncio.open_connection("127.0.0.1", self.prometheus.port)
        return await self.models.dial(namespace, pod, port)

    def kill_pod(self, namespace: str, name: str) -> None:
        """Delete a pod, as ``kubectl delete pod`` does; its owner makes a new one."""
        self._store.delete("", "pods", namespace, name)

    def actor(self, namespace: str, name: str, kind: str = "InferenceService") -> Actor:
        """Give who plays a service. Raises KeyError."""
        return self.controller.actors[kind, namespace, name]

    @property
    def fault(self) -> str:
        """The fault that this world is about; empty: none."""
        return self.options.name.removeprefix(PREFIX) if self.options.name.startswith(PREFIX) else ""

    # -- placing

    def _pods_with_address(self) -> Iterator[dict[str, Any]]:
        for entry in list(self._store.shelf("", "pods").entries.values()):
            if entry.object.get("status", {}).get("podIP"):
                yield entry.object

    def _place_runtimes(self) -> None:
        for name, about in documents("runtimes.yaml")[0]["runtimes"].items():
            formats = [{"name": one, "autoSelect": True} for one in about["formats"]]
            container = {"name": "kserve-container", "image": about["image"]}
            self._store.put(
                {
                    "apiVersion": f"{GROUP}/v1alpha1",
                    "kind": "ClusterServingRuntime",
                    "metadata": {"name": name},
                    "spec": {"supportedModelFormats": formats, "containers": [container]},
                }
            )

    def _place_installed(self) -> None:
        """Place Prometheus and the controllers of KServe and Knative."""
        values = {
            "created": moment(time.time() - 30 * 86400),
            "version": self.options.prometheus_version,
            "knative": "1.18.0" if self.options.milliseconds else "1.21.1",
            "pod": PROMETHEUS_POD,
            "owner": "",
            "workload": MONITORING,
        }
        for template in (*documents("prometheus-objects.yaml"), *documents("control-plane.yaml")):
            placed = filled(template, values)
            if placed["metadata"]["namespace"] != "knative-serving" or self.options.default_mode == "knative":
                self._store.put(placed)

    async def _place_services(self) -> list[tuple[Actor, dict[str, Any]]]:
        path = "quiet/world.yaml" if self.fault else f"{self.options.name}/world.yaml"
        if not exists(path) or (self.fault and not world_faults.is_playable(self.fault)):
            raise LookupError(f"no such world: {self.options.name}")
        document = documents(path)[0]
        for name in document["nodes"]:
            self._store.put(_node(name))
        placed = []
        for plan in document["services"]:
            actor = self._place(plan)
            placed.append((actor, plan))
            server = self.prometheus if self.options.history_s else None
            if actor.state.stage != "none":
                await begin(actor.state, plan, self._scene, server, self.options.history_s)
                await self.kubelet.sync(actor.state)
            await asyncio.sleep(0)
        if self.options.default_mode == "knative":
            server = self.prometheus if self.options.history_s else None
            states = [actor.state for actor, plan in placed if plan.get("traffic")]
            gateway = Gateway(self.models, self.controller.actors)
            await place_front(states, self._store, self.kubelet, gateway, server, self.options.history_s)
        return placed

    def _place(self, plan: dict[str, Any]) -> Actor:
        written = _service_object(plan)
        sign(self._store, written, at=written["metadata"]["creationTimestamp"])
        found = self._store.put(written)
        state = self._state_of(plan, found)
        if plan.get("traffic"):
            self.kubelet.plans[state.kind, state.namespace, state.name] = Plan(**plan["traffic"])
        actor = Actor(self._scene, state)
        self._place_pods(actor, plan)
        actor.write()
        if state.fault:
            self._scene.events.of_fault(state)
        for pod in state.pods.values():
            if pod.stage in ("unready", "starting"):
                self._scene.events.unhealthy(state, pod)
        self.controller.adopt(actor)
        return actor

    def _state_of(self, plan: dict[str, Any], found: dict[str, Any]) -> ServiceState:
        now_s = time.time()
        kind = plan.get("kind", "InferenceService")
        state = self.controller.state_of(kind, found)
        state.mode = "knative" if plan["mode"] == "none" else plan["mode"]
        state.created_s = now_s - plan["age_s"]
        state.changed_s = state.created_s + min(70, plan["age_s"] / 2)
        state.fault = plan.get("fault", "")
        state.stage = "none" if plan["mode"] == "none" else plan.get("state", "rolling" if state.fault else "ready")
        state.revision = plan.get("revision", 1)
        state.replicas = dict(plan.get("replicas", {}))
        state.ready_revision = 0 if state.fault or state.stage in ("none", "stopped") else state.revision
        if plan.get("canary") or plan.get("rollout"):
            state.ready_revision = state.revision - 1
        state.canary_percent = plan.get("canary", {}).get("percent", 0)
        if state.stage == "updating":
            state.changed_s = now_s - _ROLLOUT_AGE_S
        return state

    def _place_pods(self, actor: Actor, plan: dict[str, Any]) -> None:
        state, now_s = actor.state, time.time()
        rng = random.Random(f"{state.name} pods")
        newest = state.revision
        stage = "fault" if state.fault else plan.get("pods", "ready")
        if state.fault and world_faults.part(state.fault, "pod") is None:
            return
        state.revision = state.ready_revision or newest
        for component, count in state.replicas.items():
            for number in range(count):
                age_s = plan["age_s"] * rng.uniform(0.5, 0.98) if not state.fault else plan["age_s"] - 2
                if number and number == count - 1:
                    age_s = min(age_s, rng.uniform(700, 2800))
                pod = actor.add_pod(component, created_s=now_s - age_s, stage=stage)
                pod.changed_s = now_s - min(95.0, age_s / 2) if stage == "fault" else pod.created_s + 14
        state.revision = newest
        for _ in range(plan.get("canary", {}).get("pods", 0)):
            actor.add_pod(state.entry, created_s=now_s - 1620, stage=stage)
        for _ in range(plan.get("rollout", {}).get("pods", 0)):
            actor.add_pod(state.entry, created_s=now_s - _ROLLOUT_AGE_S, stage="starting")


def _service_object(plan: dict[str, Any]) -> dict[str, Any]:
    kind = plan.get("kind", "InferenceService")
    metadata = {
        "name": plan["name"],
        "namespace": plan["namespace"],
        "uid": uid_of({"owner": plan["namespace"], "workload": plan["name"]}, kind.lower()),
        "creationTimestamp": moment(time.time() - plan["age_s"]),
        "annotations": dict(plan.get("annotations", {})),
    }
    if kind == "InferenceService":
        metadata["finalizers"] = ["inferenceservice.finalizers"]
        metadata["annotations"]["serving.kserve.io/deploymentMode"] = _MODES[plan["mode"]]
    if plan.get("state") == "stopped":
        metadata["annotations"][STOP] = "true"
    return {"apiVersion": f"{GROUP}/{_VERSIONS[kind]}", "kind": kind, "metadata": metadata, "spec": plan["spec"]}


def _node(name: str) -> dict[str, Any]:
    capacity = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    if name.startswith("gpu"):
        capacity["nvidia.com/gpu"] = "4"
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
        "status": {"capacity": capacity, "allocatable": capacity, "conditions": [ready]},
    }

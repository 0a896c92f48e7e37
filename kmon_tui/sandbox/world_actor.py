"""One service's life: it is made, rolls out, scales, loses pods and goes, as KServe and Kubernetes would have it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kmon_tui.sandbox import world_faults
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.world_events import Events
from kmon_tui.sandbox.world_kubelet import Kubelet
from kmon_tui.sandbox.world_logs import Diary
from kmon_tui.sandbox.world_objects import objects_of, pod_object, status_of
from kmon_tui.sandbox.world_owners import looked_at, signed
from kmon_tui.sandbox.world_state import GROUP, PLURALS, PodState, ServiceState
from kmon_tui.sandbox.world_templates import moment

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_STAGES = (("pending", 0.4), ("loading", 1.0), ("starting", 1.2))
"""What a new pod goes through, and for how many seconds."""
_NAMING = ("serving.kserve.io/inferenceservice", "serving.kserve.io/inferencegraph", "app.kubernetes.io/name")
"""Labels that name the service of an object."""
_NODES = ("worker-a", "worker-b", "gpu-a")


@dataclass(slots=True)
class Stage:
    """Where services live: what every actor needs."""

    store: Store
    models: Models
    kubelet: Kubelet
    events: Events
    diary: Diary
    speed: float = 1.0

    async def wait(self, seconds: float) -> None:
        """Wait in the world's time."""
        await asyncio.sleep(seconds / self.speed)


class Actor:
    """Plays one service."""

    def __init__(self, stage: Stage, state: ServiceState) -> None:
        self._stage = stage
        self.state = state
        self._changing = asyncio.Lock()
        self._gone = False

    # -- writing

    def write(self) -> None:
        """Put all objects of the service as its state tells; what did not change is left alone."""
        if self._gone:
            return
        store = self._stage.store
        for found in objects_of(self.state):
            store.put(signed(store, looked_at(store, found)))
        for pod in self.state.pods.values():
            self._stage.diary.saw(self.state, pod)
            self._stage.store.put(pod_object(self.state, pod))
        self._write_status()

    def _write_status(self) -> None:
        state = self.state
        found = self._stage.store.get(GROUP, PLURALS[state.kind], state.namespace, state.name)
        if found is not None and "deletionTimestamp" not in found["metadata"]:
            found["status"] = status_of(state)
            if not found["status"]:
                del found["status"]
            self._stage.store.put(signed(self._stage.store, found))

    def set_stage(self, stage: str) -> None:
        """Go to another stage."""
        self.state.stage = stage
        self.state.changed_s = time.time()

    # -- pods

    def add_pod(self, component: str, *, created_s: float | None = None, stage: str = "pending") -> PodState:
        """Make a pod of the newest revision."""
        state = self.state
        made_s = time.time() if created_s is None else created_s
        end = "".join(random.choices(_LETTERS, k=5))
        name = f"{state.pod_prefix(component, state.revision)}-{end}"
        node = _NODES[2] if "gpu" in str(state.spec) else random.choice(_NODES[:2])
        pod = PodState(name, component, state.revision, self._stage.models.new_ip(), made_s, stage, made_s, node)
        state.pods[name] = pod
        return pod

    async def remove_pod(self, name: str) -> None:
        """Let a pod go."""
        self.state.pods.pop(name, None)
        self._stage.diary.forget(self.state.namespace, name)
        self._stage.store.delete("", "pods", self.state.namespace, name)
        await self._stage.kubelet.forget(self.state.namespace, name)

    async def sync(self) -> None:
        """Start and stop servers, then write: a pod listens before anybody reads that it is ready."""
        if not self._gone:
            await self._stage.kubelet.sync(self.state)
            self.write()

    async def _bring_up(self, pods: list[PodState], starting_s: float = 0.0) -> None:
        """Take pods through their stages until they serve; a big model may take its time to start."""
        for stage, takes_s in _STAGES:
            self._set_pods(pods, stage)
            await self.sync()
            await self._stage.wait(takes_s * random.uniform(0.85, 1.15))
        await self._start_slowly(pods, starting_s)
        self._set_pods(pods, "ready")

    async def _start_slowly(self, pods: list[PodState], seconds: float) -> None:
        while seconds > 0:
            for pod in pods:
                self._stage.events.unhealthy(self.state, pod)
            await self._stage.wait(min(seconds, 20.0))
            seconds -= 20.0

    @staticmethod
    def _set_pods(pods: list[PodState], stage: str) -> None:
        for pod in pods:
            pod.stage, pod.changed_s = stage, time.time()

    # -- acts

    async def roll_out(self, prepare: Callable[[ServiceState], None] | None = None, starting_s: float = 0.0) -> None:
        """Make a new revision serve and let the old pods go; or fail as the state's fault says."""
        async with self._changing:
            state = self.state
            if prepare is not None:
                prepare(state)
            elif state.ready_revision:
                state.revision += 1
            old = dict(state.pods)
            first = not state.ready_revision
            self.set_stage("new" if first else "updating")
            await self.sync()
            await self._stage.wait(0.4)
            if state.fault:
                await self._fail(old)
                return
            self.set_stage("rolling" if first else "updating")
            pods = [self.add_pod(c) for c in state.components for _ in range(state.replicas.get(c, 1))]
            self._stage.events.scheduled(state, pods)
            await self._bring_up(pods, starting_s)
            await self._switch(old)

    async def finish_rollout(self, starting_s: float) -> None:
        """Go on with a rollout whose new pods are there but do not serve yet."""
        async with self._changing:
            pods = [pod for pod in self.state.pods.values() if pod.revision == self.state.revision]
            old = {name: pod for name, pod in self.state.pods.items() if pod not in pods}
            await self._start_slowly(pods, starting_s)
            pods += [self.add_pod(p.component) for p in list(old.values())[len(pods) :]]
            await self._bring_up([pod for pod in pods if pod.stage == "pending"])
            self._set_pods(pods, "ready")
            await self._switch(old)

    async def _switch(self, old: dict[str, PodState]) -> None:
        state = self.state
        state.ready_revision = state.revision
        self.set_stage("ready" if state.pods else "cold")
        await self.sync()
        self._stage.events.ready(state)
        if old:
            await self._stage.wait(0.6)
        for name in old:
            await self.remove_pod(name)
        self._drop_old_revisions()
        state.changed_s -= world_faults.age_s(state.fault)
        await self.sync()
        if state.fault:
            self._stage.events.of_fault(state, recent=True)

    def crash_again(self) -> None:
        """Let the failing containers crash once more."""
        for pod in self.state.pods.values():
            if pod.stage == "fault":
                pod.restarts = (pod.restarts or 5) + 1
                pod.changed_s = time.time()
                self._stage.diary.crashed(self.state, pod)
                self._stage.store.put(pod_object(self.state, pod))

    async def _fail(self, old: dict[str, PodState]) -> None:
        state = self.state
        self._age(2 * world_faults.age_s(state.fault))
        if world_faults.part(state.fault, "pod") is not None:
            failing = world_faults.component_of(state.fault, state.entry)
            pods = [self.add_pod(c) for c in state.components for _ in range(max(1, state.replicas.get(c, 1)))]
            self._set_pods(pods, "pending")
            await self.sync()
            await self._stage.wait(1.2)
            self._set_pods([pod for pod in pods if pod.component == failing], "fault")
            for pod in pods:
                pod.fault = state.fault
            _older(pods, world_faults.age_s(state.fault))
            await self._bring_up([pod for pod in pods if pod.stage != "fault"])
        elif world_faults.with_pods(state.fault):
            pods = [self.add_pod(c) for c in state.components for _ in range(max(1, state.replicas.get(c, 1)))]
            self._stage.events.scheduled(state, pods)
            await self._bring_up(pods)
            _older(pods, world_faults.age_s(state.fault))
        if world_faults.shows(state.fault, "ready"):
            await self._switch(old)
            return
        self.set_stage("rolling" if not old else "updating")
        state.changed_s -= world_faults.age_s(state.fault)
        await self.sync()
        self._stage.events.of_fault(state, recent=True)

    def _age(self, seconds: float) -> None:
        """Let all that there is be older."""
        self.state.created_s -= seconds
        _older(self.state.pods.values(), seconds)
        store, made = self._stage.store, moment(self.state.created_s)
        # Their age tells which ReplicaSet is the newest.
        aging = ((GROUP, PLURALS[self.state.kind]), ("apps", "replicasets"))
        for group, plural in aging if seconds else ():
            for found in store.list(group, plural, self.state.namespace):
                if self.state.uid in (found["metadata"]["uid"], _owner_label(found, self.state)):
                    found["metadata"]["creationTimestamp"] = made
                    store.put(found)

    def _drop_old_revisions(self) -> None:
        """Delete revisions and ReplicaSets that nobody needs any more."""
        state = self.state
        for component in state.components:
            for revision in range(1, state.revision):
                if revision == state.ready_revision or any(p.revision == revision for p in state.pods.values()):
                    continue
                name = state.revision_name(component, revision)
                self._stage.store.delete("serving.knative.dev", "revisions", state.namespace, name)
                prefix = state.pod_prefix(component, revision)
                self._stage.store.delete("apps", "replicasets", state.namespace, prefix)

    async def scale(self, component: str, replicas: int) -> None:
        """Add or remove pods."""
        async with self._changing:
            state = self.state
            have = [pod for pod in state.pods.values() if pod.component == component]
            state.replicas[component] = replicas
            new = [self.add_pod(component) for _ in range(replicas - len(have))]
            if new:
                self._stage.events.scheduled(state, new)
                await self._bring_up(new)
            for pod in sorted(have, key=lambda p: -p.created_s)[: max(0, len(have) - replicas)]:
                await self.remove_pod(pod.name)
            if state.stage in ("ready", "cold"):
                self.set_stage("ready" if state.ready_pods(state.entry) or replicas else "cold")
            await self.sync()

    async def replace(self, name: str) -> None:
        """Make a new pod for one that was deleted."""
        async with self._changing:
            gone = self.state.pods.pop(name, None)
            await self._stage.kubelet.forget(self.state.namespace, name)
            if gone is None or self.state.stage == "stopped":
                return
            pod = self.add_pod(gone.component)
            pod.revision = gone.revision
            del self.state.pods[pod.name]
            pod.name = f"{self.state.pod_prefix(pod.component, pod.revision)}-{pod.name[-5:]}"
            self.state.pods[pod.name] = pod
            if gone.stage == "fault" and self.state.fault:
                pod.stage, pod.fault = "fault", self.state.fault
            else:
                await self._bring_up([pod])
            await self.sync()

    async def stop(self) -> None:
        """Do what the annotation serving.kserve.io/stop wants: delete everything."""
        async with self._changing:
            state = self.state
            state.ready_revision = 0
            self.set_stage("stopped")
            await self._delete_children()
            await self.sync()

    async def go(self) -> None:
        """The service was deleted: let everything of it go, whatever was under way."""
        self._gone = True
        await self._delete_children()
        key = (self.state.kind, self.state.namespace, self.state.name)
        self._stage.kubelet.loads.pop(key, None)

    async def _delete_children(self) -> None:
        for name in list(self.state.pods):
            await self.remove_pod(name)
        store = self._stage.store
        for group, plural in (("serving.knative.dev", "services"), ("apps", "deployments"), ("", "services")):
            for entry in list(store.shelf(group, plural).entries.values()):
                owners: list[dict[str, Any]] = entry.object["metadata"].get("ownerReferences", [])
                if any(owner.get("uid") == self.state.uid for owner in owners):
                    store.delete(group, plural, entry.namespace, entry.name)


def _older(pods: Iterable[PodState], seconds: float) -> None:
    for pod in pods:
        pod.created_s -= seconds
        pod.changed_s -= seconds


def _owner_label(found: dict[str, Any], state: ServiceState) -> str:
    """Give the uid of the service when an object carries a label with its name."""
    labels = found["metadata"].get("labels", {})
    return state.uid if state.name in (labels.get(name) for name in _NAMING) else ""

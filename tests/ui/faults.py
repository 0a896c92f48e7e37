"""The faults of the sandbox at a fixed moment: the objects, events and logs that its world would show, and why.

Nothing runs here: the world's own templates are filled for a service that has been broken for ten minutes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.peek import conditions_of
from kmon_tui.domain.service import Key, Kind, Readiness, Replicas
from kmon_tui.domain.state import State
from kmon_tui.domain.tree import LogTail, ObjectTree
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.world import World
from kmon_tui.sandbox.world_events import Events
from kmon_tui.sandbox.world_faults import BROKEN, applied, component_of, part, with_pods
from kmon_tui.sandbox.world_objects import objects_of, pod_object, status_of, values_of
from kmon_tui.sandbox.world_state import PodState, ServiceState
from kmon_tui.sandbox.world_templates import filled, moment
from tests.ui.insides import opened
from tests.ui.samples import LIVE, NOW, ago, isvc

Json = dict[str, Any]
BROKEN_S = 600.0
"""For so long it has been broken."""


def broken_state(fault: str) -> State:
    """Give the State in which somebody looks into a broken service, the only one there is."""
    tree = broken_tree(fault)
    key = Key(Kind.ISVC, "faults", fault)
    conditions = conditions_of(tree.root or {})
    row = isvc(fault, "faults", Readiness.FAILED, conditions=conditions, since=ago(minutes=10), replicas=Replicas(0, 1))
    state = opened(key, tree, diagnose(tree, NOW))
    fleet = Fleet(services=(row,), synced=True, health=LIVE, kinds=tuple(Kind), server_version="v1.36.1")
    return replace(state, fleet=fleet, traffic=None)


def broken_tree(fault: str) -> ObjectTree:
    """Give what the API of a world shows of a fault."""
    root, *beside = [with_identity(found) for found in applied(fault, BROKEN)]
    store = Store()
    state = World(store).controller.state_of(root["kind"], root)
    state.created_s, state.changed_s = NOW.timestamp() - 7200.0, NOW.timestamp() - BROKEN_S
    state.stage = "rolling"
    for pod in pods_of(state):
        state.pods[pod.name] = pod
    Events(store, NOW.timestamp).of_fault(state)
    pods = [pod_object(state, pod) for pod in state.pods.values()]
    return ObjectTree(
        root={**root, "status": status_of(state)},
        objects=(*beside, *objects_of(state), *pods),
        events=tuple(sorted(store.list("", "events"), key=lambda event: str(event["lastTimestamp"]))),
        logs=tuple(tails(state)),
        synced=True,
    )


def with_identity(found: Json) -> Json:
    """Give an object what the API server would give it."""
    metadata = found["metadata"]
    made = {"uid": str(uuid.uuid5(uuid.NAMESPACE_URL, metadata["name"])), "creationTimestamp": moment(NOW.timestamp())}
    return {**found, "metadata": {**made, **metadata, "creationTimestamp": moment(NOW.timestamp() - 7200.0)}}


def pods_of(state: ServiceState) -> Iterator[PodState]:
    """Make the pods that there are of it: the failing ones, and those that come up in spite of it."""
    failing = part(state.fault, "pod") is not None
    if not (failing or with_pods(state.fault)):
        return
    for place, component in enumerate(state.components):
        bad = failing and component == component_of(state.fault, state.entry)
        name = f"{state.pod_prefix(component, 1)}-x4k2p"
        began_s = state.changed_s
        stage = "fault" if bad else "ready"
        yield PodState(name, component, 1, f"127.7.0.{place + 1}", began_s, stage, began_s, "gpu-a", fault=state.fault)


def tails(state: ServiceState) -> Iterator[LogTail]:
    """Give the last words of the containers that fail."""
    for pod in state.pods.values():
        for container, lines in (part(state.fault, "logs") or {}).items() if pod.stage == "fault" else ():
            main = pod_object(state, pod)["spec"]["containers"][0]["name"]
            values = {**values_of(state, pod.component, 1, pod), "clock": "2026-11-27 12:00:01.501"}
            said = tuple(str(filled(line, values)) for line in lines)
            yield LogTail(pod.name, main if container == "main" else container, said, previous=True)

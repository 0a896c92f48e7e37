"""What happened before the world began: which pods there were, when they were replaced, who got which requests."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, field, replace
from typing import Any

from kmon_tui.sandbox.models_load import Flow
from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.prometheus_history import backfill
from kmon_tui.sandbox.world_actor import Stage
from kmon_tui.sandbox.world_kubelet import OLDEST_S, Kubelet
from kmon_tui.sandbox.world_objects import pod_object
from kmon_tui.sandbox.world_state import PodState, ServiceState

_GAP_S = 25.0
"""How long a replaced pod is missed."""


@dataclass(slots=True)
class Life:
    """When a pod served."""

    pod: PodState
    from_s: float
    to_s: float = math.inf
    restarts_s: list[float] = field(default_factory=list)


def lives_of(state: ServiceState, plan: dict[str, Any], now_s: float) -> list[Life]:
    """Give the lives of all pods that serve now and of those that served within the last hour."""
    rng = random.Random(f"{state.namespace}/{state.name}")
    lives = [Life(pod, max(pod.created_s + 12, now_s - OLDEST_S)) for pod in state.ready_pods()]
    if plan.get("restarted_s_ago") and lives:
        lives[0].restarts_s.append(now_s - plan["restarted_s_ago"])
    wakes = plan.get("wakes")
    if wakes and not lives:
        for number in range(1, 5):
            woke_s = now_s - number * wakes["every_s"] + rng.uniform(0, 60)
            lives.append(Life(_dead(state, state.entry, number, woke_s), woke_s, woke_s + wakes["for_s"]))
    elif len(state.ready_pods(state.entry)) > 1 and not state.canary_percent:
        young = min(lives, key=lambda life: -life.pod.created_s)
        before_s = young.pod.created_s
        old = _dead(state, young.pod.component, 0, before_s - 86400)
        lives.append(Life(old, now_s - OLDEST_S, before_s - _GAP_S + 12))
    return lives


def _dead(state: ServiceState, component: str, number: int, created_s: float) -> PodState:
    end = "".join(random.Random(f"{state.name} {number}").choices("bcdfghjklmnp", k=5))
    revision = state.ready_revision
    name = f"{state.pod_prefix(component, revision)}-{end}"
    return PodState(name, component, revision, f"127.1.1.{number + 1}", created_s, "ready", created_s)


def flows_of(state: ServiceState, lives: list[Life], kubelet: Kubelet) -> list[Flow]:
    """Share the requests of all times among the pods that served then."""
    load = kubelet.load_of(state)
    flows = [Flow(load, life.from_s, restarts_s=life.restarts_s, ended_s=life.to_s) for life in lives]
    turns = sorted({life.from_s for life in lives} | {life.to_s for life in lives if life.to_s < math.inf})
    for turn_s in turns:
        there = [i for i, life in enumerate(lives) if life.from_s <= turn_s < life.to_s]
        then = replace(state, pods={lives[i].pod.name: lives[i].pod for i in there})
        for i in there:
            flows[i].set_share(turn_s, then.share_of(lives[i].pod))
    return flows


def scrape_times_ms(life: Life, now_s: float, history_s: float, step_s: float) -> list[int]:
    """Give when a pod was scraped in the past, the last time just now: the first scrape to come must leave no gap."""
    just_now_s = now_s - 0.5
    first = math.ceil((max(life.from_s + 2, now_s - history_s) - just_now_s) / step_s)
    last = math.floor((min(life.to_s, now_s) - 0.5 - just_now_s) / step_s)
    return [round((just_now_s + step * step_s) * 1000) for step in range(first, last + 1)]


async def begin(
    state: ServiceState, plan: dict[str, Any], stage: Stage, server: Prometheus | None, history_s: float
) -> None:
    """Start the servers of a service that has lived before, and give Prometheus its past."""
    now_s = time.time()
    kubelet = stage.kubelet
    lives = lives_of(state, plan, now_s)
    for life, flow in zip(lives, flows_of(state, lives, kubelet), strict=True):
        servers = kubelet.new_pod(state, life.pod, flow)
        alive = life.to_s == math.inf
        if alive:
            await kubelet.models.add(servers, life.pod.ip)
        pod = stage.store.get("", "pods", state.namespace, life.pod.name) if alive else pod_object(state, life.pod)
        if server is not None and pod is not None:
            times_ms = scrape_times_ms(life, now_s, history_s, server.configuration.scrape_interval_s)
            backfill(server, pod, servers, times_ms, alive=alive)

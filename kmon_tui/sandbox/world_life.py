"""What keeps happening: rollouts, scaling with the traffic, cold starts, containers that crash again."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Mapping
from typing import Any

from kmon_tui.sandbox import world_faults
from kmon_tui.sandbox.world_actor import Actor, Stage
from kmon_tui.sandbox.world_tasks import Tasks

_AUTOSCALE_EVERY_S = 20.0
_CRASH_EVERY_S = 75.0
_WRITE_EVERY_S = 4.0


def lead(actor: Actor, plan: dict[str, Any], stage: Stage, tasks: Tasks) -> None:
    """Start what a service does by itself."""
    name = f"{actor.state.namespace}/{actor.state.name}"
    if plan.get("rollout"):
        tasks.start(_rollouts(actor, plan["rollout"], stage), f"rollouts of {name}")
    elif plan.get("wakes"):
        tasks.start(_wakes(actor, plan["wakes"], stage), f"cold starts of {name}")
    elif actor.state.mode == "knative" and actor.state.spec.get("predictor", {}).get("scaleTarget"):
        tasks.start(_autoscale(actor, stage), f"autoscaling of {name}")
    if actor.state.fault and world_faults.part(actor.state.fault, "logs") is not None:
        tasks.start(_crashes(actor, stage), f"crashes of {name}")


async def _rollouts(actor: Actor, plan: dict[str, float], stage: Stage) -> None:
    """Finish the rollout that was under way, then begin a new one from time to time."""
    takes_s = plan["takes_s"]
    await actor.finish_rollout(takes_s * 0.6)
    while True:
        await stage.wait(plan["every_s"] - takes_s)
        await actor.roll_out(starting_s=takes_s)


async def _wakes(actor: Actor, plan: dict[str, float], stage: Stage) -> None:
    """Serve a little while whenever a request comes."""
    component = actor.state.entry
    while True:
        await stage.wait(plan["every_s"] * random.uniform(0.4, 1.0))
        await actor.scale(component, 1)
        await stage.wait(plan["for_s"])
        await actor.scale(component, 0)


async def _autoscale(actor: Actor, stage: Stage) -> None:
    """Keep as many pods as the requests want, as Knative's autoscaler does."""
    state = actor.state
    quiet_since = time.monotonic()
    while True:
        await stage.wait(_AUTOSCALE_EVERY_S)
        if state.stage != "ready" or state.fault:
            continue
        predictor = state.spec["predictor"]
        load = stage.kubelet.load_of(state)
        wanted = math.ceil(load.rate(time.time()) / predictor["scaleTarget"])
        wanted = max(predictor.get("minReplicas", 1), min(predictor.get("maxReplicas", 5), wanted))
        have = len(state.ready_pods("predictor"))
        if wanted >= have:
            quiet_since = time.monotonic()
        if wanted > have or (wanted < have and (time.monotonic() - quiet_since) * stage.speed > 60):
            stage.events.scaled(state, "predictor", wanted)
            await actor.scale("predictor", wanted)
            quiet_since = time.monotonic()


async def _crashes(actor: Actor, stage: Stage) -> None:
    """Let the failing container crash again and again."""
    while actor.state.fault:
        await stage.wait(_CRASH_EVERY_S * random.uniform(0.8, 1.2))
        actor.crash_again()


async def write_logs(stage: Stage, actors: Mapping[tuple[str, str, str], Actor]) -> None:
    """Let containers that get requests write about one from time to time."""
    while True:
        await asyncio.sleep(_WRITE_EVERY_S)
        stage.diary.serving([actor.state for key, actor in actors.items() if key in stage.kubelet.plans])


async def tidy(stage: Stage) -> None:
    """Forget old events."""
    while True:
        await asyncio.sleep(60)
        stage.events.forget_old()

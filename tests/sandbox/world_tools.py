"""What tests of the sandbox's world share: serving pods, a running world, waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kmon_tui.sandbox.apiserver.definitions import definitions
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.models_load import Flow, Load, Plan
from kmon_tui.sandbox.models_pod import ModelPod, PodPlan
from kmon_tui.sandbox.world import World, WorldOptions

DATA = Path(__file__).parent.parent / "data" / "sandbox-models"
GROUP = "serving.kserve.io"


def busy_pod(plan: PodPlan, traffic: Plan | None = None, *, lived_s: float = 600.0) -> ModelPod:
    """Make a pod that has served its traffic for a while."""
    started_s = time.time() - lived_s
    load = Load(traffic or Plan(requests_per_s=9, errors=0.05, client_errors=0.05), plan.name)
    return ModelPod(plan, Flow(load, started_s, [(started_s, 1.0)]))


@asynccontextmanager
async def serving(pod: ModelPod) -> AsyncIterator[tuple[Models, str]]:
    """Let one pod listen; give the models and its address."""
    async with Models() as models:
        ip = models.new_ip()
        await models.add(pod, ip)
        yield models, ip


@asynccontextmanager
async def a_world(**options: Any) -> AsyncIterator[tuple[World, Store]]:
    """Run a world over a store of its own, ten times as fast as real life unless told."""
    store = Store()
    for definition in definitions():
        store.put(definition)
    async with World(store, WorldOptions(**{"name": "quiet", "speed": 10.0, **options})) as world:
        yield world, store


async def until(look: Callable[[], Any], what: str, deadline_s: float = 10.0) -> Any:
    """Wait until something is true; give it."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"still not so after {deadline_s:g} s: {what}")


def isvc(name: str, uri: str = "gs://bucket/iris", *, mode: str = "Knative", **predictor: Any) -> dict[str, Any]:
    """Write an InferenceService as a person would."""
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": "default",
            "annotations": {"serving.kserve.io/deploymentMode": mode},
        },
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}, **predictor}},
    }


def condition(found: dict[str, Any] | None, kind: str) -> dict[str, Any]:
    """Give one condition of an object; empty when it is not there."""
    conditions = (found or {}).get("status", {}).get("conditions", ())
    return next((one for one in conditions if one["type"] == kind), {})


def stored(store: Store, name: str, namespace: str = "default") -> dict[str, Any] | None:
    """Give an InferenceService as it is now."""
    return store.get(GROUP, "inferenceservices", namespace, name)


def pods_of(store: Store, name: str, namespace: str = "default") -> list[dict[str, Any]]:
    """Give the pods of an InferenceService."""
    label = "serving.kserve.io/inferenceservice"
    return [pod for pod in store.list("", "pods", namespace) if pod["metadata"].get("labels", {}).get(label) == name]

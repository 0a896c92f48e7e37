"""Services in great number, without model servers, whose status changes all the time: for tests of size."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.world_objects import pod_object, status_of
from kmon_tui.sandbox.world_state import GROUP, PodState, ServiceState
from kmon_tui.sandbox.world_tasks import Tasks

LABEL = "sandbox.example.com/synthetic"
_FORMATS = ("sklearn", "xgboost", "lightgbm", "pytorch", "onnx")
_STAGES = (("ready", 88), ("updating", 5), ("rolling", 3), ("cold", 4))
_TICK_S = 0.05


class Synthetic:
    """Synthetic services of a store."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self._rng = random.Random(count)
        self._keys: list[tuple[str, str]] = []
        for number in range(count):
            self._make(number)

    def _make(self, number: int) -> None:
        rng = self._rng
        stage = rng.choices([name for name, _ in _STAGES], [weight for _, weight in _STAGES])[0]
        mode = "knative" if stage == "cold" or rng.random() < 0.6 else "standard"
        created_s = time.time() - rng.uniform(600, 5_000_000)
        model = {"modelFormat": {"name": rng.choice(_FORMATS)}, "storageUri": f"s3://models/{number}", "name": ""}
        state = ServiceState(
            kind="InferenceService",
            namespace=f"team-{number % 40:02d}",
            name=f"model-{number:05d}",
            uid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            mode=mode,
            spec={"predictor": {"minReplicas": 0 if stage == "cold" else 1, "model": model}},
            created_s=created_s,
            changed_s=created_s + 60,
            stage=stage,
            ready_revision=0 if stage == "rolling" else 1,
            runtime="kserve-sklearnserver",
            image="kserve/sklearnserver:v0.20.0",
            replicas={"predictor": 0 if stage == "cold" else 1},
        )
        if stage != "cold":
            name = f"{state.pod_prefix('predictor', 1)}-{number % 100000:05d}"
            pod_stage = "ready" if stage in ("ready", "updating") else "starting"
            state.pods[name] = PodState(name, "predictor", 1, "", created_s, pod_stage, created_s + 50)
        self._put(state)
        self._keys.append((state.namespace, state.name))

    def _put(self, state: ServiceState) -> None:
        metadata: dict[str, Any] = {"name": state.name, "namespace": state.namespace, "uid": state.uid}
        metadata["labels"] = {LABEL: "true"}
        found = {"apiVersion": f"{GROUP}/v1beta1", "kind": "InferenceService", "metadata": metadata}
        self._store.put({**found, "spec": state.spec, "status": status_of(state)})
        for pod in state.pods.values():
            made = pod_object(state, pod)
            for key in ("podIP", "podIPs"):  # nobody listens there, so nobody shall scrape it
                made["status"].pop(key, None)
            made["metadata"].pop("ownerReferences")
            self._store.put(made)

    async def change(self, events_per_s: float) -> None:
        """Change the status of one service after the other, evenly, for ever."""
        loop = asyncio.get_running_loop()
        started, done = loop.time(), 0
        while True:
            await asyncio.sleep(_TICK_S)
            due = int((loop.time() - started) * events_per_s)
            for _ in range(min(due - done, 1000)):
                self.touch(*self._rng.choice(self._keys))
            done = due

    def touch(self, namespace: str, name: str) -> None:
        """Change something of a service's status, sometimes whether it is ready."""
        found = self._store.get(GROUP, "inferenceservices", namespace, name)
        if found is None:
            return
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        flips = self._rng.random() < 0.02
        for condition in found["status"]["conditions"]:
            if condition["type"] == "Ready":
                condition["lastTransitionTime"] = now
                if flips:
                    condition["status"] = "Unknown" if condition["status"] == "True" else "True"
        annotations = found["metadata"].setdefault("annotations", {})
        annotations["sandbox.example.com/touched"] = str(self._rng.getrandbits(32))
        self._store.put(found)


@asynccontextmanager
async def synthetic(store: Store, count: int, events_per_s: float) -> AsyncIterator[None]:
    """Put synthetic services into a store, and change them while the block runs."""
    tasks = Tasks()
    if count:
        made = Synthetic(store, count)
        if events_per_s:
            tasks.start(made.change(events_per_s), "synthetic changes")
    try:
        yield
    finally:
        await tasks.close()

"""Follows a cluster in a test, and waits for what it ought to show."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.health import Status
from kmon_tui.live.cluster import KubeCluster
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.quiet_gc import QuietGc
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.watch import Around, Pace
from kmon_tui.sandbox.sandbox import Sandbox
from kmon_tui.settings import KubeSettings

SAMPLES = Path(__file__).parent.parent / "data" / "kserve-objects"
SOON = Backoff(shortest_s=0.05, longest_s=0.2)
QUICK = Pace(watch_s=20.0, grace_s=1.0, ask_s=0.1, look_s=0.3, version_s=0.0, scalers_s=0.05, backoff=SOON)
"""As patient as a test can be."""


class Watching:
    """The fleets that came so far."""

    def __init__(self) -> None:
        self.fleets: list[Fleet] = []
        self._news = asyncio.Event()

    @property
    def now(self) -> Fleet:
        """The newest one."""
        return self.fleets[-1]

    def saw(self, fleet: Fleet) -> None:
        """Take the next one."""
        self.fleets.append(fleet)
        self._news.set()

    async def until(self, look: Callable[[Fleet], bool], within_s: float = 20.0) -> Fleet:
        """Wait for a fleet that is as it ought to be."""
        try:
            async with asyncio.timeout(within_s):
                while not self.fleets or not look(self.now):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            last = self.fleets[-1] if self.fleets else Fleet()
            raise AssertionError(f"this never came; last: {names(last)} {last.health} {last.notes}") from None
        return self.now

    async def synced(self) -> Fleet:
        """Wait for the first complete fleet."""
        return await self.until(lambda fleet: fleet.synced)

    async def failing(self) -> Fleet:
        """Wait until the way to the API fails."""
        return await self.until(lambda fleet: fleet.health.status is Status.FAILING)

    async def live(self) -> Fleet:
        """Wait until the way to the API works."""
        return await self.until(lambda fleet: fleet.health.status is Status.LIVE)


def names(fleet: Fleet) -> list[str]:
    """Give the names of all rows."""
    return [row.key.name for row in fleet.services]


@cache
def _parsed(file: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((SAMPLES / f"{file}.yaml").read_text())
    return document


def sample(file: str = "isvc-ready-serverless-0.20", name: str = "", namespace: str = "") -> dict[str, Any]:
    """Give an object of the samples, by another name."""
    obj = copy.deepcopy(_parsed(file))
    for field in ("uid", "resourceVersion", "finalizers"):
        obj["metadata"].pop(field, None)
    obj["metadata"]["name"] = name or obj["metadata"]["name"]
    obj["metadata"]["namespace"] = namespace or obj["metadata"]["namespace"]
    return obj


def pod(
    isvc: str, name: str, namespace: str = "default", ready: bool = True, labels: dict[str, str] | None = None
) -> dict[str, Any]:
    """Give a pod of a model."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels or {"serving.kserve.io/inferenceservice": isvc, "component": "predictor"},
        },
        "spec": {"containers": [{"name": "kserve-container", "image": "x"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {"name": "kserve-container", "image": "x", "imageID": "", "ready": ready, "restartCount": 0}
            ],
        },
    }


@asynccontextmanager
async def watching(
    where: Sandbox | Path, pace: Pace = QUICK, rate: RateLimit | None = None, **settings: Any
) -> AsyncGenerator[Watching]:
    """Watch a sandbox, or what a kubeconfig names, and stop in the end."""
    kubeconfig = where if isinstance(where, Path) else where.kubeconfig
    settings.setdefault("all_namespaces", "namespace" not in settings)
    access = find_access(KubeSettings(kubeconfig=str(kubeconfig), **settings))
    client = KubeClient(access, answer_s=2.0, rate=rate or RateLimit(1000.0, 1000))
    cluster = KubeCluster(client, access, Around(lambda: 0.5, pace, QuietGc()))
    seen = Watching()

    async def follow() -> None:
        async with aclosing(cluster.watch()) as fleets:
            async for fleet in fleets:
                seen.saw(fleet)

    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()
    assert task.cancelled(), "the watch ended by itself"

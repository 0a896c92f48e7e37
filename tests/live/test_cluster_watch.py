"""The fleet follows the cluster: what is new, changed and gone, of every kind, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.health import Status
from kmon_tui.domain.service import Kind, Readiness, Replicas
from kmon_tui.live.watch import Pace
from kmon_tui.sandbox.faults import Fault
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from tests.live.watching import QUICK, names, pod, sample, watching

EMPTY = SandboxOptions(world="empty")
GROUP = "serving.kserve.io"


async def test_objects_and_their_pods_become_rows() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(pod("sklearn-iris", "p-1"))

        async with watching(sandbox) as seen:
            fleet = await seen.synced()

    assert names(fleet) == ["sklearn-iris"]
    assert fleet.services[0].replicas == Replicas(1, 1)
    assert fleet.services[0].readiness is Readiness.READY
    assert fleet.health.status is Status.LIVE
    assert fleet.kinds == (Kind.ISVC, Kind.LLM, Kind.GRAPH)


async def test_the_version_of_the_server_is_told_a_little_later() -> None:
    async with Sandbox(EMPTY) as sandbox, watching(sandbox, replace(QUICK, version_s=2.0)) as seen:
        first = await seen.synced()
        later = await seen.until(lambda fleet: bool(fleet.server_version))

    assert (first.server_version, later.server_version[:3]) == ("", "v1.")


async def test_what_is_new_changed_and_gone_is_followed() -> None:
    async with Sandbox(EMPTY) as sandbox, watching(sandbox) as seen:
        await seen.synced()
        sandbox.api.store.put(sample(name="a"))
        await seen.until(lambda fleet: names(fleet) == ["a"])
        changed = sample("isvc-stopped", name="a")
        sandbox.api.store.put(changed)
        await seen.until(lambda fleet: fleet.services[0].readiness is Readiness.STOPPED)

        sandbox.api.store.delete(GROUP, "inferenceservices", "default", "a")

        await seen.until(lambda fleet: fleet.services == ())


async def test_a_pod_that_becomes_ready_changes_only_its_row() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for name in ("a", "b"):
            sandbox.api.store.put(sample("isvc-ready-standard-0.20", name=name))
        async with watching(sandbox) as seen:
            before = await seen.synced()

            sandbox.api.store.put(pod("b", "b-1"))

            after = await seen.until(lambda fleet: fleet.services[1].replicas.ready == 1)

    assert after.services[0] is before.services[0]


async def test_rows_are_sorted_and_of_all_kinds() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample("llmisvc-ready"))
        sandbox.api.store.put(sample(name="z", namespace="a-team"))
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.store.put(
            pod("", "w", labels={"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/name": "qwen"})
        )

        async with watching(sandbox) as seen:
            fleet = await seen.synced()

    assert list(fleet.services) == sorted(fleet.services, key=lambda row: row.key)
    assert [str(row.key) for row in fleet.services] == ["a-team/z", "default/a", "default/qwen"]
    assert fleet.services[2].replicas == Replicas(1, 2)


GRAPH: dict[str, Any] = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "InferenceGraph",
    "metadata": {"name": "g", "namespace": "default"},
    "spec": {"nodes": {"root": {"routerType": "Sequence", "steps": []}}},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}


async def test_graph_pods_are_counted() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(GRAPH)
        sandbox.api.store.put(pod("", "g-1", labels={"serving.kserve.io/inferencegraph": "g"}))

        async with watching(sandbox) as seen:
            fleet = await seen.synced()

    assert fleet.services[0].replicas == Replicas(1, 1)


def replicas_of(fleet: Fleet, name: str = "g") -> Replicas:
    return next(row.replicas for row in fleet.services if row.key.name == name)


async def test_beside_language_models_graph_pods_are_watched_too_and_no_more_than_five_watches_are_open() -> None:
    graph = {"serving.kserve.io/inferencegraph": "g"}
    model = {"app.kubernetes.io/part-of": "llminferenceservice", "app.kubernetes.io/name": "qwen"}
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample(name="a"))
        sandbox.api.store.put(sample("llmisvc-ready"))
        sandbox.api.store.put(GRAPH)
        sandbox.api.store.put(pod("", "g-1", labels=graph))
        open_at_once = most_watches(sandbox)

        async with watching(sandbox, replace(QUICK, turn_s=1.0)) as seen:
            fleet = await seen.synced()
            assert replicas_of(fleet) == Replicas(1, 1)
            await seen.until(lambda fleet: any("are watched in turns" in note for note in fleet.notes))

            for turn in range(2, 4):  # the graph itself does not change
                sandbox.api.store.put(pod("", f"g-{turn}", labels=graph))
                sandbox.api.store.put(pod("", f"w-{turn}", labels=model))
                await seen.until(has_pods("g", turn))
                await seen.until(has_pods("qwen", turn - 1))

    lists = [r for r in sandbox.api.log if r.verb == "list" and r.resource == "pods"]
    assert len(lists) == 3
    assert open_at_once() <= 5


def has_pods(name: str, ready: int) -> Callable[[Fleet], bool]:
    return lambda fleet: replicas_of(fleet, name).ready == ready


def most_watches(sandbox: Sandbox) -> Callable[[], int]:
    """Count from now on how many watches are open at once, and give what tells the most that there were."""
    most = 0

    async def look() -> None:
        nonlocal most
        while True:
            most = max(most, sandbox.api.store.watches)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(look())

    def told() -> int:
        task.cancel()
        return most

    return told


async def test_a_long_list_comes_in_pages() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for number in range(25):
            sandbox.api.store.put(sample(name=f"m-{number:02d}"))

        async with watching(sandbox, Pace(page=10, backoff=QUICK.backoff)) as seen:
            fleet = await seen.synced()

    assert len(fleet.services) == 25
    lists = [r for r in sandbox.api.log if r.verb == "list" and r.resource == "inferenceservices"]
    assert [record.query["limit"] for record in lists] == ["10", "10", "10"]


async def test_a_list_whose_token_expires_starts_over() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for number in range(25):
            sandbox.api.store.put(sample(name=f"m-{number:02d}"))
        sandbox.api.faults.add(Fault("410", "list/inferenceservices", after=1, times=1))

        async with watching(sandbox, Pace(page=10, backoff=QUICK.backoff)) as seen:
            fleet = await seen.synced()

    assert len(fleet.services) == 25

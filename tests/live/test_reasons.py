"""Reasons of many services in trouble cost a bounded number of lists, and nothing at all while there is no trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from kmon_tui.domain.diagnosis import diagnose, together
from kmon_tui.domain.peek import kind_of, name_of
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness
from kmon_tui.domain.tree import ObjectTree, Ref, Why
from kmon_tui.live import tree_reasons
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.tree_words import MOST_ANSWERS, MOST_NAMES
from kmon_tui.live.trees import KubeTrees
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings
from tests.live.watching import sample

EMPTY = SandboxOptions(world="empty", tls=False)


class Trouble:
    """A Troubled that a test changes."""

    def __init__(self, *rows: InferenceService) -> None:
        self.rows = rows
        self._event = asyncio.Event()

    async def changed(self) -> None:
        await self._event.wait()

    def now(self, *rows: InferenceService) -> None:
        self.rows = rows
        self._event.set()
        self._event = asyncio.Event()


def row(name: str, namespace: str = "default", mode: Mode = Mode.STANDARD) -> InferenceService:
    return InferenceService(Key(Kind.ISVC, namespace, name), readiness=Readiness.FAILED, mode=mode)


def put(sandbox: Sandbox, name: str, namespace: str = "default") -> None:
    store = sandbox.api.store
    store.put(sample("isvc-notready-standard", name, namespace))
    store.put(pulling(name, namespace))
    store.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.1", "namespace": namespace},
            "involvedObject": {"kind": "Pod", "name": f"{name}-predictor-x", "namespace": namespace},
            "type": "Warning",
            "reason": "Failed",
            "message": 'Failed to pull image "ghcr.io/a/b:1": 401 Unauthorized',
            "lastTimestamp": "2026-11-22T12:00:00Z",
        }
    )


def pulling(name: str, namespace: str) -> dict[str, Any]:
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "ghcr.io/a/b:1"'}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-predictor-x",
            "namespace": namespace,
            "creationTimestamp": "2026-11-22T11:00:00Z",
            "labels": {"serving.kserve.io/inferenceservice": name, "component": "predictor"},
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "kserve-container", "image": "ghcr.io/a/b:1"}]},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
            "containerStatuses": [
                {"name": "kserve-container", "image": "ghcr.io/a/b:1", "imageID": "", "ready": False, "restartCount": 0}
                | {"state": {"waiting": waiting}}
            ],
        },
    }


class Values(list[Mapping[Key, ObjectTree]]):
    """What came so far."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        """How many requests had been made when each of them came."""


@asynccontextmanager
async def read(sandbox: Sandbox, trouble: Trouble, *, at_once: bool = True) -> AsyncIterator[Values]:
    """Follow the reasons; give the list to which each value is added."""
    sandbox.api.store.put({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    client = KubeClient(
        find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig))), answer_s=5.0, rate=RateLimit(1000.0, 1000)
    )
    values = Values()

    async def follow() -> None:
        async with aclosing(KubeTrees(client).reasons(trouble, at_once=at_once)) as found:
            async for trees in found:
                values.asked.append(len(sandbox.api.log))
                values.append(trees)

    task = asyncio.create_task(follow())
    try:
        yield values
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


async def until_there(values: list[Mapping[Key, ObjectTree]], count: int = 1) -> Mapping[Key, ObjectTree]:
    for _ in range(400):
        if len(values) >= count:
            return values[-1]
        await asyncio.sleep(0.02)
    raise AssertionError(f"only {len(values)} values came")


async def test_a_name_too_long_for_a_label_costs_the_others_nothing() -> None:
    long = "n" * 253
    async with Sandbox(EMPTY) as sandbox:
        put(sandbox, "a")
        sandbox.api.store.put(sample("isvc-notready-standard", long, "default"))
        async with read(sandbox, Trouble(row("a"), row(long)), at_once=False) as values:
            trees = await until_there(values)

    found = trees[Key(Kind.ISVC, "default", "a")]
    assert [name_of(one) for one in found.objects if kind_of(one) == "Pod"] == ["a-predictor-x"]
    assert not [blind for tree in trees.values() for blind in tree.blind if blind.why is not Why.ABSENT]


async def test_two_hundred_services_cost_some_forty_requests_and_no_watch() -> None:
    names = [f"model-{number:03d}" for number in range(200)]
    async with Sandbox(EMPTY) as sandbox:
        for place, name in enumerate(names):
            put(sandbox, name, f"team-{place % 8}")
        async with read(sandbox, Trouble(*(row(name, f"team-{i % 8}") for i, name in enumerate(names)))) as values:
            glanced = await until_there(values)
            trees = await until_there(values, 2)
        log = list(sandbox.api.log)

    assert len(trees) == len(glanced) == 200
    assert values.asked[0] <= 13
    assert len(log) <= 45
    assert all(tree.shallow for tree in glanced.values())
    assert not any(tree.shallow for tree in trees.values())
    assert not [record for record in log if record.verb == "watch"]
    diagnoses = {key: diagnose(tree, datetime.now(UTC)) for key, tree in trees.items()}
    assert {found.cause for found in diagnoses.values()} == {"image-auth"}
    assert len(together(diagnoses)) == 1


async def test_one_service_costs_a_handful_at_once_and_less_than_an_opened_one_in_all() -> None:
    async with Sandbox(EMPTY) as sandbox:
        put(sandbox, "iris")
        async with read(sandbox, Trouble(row("iris"))) as values:
            tree = next(iter((await until_there(values)).values()))
            await until_there(values, 2)
        in_all = len(sandbox.api.log)

    assert values.asked[0] <= 7
    assert in_all <= 22
    assert tree.root is not None
    assert name_of(tree.root) == "iris"
    assert {kind_of(found) for found in tree.objects} - {"Node"} == {"Pod"}
    assert len(tree.events) == 1


async def test_without_trouble_nothing_is_asked() -> None:
    async with Sandbox(EMPTY) as sandbox:
        put(sandbox, "iris")
        async with read(sandbox, Trouble()):
            await asyncio.sleep(0.3)

        assert len(sandbox.api.log) == 0


async def test_what_is_well_again_goes_at_once_and_without_a_request() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for name in ("a", "b"):
            put(sandbox, name)
        trouble = Trouble(row("a"), row("b"))
        async with read(sandbox, trouble) as values:
            before = await until_there(values, 2)
            asked = len(sandbox.api.log)
            trouble.now(row("b"))
            after = await until_there(values, 3)

        assert len(sandbox.api.log) == asked
    assert [key.name for key in after] == ["b"]
    assert after[row("b").key] is before[row("b").key]


async def test_one_more_restart_is_no_reason_to_read_again() -> None:
    async with Sandbox(EMPTY) as sandbox:
        put(sandbox, "iris")
        trouble = Trouble(row("iris")._replace(reason="CrashLoopBackOff", message="restarted 6 times"))
        async with read(sandbox, trouble) as values:
            await until_there(values, 2)
            asked = len(sandbox.api.log)
            trouble.now(trouble.rows[0]._replace(message="restarted 7 times"))
            await asyncio.sleep(0.2)

        assert len(sandbox.api.log) == asked
        assert len(values) == 2


async def test_a_right_that_is_missing_costs_its_part_only() -> None:
    async with Sandbox(EMPTY) as sandbox:
        put(sandbox, "iris")
        sandbox.api.access.forbid(Rule(resource="events"))
        async with read(sandbox, Trouble(row("iris"))) as values:
            tree = next(iter((await until_there(values)).values()))

    assert [blind.kind for blind in tree.blind if blind.why is not Why.ABSENT] == ["Event"]
    assert tree.objects


TEAMS = [f"team-{number}" for number in range(10)]


@pytest.mark.parametrize("at_once", [True, False])
async def test_where_all_namespaces_may_not_be_listed_they_come_four_at_a_time(
    at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("GAP_S", "PER_LIST_S", "LONGEST_S"):
        monkeypatch.setattr(tree_reasons, pause, 0.01)
    async with Sandbox(EMPTY) as sandbox:
        for team in TEAMS:
            put(sandbox, "iris", team)
        token = sandbox.api.access.add_user("dev", [Rule(namespace=team) for team in TEAMS])
        sandbox.kubeconfig = sandbox.write_kubeconfig("dev", token)
        async with read(sandbox, Trouble(*(row("iris", team) for team in TEAMS)), at_once=at_once) as values:
            await until_there(values)
            trees = await until_whole(values)

    assert len(trees) == 10
    assert all(tree.root is not None and tree.objects for tree in trees.values())
    assert [sum(bool(tree.objects) for tree in found.values()) for found in values if not at_once] in ([], [10])


async def until_whole(values: list[Mapping[Key, ObjectTree]]) -> Mapping[Key, ObjectTree]:
    for _ in range(400):
        if not any(tree.shallow for tree in values[-1].values()):
            return values[-1]
        await asyncio.sleep(0.02)
    raise AssertionError("some were never read whole")


async def test_children_without_labels_are_found_by_their_owners() -> None:
    async with Sandbox(EMPTY) as sandbox:
        put(sandbox, "iris")
        service = sandbox.api.store.get("serving.kserve.io", "inferenceservices", "default", "iris")
        assert service is not None
        above = service["metadata"]["uid"]
        for kind in ("Deployment", "ReplicaSet", "Pod"):
            above = unlabelled(sandbox, kind, above)
        async with read(sandbox, Trouble(row("iris"))) as values:
            tree = next(iter((await until_there(values, 2)).values()))

    assert [kind_of(found) for found in tree.objects if kind_of(found) in OWNED] == OWNED
    assert diagnose(tree, datetime.now(UTC)).cause == "image-auth"


OWNED = ["Deployment", "ReplicaSet", "Pod"]


def unlabelled(sandbox: Sandbox, kind: str, above: str) -> str:
    """Put a child that has only an owner; give its uid."""
    name = "iris-predictor-x"
    version = "v1" if kind == "Pod" else "apps/v1"
    made = {**pulling("iris", "default"), "apiVersion": version, "kind": kind}
    owner = {"apiVersion": "v1", "kind": "Owner", "name": "o", "uid": above}
    uid = f"uid-of-{kind}"
    made["metadata"] = {"name": name, "namespace": "default", "uid": uid, "ownerReferences": [owner]}
    made["metadata"]["creationTimestamp"] = "2026-11-22T11:00:00Z"
    sandbox.api.store.put(made if kind == "Pod" else {**made, "spec": {}, "status": {}})
    return uid


async def test_what_is_named_and_not_there_is_found_once_for_all() -> None:
    names = [f"model-{number}" for number in range(20)]
    async with Sandbox(EMPTY) as sandbox:
        for name in names:
            put(sandbox, name)
            pod = pulling(name, "default")
            pod["spec"]["imagePullSecrets"] = [{"name": "registry"}]
            sandbox.api.store.put(pod)
        async with read(sandbox, Trouble(*(row(name) for name in names))) as values:
            trees = await until_there(values, 2)
        asked = [record for record in sandbox.api.log if record.path.endswith("/secrets/registry")]

    assert {tree.absent for tree in trees.values()} == {(Ref("Secret", "registry", "default"),)}
    assert len(asked) == 1


async def test_names_that_one_round_leaves_are_looked_for_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("GAP_S", "PER_LIST_S", "LONGEST_S"):
        monkeypatch.setattr(tree_reasons, pause, 0.01)
    names = [f"model-{number:02d}" for number in range(MOST_NAMES + 6)]
    async with Sandbox(EMPTY) as sandbox:
        for name in names:
            put(sandbox, name)
            pod = pulling(name, "default")
            pod["spec"]["imagePullSecrets"] = [{"name": f"registry-of-{name}"}]
            sandbox.api.store.put(pod)
        async with read(sandbox, Trouble(*map(row, names)), at_once=False) as values:
            first, trees = await until_there(values), await until_there(values, 2)

    def unknown(found: Mapping[Key, ObjectTree]) -> int:
        return sum(not tree.absent for tree in found.values())

    assert (unknown(values[0]), unknown(trees)) == (6, 0)
    assert first.keys() == trees.keys()


async def test_so_many_models_are_asked_in_a_round_and_no_more() -> None:
    """All say Ready, nobody can be reached: a question each costs what others must not."""
    names = [f"model-{number:03d}" for number in range(60)]
    async with Sandbox(EMPTY) as sandbox:
        for name in names:
            sandbox.api.store.put(sample("isvc-ready-standard-0.20", name))
            pod = pulling(name, "default")
            pod["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
            sandbox.api.store.put(pod)
        async with read(sandbox, Trouble(*(row(name)._replace(readiness=Readiness.READY) for name in names))) as values:
            await until_there(values, 2)
        asked = [record for record in sandbox.api.log if "portforward" in record.path]

    assert len(asked) == MOST_ANSWERS

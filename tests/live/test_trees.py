"""The inside of an opened service follows the cluster, through what clusters do, and says what may not be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from kmon_tui.domain.errors import Absent, BackendError
from kmon_tui.domain.health import Status
from kmon_tui.domain.peek import kind_of, name_of, text
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import ObjectTree, Why
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.trees import KubeTrees
from kmon_tui.live.watch import Around
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings
from tests.live.watching import QUICK, pod, sample

EMPTY = SandboxOptions(world="empty", tls=False)
IRIS = Key(Kind.ISVC, "default", "sklearn-iris")


def event(about: str, name: str, reason: str = "BackOff", kind: str = "Pod", namespace: str = "default") -> Any:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {"kind": kind, "name": about, "namespace": namespace},
        "type": "Warning",
        "reason": reason,
        "message": "x",
        "lastTimestamp": "2026-11-22T12:00:00Z",
    }


def crashing(name: str, restarts: int = 3) -> Any:
    found = pod("sklearn-iris", name, ready=False)
    found["spec"]["nodeName"] = "n1"
    ended = {"exitCode": 1, "reason": "Error"}
    found["status"]["containerStatuses"][0] |= {
        "restartCount": restarts,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": ended},
    }
    return found


class Opened:
    """The trees that came so far."""

    def __init__(self) -> None:
        self.trees: list[ObjectTree] = []
        self._news = asyncio.Event()

    def saw(self, tree: ObjectTree) -> None:
        self.trees.append(tree)
        self._news.set()

    async def until(self, look: Callable[[ObjectTree], bool], within_s: float = 10.0) -> ObjectTree:
        try:
            async with asyncio.timeout(within_s):
                while not self.trees or not look(self.trees[-1]):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"this never came; last: {self.trees[-1:]}") from None
        return self.trees[-1]

    async def synced(self) -> ObjectTree:
        return await self.until(lambda tree: tree.synced)


@asynccontextmanager
async def trees_of(sandbox: Sandbox, token: str = "") -> AsyncIterator[KubeTrees]:
    path = sandbox.write_kubeconfig("other", token) if token else sandbox.kubeconfig
    sandbox.api.store.put({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    client = KubeClient(find_access(KubeSettings(kubeconfig=str(path))), answer_s=2.0, rate=RateLimit(1000.0, 1000))
    try:
        yield KubeTrees(client, Around(pace=QUICK))
    finally:
        await client.close()


@asynccontextmanager
async def opened(sandbox: Sandbox, key: Key = IRIS, token: str = "") -> AsyncIterator[Opened]:
    seen = Opened()

    async def follow(trees: KubeTrees) -> None:
        async with aclosing(trees.watch(key)) as found:
            async for tree in found:
                seen.saw(tree)

    async with trees_of(sandbox, token) as trees:
        task = asyncio.create_task(follow(trees))
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def names(tree: ObjectTree, kind: str = "Pod") -> set[str]:
    return {name_of(found) for found in tree.objects if kind_of(found) == kind}


async def test_pods_and_events_come_and_go_while_it_is_open() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample())
        store.put(pod("sklearn-iris", "sklearn-iris-predictor-a"))
        async with opened(sandbox) as seen:
            assert names(await seen.synced()) == {"sklearn-iris-predictor-a"}

            store.put(pod("sklearn-iris", "sklearn-iris-predictor-b"))
            store.put(event("sklearn-iris-predictor-b", "e1"))
            await seen.until(lambda tree: len(names(tree)) == 2 and len(tree.events) == 1)
            store.delete("", "pods", "default", "sklearn-iris-predictor-a")

            await seen.until(lambda tree: names(tree) == {"sklearn-iris-predictor-b"})


async def test_nothing_is_watched_any_more_once_it_is_closed() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        async with opened(sandbox) as seen:
            await seen.synced()
            await asyncio.sleep(0.1)

        before = len(sandbox.api.log)
        for number in range(5):
            sandbox.api.store.put(pod("sklearn-iris", f"sklearn-iris-predictor-{number}"))
        await asyncio.sleep(0.3)

    assert len(sandbox.api.log) == before


async def test_an_opening_costs_few_requests() -> None:
    async with Sandbox(SandboxOptions(world="demo", tls=False, history_s=0)) as sandbox:
        async with opened(sandbox, Key(Kind.ISVC, "fraud", "fraud-features")) as seen:
            await seen.synced()
            await asyncio.sleep(0.2)

        records = list(sandbox.api.log)

    assert len(records) <= 24
    assert sum(record.verb == "watch" for record in records) <= 6


async def test_events_of_services_with_longer_names_are_not_ours() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample())
        store.put(event("sklearn-iris-predictor-00001-deployment-7d9f-x2k4z", "gone-pod"))
        store.put(event("sklearn-iris-v2-predictor-00001-deployment-7d9f-x2k4z", "other-pod"))
        store.put(event("sklearn-iris-predictor-predictor-00001", "other-revision", kind="Revision"))
        store.put(event("sklearn-iris", "itself", kind="InferenceService"))
        async with opened(sandbox) as seen:
            tree = await seen.synced()

    assert {text(found, "metadata", "name") for found in tree.events} == {"gone-pod", "itself"}


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("pods", "Pod"),
        ("events", "Event"),
        ("revisions", "Revision"),
        ("deployments", "Deployment"),
        ("podautoscalers", "PodAutoscaler"),
        ("routes", "Route"),
        ("services", "Service"),
    ],
)
async def test_a_kind_that_may_not_be_read_costs_that_part_only(resource: str, kind: str) -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.access.forbid(Rule(resource=resource))
        async with opened(sandbox) as seen:
            tree = await seen.synced()

    assert tree.root is not None
    assert tree.health.status is Status.LIVE
    blind = [part for part in tree.blind if part.why is Why.FORBIDDEN]
    assert {part.kind for part in blind} == {kind}
    assert all(part.text.startswith("may not list") and "in namespace default" in part.text for part in blind)


async def test_what_may_be_listed_and_not_watched_is_shown_and_said() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(pod("sklearn-iris", "p"))
        sandbox.api.access.forbid(Rule(verb="watch", resource="pods"))
        async with opened(sandbox) as seen:
            tree = await seen.until(lambda tree: tree.synced and bool(tree.blind))

    assert names(tree) == {"p"}
    assert [part.text for part in tree.blind if part.kind == "Pod"] == ["may not watch pods in namespace default"]


async def test_logs_that_may_not_be_read_are_asked_for_once() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(crashing("p1"))
        sandbox.api.access.forbid(Rule(resource="pods/log"))
        async with opened(sandbox) as seen:
            tree = await seen.until(lambda tree: any(part.kind == "pods/log" for part in tree.blind))
            sandbox.api.store.put(crashing("p1", restarts=4))
            await seen.until(lambda tree: "4" in str(tree.objects))
            await asyncio.sleep(0.1)
        asked = [record for record in sandbox.api.log if record.path.endswith("/log")]

    assert [part.text for part in tree.blind if part.kind == "pods/log"] == [
        "may not get pods/log in namespace default"
    ]
    assert len(asked) == 1


async def test_the_last_words_of_a_crashing_container_are_read_again_after_a_restart_only() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store, logs = sandbox.api.store, sandbox.api.pods.logs
        store.put(sample())
        store.put(crashing("sklearn-iris-p1"))
        logs.write("default", "sklearn-iris-p1", "kserve-container", "ValueError: no")
        async with opened(sandbox) as seen:
            tree = await seen.until(lambda tree: bool(tree.logs))
            first = tree.logs[0].lines
            store.put(event("sklearn-iris-p1", "e1"))
            await seen.until(lambda tree: bool(tree.events))
            asked = sum(record.path.endswith("/log") for record in sandbox.api.log)
            logs.restart("default", "sklearn-iris-p1", "kserve-container")
            logs.write("default", "sklearn-iris-p1", "kserve-container", "ValueError: still no")
            store.put(crashing("sklearn-iris-p1", restarts=4))

            await seen.until(lambda tree: [tail.lines for tail in tree.logs] == [("ValueError: still no",)])

    assert first == ("ValueError: no",)
    assert asked == 1


async def test_a_log_whose_end_says_that_the_reason_stands_further_up_is_read_further_up() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(crashing("sklearn-iris-p1"))
        written = ["ValueError: no room", *["  frame"] * 90, "RuntimeError: it failed. See root cause above."]
        for line in written:
            sandbox.api.pods.logs.write("default", "sklearn-iris-p1", "kserve-container", line)
        async with opened(sandbox) as seen:
            tree = await seen.until(lambda tree: bool(tree.logs))

    assert tree.logs[0].lines == tuple(written)


async def test_healthy_containers_are_not_asked_for_their_logs() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(pod("sklearn-iris", "p1"))
        async with opened(sandbox) as seen:
            await seen.synced()

        assert not [record for record in sandbox.api.log if record.path.endswith("/log")]


async def test_the_old_tree_stays_while_the_api_is_away_and_news_come_after() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(pod("sklearn-iris", "p1"))
        async with opened(sandbox) as seen:
            await seen.synced()
            fault = sandbox.api.faults.add("*:drop")
            sandbox.api.store.drop_watches()
            tree = await seen.until(lambda tree: tree.health.status is Status.FAILING)
            sandbox.api.faults.remove(fault)
            sandbox.api.store.put(pod("sklearn-iris", "p2"))

            back = await seen.until(lambda tree: len(names(tree)) == 2 and tree.health.status is Status.LIVE)

    assert names(tree) == {"p1"}
    assert tree.root is not None
    assert back.synced


async def test_a_version_that_is_too_old_is_healed_by_a_new_list() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        async with opened(sandbox) as seen:
            await seen.synced()
            sandbox.api.store.drop_watches()
            sandbox.api.store.put(pod("sklearn-iris", "p1"))
            sandbox.api.store.compact()

            await seen.until(lambda tree: names(tree) == {"p1"})


async def test_a_watch_that_is_cut_in_the_middle_loses_nothing() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.faults.add("watch/pods:cut@1*1")
        async with opened(sandbox) as seen:
            await seen.synced()
            await asyncio.sleep(0.1)
            for number in range(4):
                sandbox.api.store.put(pod("sklearn-iris", f"p{number}"))
                await asyncio.sleep(0.02)

            await seen.until(lambda tree: names(tree) == {"p0", "p1", "p2", "p3"})


async def test_a_service_that_is_deleted_leaves_a_tree_without_a_root() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        async with opened(sandbox) as seen:
            await seen.synced()
            sandbox.api.store.delete("serving.kserve.io", "inferenceservices", "default", "sklearn-iris")

            await seen.until(lambda tree: tree.root is None and tree.synced)


async def test_a_look_at_what_is_not_there_says_so() -> None:
    async with Sandbox(EMPTY) as sandbox, trees_of(sandbox) as trees:
        with pytest.raises(Absent, match="there is no InferenceService sklearn-iris in namespace default"):
            await trees.look(IRIS)


async def test_a_look_at_an_api_that_is_away_does_not_wait_for_it() -> None:
    async with Sandbox(EMPTY) as sandbox, trees_of(sandbox) as trees:
        sandbox.api.faults.add("*:500")

        with pytest.raises(BackendError, match="500"):
            await trees.look(IRIS)


async def test_without_the_right_to_discovery_every_kind_is_tried() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.faults.add("/apis:403")
        async with trees_of(sandbox) as trees:
            tree = await trees.look(IRIS)

    absent = {part.kind for part in tree.blind if part.why is Why.ABSENT}
    assert "VirtualService" in absent
    assert tree.root is not None


def owned_by(owner: str, kind: str, name: str, version: str) -> Any:
    found: dict[str, Any] = crashing(name) if kind == "Pod" else {"apiVersion": version, "kind": kind, "spec": {}}
    owners = [{"apiVersion": "v1", "kind": "x", "name": "x", "uid": owner}]
    return {**found, "metadata": {"name": name, "namespace": "default", "uid": name, "ownerReferences": owners}}


async def test_children_without_labels_are_found_by_their_owners() -> None:
    async with Sandbox(EMPTY) as sandbox:
        uid = sandbox.api.store.put(sample())["metadata"]["uid"]
        sandbox.api.store.put(owned_by(uid, "Deployment", "d", "apps/v1"))
        sandbox.api.store.put(owned_by("d", "ReplicaSet", "r", "apps/v1"))
        sandbox.api.store.put(owned_by("r", "Pod", "mine", "v1"))
        sandbox.api.store.put(owned_by("stranger", "Pod", "another", "v1"))
        async with trees_of(sandbox) as trees:
            tree = await trees.look(IRIS)

    assert names(tree) == {"mine"}
    assert (names(tree, "Deployment"), names(tree, "ReplicaSet")) == ({"d"}, {"r"})


async def test_where_labels_lead_to_something_nobody_is_looked_for_by_owner() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(sample())
        sandbox.api.store.put(pod("sklearn-iris", "p1"))
        async with trees_of(sandbox) as trees:
            await trees.look(IRIS)

        assert all(record.query.get("labelSelector") for record in sandbox.api.log if record.resource == "pods")

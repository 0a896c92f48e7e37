"""Logs of a service come whole and in order, through restarts, new pods, cuts and whatever containers write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from kmon_tui.domain.errors import Absent, BackendError, Forbidden
from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import Key, Kind
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.log_lines import LONGEST, Lines
from kmon_tui.live.log_ring import CHUNK, Ring
from kmon_tui.live.log_source import Limits
from kmon_tui.live.logs import follow, read
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.watch import Around
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.faults import Fault
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings
from tests.live.watching import QUICK, pod, sample

EMPTY = SandboxOptions(world="empty", tls=False)
IRIS = Key(Kind.ISVC, "default", "iris")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def running(name: str, *, restarts: int = 0, ended: dict[str, Any] | None = None, waiting: str = "") -> Any:
    found = pod("iris", name)
    found["spec"]["nodeName"] = "n1"
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": "2026-11-22T12:00:00Z"}}
    status = {"restartCount": restarts, "state": state, "lastState": {"terminated": ended} if ended else {}}
    found["status"]["containerStatuses"][0] |= status
    return found


@asynccontextmanager
async def client_of(sandbox: Sandbox) -> AsyncIterator[KubeClient]:
    access = find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig)))
    client = KubeClient(access, answer_s=5.0, rate=RateLimit(1000.0, 1000))
    try:
        yield client
    finally:
        await client.close()


class Followed:
    """The views that came so far."""

    def __init__(self) -> None:
        self.view: LogView | None = None
        self._news = asyncio.Event()

    def saw(self, view: LogView) -> None:
        self.view = view
        self._news.set()

    async def until(self, look: Callable[[LogView], bool], within_s: float = 10.0) -> LogView:
        try:
            async with asyncio.timeout(within_s):
                while self.view is None or not look(self.view):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"this never came; last: {self.view}") from None
        return self.view


@asynccontextmanager
async def followed(
    sandbox: Sandbox, request: LogRequest | None = None, limits: Limits | None = None
) -> AsyncIterator[Followed]:
    seen = Followed()

    async def run(client: KubeClient) -> None:
        async with aclosing(follow(client, request or LogRequest(IRIS), Around(pace=QUICK), limits)) as views:
            async for view in views:
                seen.saw(view)

    async with client_of(sandbox) as client:
        task = asyncio.create_task(run(client))
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def has_seen(lines: int, view: LogView) -> bool:
    return view.total + view.dropped_at_source == lines


def lines_of(view: LogView) -> list[LogLine]:
    return [line for chunk in view.chunks for line in chunk]


def texts(view: LogView) -> list[str]:
    return [f"*{line.text}" if line.mark else line.text for line in lines_of(view)]


def write(sandbox: Sandbox, name: str, *said: str | bytes, at: datetime | None = None) -> None:
    for line in said:
        sandbox.api.pods.logs.write("default", name, "kserve-container", line, at)


def write_by_turns(sandbox: Sandbox) -> None:
    """Let two pods write six lines, one a second, the one after the other."""
    for name in ("iris-1", "iris-2"):
        sandbox.api.store.put(running(name))
    for number in range(6):
        write(sandbox, f"iris-{number % 2 + 1}", f"line {number}", at=NOON + timedelta(seconds=number))


async def test_what_several_pods_wrote_comes_in_the_order_of_its_writing() -> None:
    async with Sandbox(EMPTY) as sandbox:
        write_by_turns(sandbox)
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: view.total == 6)

    assert texts(view) == [f"line {number}" for number in range(6)]
    assert [line.pod for line in lines_of(view)][:2] == ["iris-1", "iris-2"]
    assert lines_of(view)[0].time == NOON
    assert set(view.streams) == {("iris-1", "kserve-container"), ("iris-2", "kserve-container")}


async def test_a_log_that_opens_late_is_waited_for_and_put_in_its_place() -> None:
    async with Sandbox(EMPTY) as sandbox:
        write_by_turns(sandbox)
        sandbox.api.faults.add(Fault.parse("get/pods/log:delay=1*1"))
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: view.total > 0)

    assert texts(view) == [f"line {number}" for number in range(6)]


async def test_a_log_that_never_opens_does_not_hold_up_the_others() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for name in ("iris-1", "iris-2"):
            sandbox.api.store.put(running(name))
            write(sandbox, name, f"said by {name}", at=NOON)
        sandbox.api.faults.add(Fault.parse("get/pods/log:delay=60*1"))
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: view.total > 0)

    assert len(texts(view)) == 1


async def test_a_new_pod_joins_by_itself_and_one_that_goes_is_said() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1"))
        write(sandbox, "iris-1", "old")
        async with followed(sandbox) as seen:
            await seen.until(lambda view: view.total == 1)
            sandbox.api.store.put(running("iris-2"))
            write(sandbox, "iris-2", "new")
            await seen.until(lambda view: "new" in texts(view))
            sandbox.api.store.delete("", "pods", "default", "iris-1")
            view = await seen.until(lambda view: "*the pod is gone" in texts(view))

    assert texts(view) == ["old", "*joined", "new", "*the pod is gone"]
    assert view.streams == (("iris-2", "kserve-container"),)


async def test_a_restart_is_marked_with_how_it_ended_and_no_line_comes_twice() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1"))
        write(sandbox, "iris-1", "first")
        async with followed(sandbox) as seen:
            await seen.until(lambda view: view.total == 1)
            sandbox.api.pods.logs.restart("default", "iris-1", "kserve-container")
            write(sandbox, "iris-1", "second")
            sandbox.api.store.put(running("iris-1", restarts=1, ended={"exitCode": 137, "reason": "OOMKilled"}))
            view = await seen.until(lambda view: "second" in texts(view))

    assert texts(view) == ["first", "*restarted (exit code 137, OOMKilled)", "second"]


async def test_a_container_that_has_not_started_is_named_and_read_once_it_has() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1", waiting="ImagePullBackOff"))
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: bool(view.problems))
            problems = view.problems
            write(sandbox, "iris-1", "at last")
            sandbox.api.store.put(running("iris-1"))
            view = await seen.until(lambda view: "at last" in texts(view))

    assert problems == ("kserve-container of iris-1: not started yet (ImagePullBackOff)",)
    assert view.problems == ()


async def test_a_service_without_pods_is_known_to_have_none_and_its_first_pod_joins() -> None:
    async with Sandbox(EMPTY) as sandbox, followed(sandbox) as seen:
        view = await seen.until(lambda view: view.pods is not None)
        sandbox.api.store.put(running("iris-1"))
        write(sandbox, "iris-1", "at last")
        joined = await seen.until(lambda view: "at last" in texts(view))

    assert (view.pods, view.streams, view.problems) == (0, (), ())
    assert joined.pods == 1


async def test_a_pod_that_no_node_has_taken_is_named_with_what_it_waits_for() -> None:
    async with Sandbox(EMPTY) as sandbox:
        unplaced = running("iris-1")
        unmet = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        unplaced["status"] = {"phase": "Pending", "conditions": [unmet]}
        sandbox.api.store.put(unplaced)
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: bool(view.problems))

    assert view.problems == ("iris-1: no container has started yet (Unschedulable)",)
    assert view.pods == 1


async def test_a_cut_is_healed_without_a_line_lost_or_twice() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1"))
        write(sandbox, "iris-1", "one", "two")
        async with followed(sandbox) as seen:
            await seen.until(lambda view: view.total == 2)
            run = sandbox.api.pods.logs.run(("default", "iris-1", "kserve-container"))
            run.end()  # the stream ends, though the container runs on
            run.ended = False
            write(sandbox, "iris-1", "three")
            view = await seen.until(lambda view: "three" in texts(view))
            await asyncio.sleep(0.3)

    assert texts(view) == ["one", "two", "three"]


async def test_a_right_that_is_missing_is_said_once() -> None:
    async with Sandbox(EMPTY) as sandbox:
        for name in ("iris-1", "iris-2"):
            sandbox.api.store.put(running(name))
        sandbox.api.access.forbid(Rule(resource="pods/log"))
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: bool(view.problems))

    assert view.problems == ("may not get pods/log in namespace default",)


async def test_the_run_before_the_last_restart_can_be_read() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1", restarts=1, ended={"exitCode": 1}))
        write(sandbox, "iris-1", "last words")
        sandbox.api.pods.logs.restart("default", "iris-1", "kserve-container")
        write(sandbox, "iris-1", "again")
        async with followed(sandbox, LogRequest(IRIS, previous=True)) as seen:
            view = await seen.until(lambda view: view.total == 1)

    assert texts(view) == ["last words"]


async def test_without_a_restart_there_is_no_run_before_it() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        sandbox.api.store.put(running("iris-1"))
        write(sandbox, "iris-1", "first")
        with pytest.raises(Absent, match="no container of default/iris has restarted"):
            [b async for b in read(client, LogRequest(IRIS, previous=True, follow=False))]


async def test_since_tail_containers_and_pods_choose() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        for name in ("iris-1", "iris-2"):
            sandbox.api.store.put(running(name))
        write(sandbox, "iris-1", "old", at=datetime.now(UTC) - timedelta(hours=1))
        write(sandbox, "iris-1", "a", "b", "c")
        write(sandbox, "iris-2", "other pod")
        request = LogRequest(IRIS, ("kserve-container",), ("iris-1",), since_s=600, tail=2, follow=False)
        found = [line.text async for batch in read(client, request) for line in batch]

    assert found == ["b", "c"]


@pytest.mark.parametrize(("tail", "is_cut"), [(3, True), (4, False), (None, False)])
async def test_a_view_knows_whether_more_was_written_before_it(tail: int | None, is_cut: bool) -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1"))
        write(sandbox, "iris-1", "a", "b", "c")
        async with followed(sandbox, LogRequest(IRIS, tail=tail)) as seen:
            view = await seen.until(lambda view: view.total >= 3)

    assert view.is_cut is is_cut


async def test_logs_of_a_container_that_no_pod_has_name_those_that_there_are() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        sandbox.api.store.put(running("iris-1"))

        with pytest.raises(Absent, match="no container of default/iris is called queue-proxy") as raised:
            [batch async for batch in read(client, LogRequest(IRIS, ("queue-proxy",), follow=False))]

    assert raised.value.hint == "There are kserve-container."


async def test_odd_bytes_long_lines_and_empty_ones_are_lines() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        sandbox.api.store.put(running("iris-1"))
        write(
            sandbox, "iris-1", b"\xff\xfe\x00 bin", "", "x" * 1_000_000, "\x1b[31mred\x1b[0m\r", "<html>no page</html>"
        )
        found = [line.text async for batch in read(client, LogRequest(IRIS, follow=False)) for line in batch]

    assert found[0] == "\ufffd\ufffd\x00 bin"
    assert found[1] == ""
    assert found[2].startswith("xxx") and found[2].endswith("bytes more") and len(found[2]) < LONGEST + 100
    assert found[3] == "\x1b[31mred\x1b[0m"
    assert found[4] == "<html>no page</html>"


async def test_a_model_of_a_mesh_is_read_in_the_pods_of_its_runtimes() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        service = sample(name="iris")
        service["status"]["deploymentMode"] = "ModelMesh"
        mesh = running("modelmesh-serving-mlserver-7d4-x")
        mesh["metadata"]["labels"] = {"modelmesh-service": "modelmesh-serving"}
        sandbox.api.store.put(service)
        sandbox.api.store.put(mesh)
        write(sandbox, "modelmesh-serving-mlserver-7d4-x", "loaded iris")
        found = [line.text async for batch in read(client, LogRequest(IRIS, follow=False)) for line in batch]

    assert found == ["loaded iris"]


async def test_pods_that_have_lost_their_labels_are_read_and_new_ones_join() -> None:
    async with Sandbox(EMPTY) as sandbox:
        store = sandbox.api.store
        store.put(sample("isvc-ready-standard-0.20", "iris"))
        service = store.get("serving.kserve.io", "inferenceservices", "default", "iris")
        assert service is not None
        store.put(deployment(owner=service["metadata"]["uid"]))
        store.put(bare("iris-a"))
        sandbox.api.pods.logs.write("default", "iris-a", "kserve-container", "one")
        async with followed(sandbox) as seen:
            await seen.until(lambda view: "one" in texts(view))
            store.put(bare("iris-b"))
            sandbox.api.pods.logs.write("default", "iris-b", "kserve-container", "two")
            await seen.until(lambda view: "two" in texts(view))


def bare(name: str) -> Any:
    """Make a pod with no label but the one by which its Deployment chooses it."""
    found = running(name)
    found["metadata"]["labels"] = {"app": "isvc.iris-predictor"}
    return found


def deployment(owner: str) -> dict[str, Any]:
    refs = [{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "name": "iris", "uid": owner}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "iris-predictor", "namespace": "default", "ownerReferences": refs},
        "spec": {"selector": {"matchLabels": {"app": "isvc.iris-predictor"}}},
        "status": {},
    }


async def test_a_service_without_pods_has_no_logs() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        with pytest.raises(Absent, match="default/iris has no pods"):
            [b async for b in read(client, LogRequest(IRIS, follow=False))]


async def test_pods_that_have_not_begun_have_no_logs_and_say_what_they_wait_for() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        waits = running("iris-1")
        del waits["spec"]["nodeName"]
        waits["status"] = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False"}]}
        sandbox.api.store.put(waits)

        said: list[str] = []
        with pytest.raises(Absent, match="no log of default/iris could be read"):
            said += [line.text async for batch in read(client, LogRequest(IRIS, follow=False)) for line in batch]


async def test_without_the_right_to_pods_nothing_can_be_read() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        sandbox.api.access.forbid(Rule(resource="pods"))
        with pytest.raises(Forbidden, match="may not list pods in namespace default"):
            [b async for b in read(client, LogRequest(IRIS, follow=False))]


async def test_a_log_that_the_node_of_its_pod_cannot_give_is_said() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1"))
        sandbox.api.faults.add(Fault.parse("get/pods/log:404"))
        async with followed(sandbox) as seen:
            view = await seen.until(lambda view: bool(view.problems))

    assert "kserve-container of iris-1" in view.problems[0]


@pytest.mark.parametrize("status", [404, 500])
async def test_a_reading_that_could_read_no_log_at_all_fails(status: int) -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        sandbox.api.store.put(running("iris-1"))
        sandbox.api.faults.add(Fault.parse(f"get/pods/log:{status}"))
        with pytest.raises(BackendError, match="kserve-container of iris-1: "):
            [b async for b in read(client, LogRequest(IRIS, follow=False))]


async def test_a_reading_without_the_right_to_any_log_fails() -> None:
    async with Sandbox(EMPTY) as sandbox, client_of(sandbox) as client:
        sandbox.api.store.put(running("iris-1"))
        sandbox.api.access.forbid(Rule(resource="pods/log"))
        with pytest.raises(Forbidden, match="may not get pods/log in namespace default"):
            [b async for b in read(client, LogRequest(IRIS, follow=False))]


async def test_more_than_anybody_can_read_is_counted_and_thrown_away() -> None:
    async with Sandbox(EMPTY) as sandbox:
        sandbox.api.store.put(running("iris-1"))
        async with followed(sandbox, limits=Limits(lines_per_s=10.0, burst=3000.0)) as seen:
            await seen.until(lambda view: bool(view.streams))
            run = sandbox.api.pods.logs.run(("default", "iris-1", "kserve-container"))
            for lines in (5000, 10_000, 15_000, 20_000):
                run.write((NOON, b"x" * 100) for _ in range(5000))
                await seen.until(partial(has_seen, lines))
            view = seen.view

    assert view is not None
    assert 2000 <= view.total <= 8000
    assert sum(map(len, view.chunks)) == view.total - view.first


def test_lines_are_put_together_from_any_pieces() -> None:
    whole = "".join(f"2026-11-22T12:00:0{n}.123456789Z läne {n}\n" for n in range(5)).encode()
    for size in (1, 3, 7, 50):
        lines = Lines("p", "c")
        found = [line for i in range(0, len(whole), size) for line in lines.feed(whole[i : i + size])]

        assert [line.text for line in found] == [f"läne {n}" for n in range(5)]
        assert lines.end() == []


def test_what_the_kubelet_says_itself_has_no_time_and_is_shown() -> None:
    lines = Lines("p", "c")

    found = lines.feed(b"unable to retrieve container logs for containerd://abc\n") + lines.feed(b"failed to open")

    assert [line.text for line in found + lines.end()] == [
        "unable to retrieve container logs for containerd://abc",
        "failed to open",
    ]


def test_a_ring_keeps_the_newest_and_counts_the_rest() -> None:
    ring = Ring(most_lines=2000)

    for number in range(5000):
        ring.add([LogLine(str(number))])

    assert ring.total == 5000
    assert 2000 - CHUNK <= ring.total - ring.first <= 2000
    assert ring.chunks[-1][-1].text == "4999"
    assert len(ring.chunks) <= 2000 // CHUNK + 1


def test_a_ring_of_long_lines_is_bounded_by_their_length() -> None:
    ring = Ring(most_characters=10_000_000)

    for _ in range(400):
        ring.add([LogLine("x" * 60_000)] * CHUNK)

    assert sum(len(line.text) for chunk in ring.chunks for line in chunk) <= 10_000_000 + CHUNK * 60_000

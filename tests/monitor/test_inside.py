"""What a person looks into is watched while it is looked at, diagnosed when it changes, and let go afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeAlias

import pytest

from kmon_tui.backend import Backend, Stream, Troubled
from kmon_tui.domain.command import FollowLogs, OpenService, SwitchContext
from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.logs import LogLine, LogRequest, LogView
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.state import State
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.domain.verdict import HEALTHY
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import Settings
from tests.monitor.worlds import NOON, now

IRIS, FRAUD = (Key(Kind.ISVC, "default", name) for name in ("iris", "fraud"))
SYNCED = Fleet(synced=True, health=Health(Status.LIVE))
Step: TypeAlias = "ObjectTree | LogView | Mapping[Key, ObjectTree] | BackendError | float"


def tree(key: Key = IRIS, ready: str = "True", status: Status = Status.LIVE, *, synced: bool = True) -> ObjectTree:
    since = (NOON - timedelta(minutes=10)).isoformat()
    conditions = [
        {"type": name, "status": ready, "reason": "" if ready == "True" else "Odd", "lastTransitionTime": since}
        for name in ("Ready", "PredictorReady", "IngressReady")
    ]
    root = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": key.kind.value,
        "metadata": {"name": key.name, "namespace": key.namespace, "creationTimestamp": since},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}},
        "status": {"deploymentMode": "Standard", "conditions": conditions},
    }
    return ObjectTree(root, synced=synced, health=Health(status, "away" if status is Status.FAILING else ""))


class Outside:
    """Trees and Logs from scripts, and a count of what is open."""

    def __init__(
        self,
        trees: Mapping[Key, Sequence[Step]] | None = None,
        logs: Sequence[Step] = (),
        reasons: Sequence[Step] = (),
        fleet: Fleet = SYNCED,
    ) -> None:
        self._scripts, self._logs, self._reasons, self._fleet = trees or {}, logs, reasons, fleet
        self.open: list[object] = []
        self.rows: list[tuple[InferenceService, ...]] = []

    async def _play(self, what: object, script: Sequence[Step]) -> AsyncGenerator[Step]:
        self.open.append(what)
        try:
            for step in script:
                if isinstance(step, BackendError):
                    raise step
                if isinstance(step, int | float):
                    await asyncio.sleep(step)
                else:
                    yield step
            await asyncio.Event().wait()
        finally:
            self.open.remove(what)

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator[Backend]:
        place = Place(context=settings.kube.context or "first", contexts=("first", "second"))
        yield Backend(place, self._cluster(), None, trees=self, logs=self._reader())

    def _cluster(self) -> Cluster:
        return Cluster(self._fleet)

    def _reader(self) -> Reader:
        return Reader(lambda request: self._play(request, self._logs))

    async def watch(self, key: Key) -> Stream[ObjectTree]:
        async for step in self._play(key, self._scripts[key]):
            assert isinstance(step, ObjectTree)
            yield step

    async def look(self, key: Key) -> ObjectTree:
        raise NotImplementedError(key)

    async def reasons(self, troubled: Troubled, *, at_once: bool = True) -> Stream[Mapping[Key, ObjectTree]]:
        self.rows.append(troubled.rows)
        async for step in self._play("reasons", self._reasons):
            assert isinstance(step, Mapping)
            yield step


class Cluster:
    """A fleet that stays as it is."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def watch(self) -> Stream[Fleet]:
        yield self._fleet
        await asyncio.Event().wait()


class Reader:
    """Logs from a script."""

    def __init__(self, play: Callable[[LogRequest], AsyncGenerator[Step]]) -> None:
        self._play = play

    async def follow(self, request: LogRequest) -> Stream[LogView]:
        async for step in self._play(request):
            assert isinstance(step, LogView)
            yield step

    async def read(self, request: LogRequest) -> Stream[tuple[LogLine, ...]]:
        yield ()


@asynccontextmanager
async def monitored(outside: Outside) -> AsyncIterator[Monitor]:
    monitor = Monitor(outside.opened, Settings(), now, chance=lambda: 0.5)
    running = asyncio.create_task(monitor.run())
    await monitor.store.wait_for(lambda state: state.fleet.synced or None)
    try:
        yield monitor
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(monitor: Monitor, look: Callable[[State], object]) -> State:
    async with asyncio.timeout(300):
        await monitor.store.wait_for(lambda state: True if look(state) else None)
    return monitor.state


@pytest.mark.looptime
async def test_an_opened_service_is_diagnosed_and_let_go_when_it_is_left() -> None:
    outside = Outside({IRIS: [tree()]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        state = await until(monitor, lambda state: state.opened and state.opened.diagnosis)
        watched = [what for what in outside.open if what == IRIS]
        monitor.send(OpenService(None))
        await asyncio.sleep(1)

        assert state.opened is not None
        assert state.opened.diagnosis is not None
        assert state.opened.diagnosis.cause == HEALTHY
        assert state.opened.health.status is Status.LIVE
        assert watched == [IRIS]
        assert IRIS not in outside.open
        assert monitor.state.opened is None


@pytest.mark.looptime
async def test_one_service_is_watched_at_a_time() -> None:
    outside = Outside({IRIS: [tree()], FRAUD: [tree(FRAUD)]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        await until(monitor, lambda state: state.opened and state.opened.tree)
        monitor.send(OpenService(FRAUD))
        state = await until(monitor, lambda state: state.opened and state.opened.key == FRAUD and state.opened.tree)

        assert state.opened is not None
        assert [what for what in outside.open if isinstance(what, Key)] == [FRAUD]


@pytest.mark.looptime
async def test_nothing_is_said_before_everything_was_read() -> None:
    outside = Outside({IRIS: [tree(ready="False", synced=False), 5.0, tree(ready="False")]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        early = await until(monitor, lambda state: state.opened and state.opened.tree)
        late = await until(monitor, lambda state: state.opened and state.opened.diagnosis)

    assert early.opened is not None and early.opened.diagnosis is None
    assert late.opened is not None and late.opened.diagnosis is not None
    assert not late.opened.diagnosis.healthy


@pytest.mark.looptime
async def test_the_old_tree_stays_with_its_diagnosis_while_the_api_is_away() -> None:
    outside = Outside({IRIS: [tree(), 1.0, tree(status=Status.FAILING)]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        state = await until(monitor, lambda state: state.opened and state.opened.health.status is Status.FAILING)

    assert state.opened is not None
    assert state.opened.tree is not None and state.opened.tree.root is not None
    assert state.opened.diagnosis is not None
    assert state.opened.health.error == "away"
    assert state.opened.health.since is not None


@pytest.mark.looptime
async def test_a_way_inside_that_fails_is_tried_again_and_says_why_meanwhile() -> None:
    outside = Outside({IRIS: [Unreachable("nobody listens")]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        state = await until(monitor, lambda state: state.opened and state.opened.health.error)
        outside._scripts = {IRIS: [tree()]}
        await until(monitor, lambda state: state.opened and state.opened.tree)

    assert state.opened is not None
    assert state.opened.health.error == "nobody listens"


@pytest.mark.looptime
async def test_a_wish_outlives_a_switch_of_the_context_and_what_was_known_does_not() -> None:
    outside = Outside({IRIS: [3.0, tree()]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        await until(monitor, lambda state: state.opened and state.opened.tree)
        monitor.send(SwitchContext("second"))
        between = monitor.state
        after = await until(monitor, lambda state: state.opened and state.opened.tree)

    assert between.opened is not None and between.opened.tree is None
    assert after.place.context == "second"
    assert after.opened is not None and after.opened.key == IRIS


@pytest.mark.looptime
async def test_a_diagnosis_is_made_again_as_time_goes_by() -> None:
    young = tree(ready="False")
    outside = Outside({IRIS: [young]})
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        first = await until(monitor, lambda state: state.opened and state.opened.diagnosis)
        assert first.opened is not None
        before = first.opened.diagnosis
        await until(monitor, lambda state: state.opened and state.opened.diagnosis != before)

        assert monitor.state.opened is not None
        assert monitor.state.opened.tree is young


@pytest.mark.looptime
async def test_logs_are_followed_and_let_go() -> None:
    request = LogRequest(IRIS)
    outside = Outside(logs=[LogView(request, total=3)])
    async with monitored(outside) as monitor:
        monitor.send(FollowLogs(request))
        state = await until(monitor, lambda state: state.logs)
        monitor.send(FollowLogs(None))
        await asyncio.sleep(1)

        assert state.logs is not None and state.logs.total == 3
        assert monitor.state.logs is None
        assert request not in outside.open


@pytest.mark.looptime
async def test_logs_that_fail_keep_their_lines_and_say_why() -> None:
    request = LogRequest(IRIS)
    view = LogView(request, ((LogLine("a"),),), total=1)
    outside = Outside(logs=[view, Unreachable("nobody listens")])
    async with monitored(outside) as monitor:
        monitor.send(FollowLogs(request))
        state = await until(monitor, lambda state: state.logs and state.logs.problems)

    assert state.logs is not None
    assert state.logs.problems == ("nobody listens",)
    assert state.logs.chunks == view.chunks


@pytest.mark.looptime
async def test_reasons_are_those_of_services_in_trouble_and_go_with_it() -> None:
    failed = InferenceService(FRAUD, readiness=Readiness.FAILED)
    fleet = Fleet((failed, InferenceService(IRIS, readiness=Readiness.READY)), True, Health(Status.LIVE))
    script: list[Step] = [{FRAUD: tree(FRAUD, "False"), IRIS: tree()}, 5.0, {}]
    outside = Outside(reasons=script, fleet=fleet)
    async with monitored(outside) as monitor:
        state = await until(monitor, lambda state: state.reasons)
        await until(monitor, lambda state: not state.reasons)

    assert set(state.reasons) == {FRAUD}
    assert not state.reasons[FRAUD].healthy


@pytest.mark.looptime
async def test_reasons_are_put_again_only_when_they_say_something_new() -> None:
    one = tree(FRAUD, "False")
    outside = Outside(reasons=[{FRAUD: one}, 1.0, {FRAUD: one}, 1.0, {FRAUD: one}])
    async with monitored(outside) as monitor:
        first = await until(monitor, lambda state: state.reasons)
        await asyncio.sleep(5)

        assert monitor.state.reasons is first.reasons

"""Each fault as a world: a service works, somebody breaks it, its row turns and the cause appears; the fix mends it.

All are played at once in one cluster, seen by the program's own monitor over its own backend; each test looks at one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.verdict import HEALTHY, Diagnosis
from kmon_tui.live import open_backend
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.trees import KubeTrees
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.render.rows import Severity, row_of
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.sandbox.world_faults import AFTER, BEFORE, BROKEN, applied, cause_of, names, part
from kmon_tui.sandbox.world_play import Player
from kmon_tui.settings import KubeSettings, Settings

WORLD = SandboxOptions(world="quiet", tls=False, history_s=0, speed=20.0)
PATIENCE_S = 70.0


@dataclass(slots=True)
class Told:
    """What was seen of one fault."""

    broken: Diagnosis | None = None
    reason: Diagnosis | None = None
    row: InferenceService | None = None
    mended: Diagnosis | None = None
    mended_row: InferenceService | None = None


@dataclass(slots=True)
class Played:
    """What was seen of all."""

    told: dict[str, Told] = field(default_factory=dict)
    left: tuple[Key, ...] = ()
    """Services whose reason is still shown at the end."""


def key_of(fault: str) -> Key:
    kinds = {found["metadata"]["name"]: Kind(found["kind"]) for found in applied(fault, BEFORE)}
    return Key(kinds[fault], "faults", fault)


@cache
def played() -> Played:
    return asyncio.run(play())


async def play() -> Played:
    faults = names()
    seen = Played({fault: Told() for fault in faults})
    async with Sandbox(WORLD) as sandbox, monitored(sandbox) as monitor, trees_of(sandbox) as trees:
        assert sandbox.world is not None
        players = {fault: Player(sandbox.api.store) for fault in faults}
        rows = Rows(monitor)
        for fault, player in players.items():
            player.apply(fault, BEFORE)
        await rows.until(lambda row: row.readiness is Readiness.READY, faults)
        await asyncio.sleep(1.1)  # Kubernetes' times are whole seconds, and which ReplicaSet is newer must show
        for fault, player in players.items():
            player.apply(fault, BROKEN)
        for fault in faults:
            told = seen.told[fault]
            told.broken = await until_cause(trees, fault, cause_of(fault))
        await until(lambda: all(same(monitor.state.reasons.get(key_of(one)), seen.told[one].broken) for one in faults))
        for fault in faults:
            seen.told[fault].row = rows.of(fault)
            seen.told[fault].reason = monitor.state.reasons.get(key_of(fault))
        for fault, player in players.items():
            player.apply(fault, AFTER)
        await rows.until(lambda row: row.readiness is Readiness.READY and not row.reason, faults)
        for fault in faults:
            seen.told[fault].mended = await until_cause(trees, fault, HEALTHY)
            seen.told[fault].mended_row = rows.of(fault)
        await until(lambda: not monitor.state.reasons)
        seen.left = tuple(monitor.state.reasons)
    return seen


def same(reason: Diagnosis | None, opened: Diagnosis | None) -> bool:
    """Say whether the fleet tells of what an opened service tells."""
    if reason is None or opened is None:
        return False
    return (reason.cause, reason.object) == (opened.cause, opened.object)


class Rows:
    """The rows of the fleet as the monitor has them."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def of(self, fault: str) -> InferenceService | None:
        fleet = self._monitor.state.fleet
        return next((row for row in fleet.services if row.key == key_of(fault)), None)

    async def until(self, look: Callable[[InferenceService], bool], faults: list[str]) -> None:
        await until(lambda: all((row := self.of(fault)) is not None and look(row) for fault in faults))


async def until(look: Callable[[], bool]) -> None:
    """Wait for it as long as patience lasts; what is missing is told by the tests."""
    for _ in range(round(PATIENCE_S / 0.1)):
        if look():
            return
        await asyncio.sleep(0.1)


async def until_cause(trees: KubeTrees, fault: str, cause: str) -> Diagnosis:
    clock = asyncio.get_running_loop().time
    end_s = clock() + PATIENCE_S
    while True:
        found = diagnose(await trees.look(key_of(fault)), datetime.now(UTC))
        if found.cause == cause or clock() > end_s:
            return found
        await asyncio.sleep(0.3)


@asynccontextmanager
async def monitored(sandbox: Sandbox) -> AsyncIterator[Monitor]:
    kube = KubeSettings(kubeconfig=str(sandbox.kubeconfig), all_namespaces=True)
    monitor = Monitor(open_backend, Settings(kube=kube), lambda: datetime.now(UTC))
    task = asyncio.create_task(monitor.run())
    try:
        yield monitor
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def trees_of(sandbox: Sandbox) -> AsyncIterator[KubeTrees]:
    client = KubeClient(find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig))), rate=RateLimit(1000.0, 1000))
    try:
        yield KubeTrees(client)
    finally:
        await client.close()


@pytest.mark.parametrize("fault", names())
def test_the_cause_of_a_broken_service_appears(fault: str) -> None:
    found = played().told[fault].broken

    assert found is not None
    assert found.cause == cause_of(fault), found.verdict


@pytest.mark.parametrize("fault", names())
def test_its_row_turns_and_has_the_same_reason(fault: str) -> None:
    told = played().told[fault]

    assert told.row is not None
    assert row_of(told.row, None, (), told.reason).severity > Severity.READY
    assert told.reason is not None
    assert told.reason.cause == cause_of(fault), told.reason.verdict
    assert told.broken is not None
    assert told.reason.object == told.broken.object


@pytest.mark.parametrize("fault", names())
def test_the_fix_turns_it_back(fault: str) -> None:
    told = played().told[fault]

    assert told.mended is not None
    assert told.mended.healthy, told.mended.verdict
    assert told.mended_row is not None
    assert told.mended_row.readiness is Readiness.READY


def test_no_reason_is_left_once_all_are_mended() -> None:
    assert played().left == ()


@pytest.mark.parametrize("fault", names())
def test_each_fault_can_be_played_from_its_folder_alone(fault: str) -> None:
    assert part(fault, "about")["cause"]

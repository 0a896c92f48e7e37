"""A wish to refresh reads the opened service anew, and keeps what was known until that is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from kmon_tui.backend import Backend, Stream, Troubled
from kmon_tui.domain.command import OpenService, Refresh
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.peek import text
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.state import State
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import Settings

IRIS = Key(Kind.ISVC, "default", "iris")


class Trees:
    """Says how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = 0

    async def watch(self, key: Key) -> Stream[ObjectTree]:
        self.asked += 1
        metadata = {"name": key.name, "namespace": key.namespace, "resourceVersion": str(self.asked)}
        try:
            yield ObjectTree(health=Health(Status.STARTING))
            yield ObjectTree({"kind": key.kind.value, "metadata": metadata}, synced=True, health=Health(Status.LIVE))
            await asyncio.Event().wait()
        finally:
            self.closed += 1

    async def look(self, key: Key) -> ObjectTree:
        raise NotImplementedError(key)

    async def reasons(self, troubled: Troubled, *, at_once: bool = True) -> Stream[Mapping[Key, ObjectTree]]:
        yield {}
        await asyncio.Event().wait()


class Quiet:
    """A cluster in which nothing happens."""

    async def watch(self) -> Stream[Fleet]:
        yield Fleet(synced=True, health=Health(Status.LIVE))
        await asyncio.Event().wait()


async def test_a_refresh_asks_anew_and_nothing_known_is_lost_meanwhile() -> None:
    trees = Trees()

    @asynccontextmanager
    async def opened(_: Settings) -> AsyncGenerator[Backend]:
        yield Backend(Place("test"), Quiet(), None, trees=trees)

    monitor = Monitor(opened, Settings(), lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    running = asyncio.create_task(monitor.run())
    monitor.send(OpenService(IRIS))
    seen: list[str] = []

    def saw(state: State, wanted: str) -> bool | None:
        tree = state.opened.tree if state.opened is not None else None
        seen.append(text(tree.root, "metadata", "resourceVersion") if tree is not None else "")
        return seen[-1] == wanted or None

    async with asyncio.timeout(10):
        await monitor.store.wait_for(lambda state: saw(state, "1"))
        seen.clear()
        monitor.send(Refresh())
        await monitor.store.wait_for(lambda state: saw(state, "2"))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert set(seen) == {"1", "2"}
    assert trees.asked == trees.closed == 2

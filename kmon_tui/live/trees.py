"""What lies below a service, watched while somebody looks, or read once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from kmon_tui.backend import Stream, Troubled
from kmon_tui.domain.errors import Absent
from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.live.ending import ended
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kube_errors import raise_if_failing
from kmon_tui.live.quiet_gc import Unpaused
from kmon_tui.live.tree_growing import Growing, Signature
from kmon_tui.live.watch import Around

if TYPE_CHECKING:
    from kmon_tui.live.tree_peaks import PeaksOf

GAP_S = 0.2
"""At least so long between two trees."""


class KubeTrees:
    """The Trees of backend.py."""

    def __init__(self, client: KubeClient, around: Around | None = None, peaks_of: PeaksOf | None = None) -> None:
        given = around or Around()
        self._client, self._around = client, Around(given.chance, given.pace, Unpaused())
        self._groups = Groups(client)
        self._peaks_of = peaks_of

    async def watch(self, key: Key) -> Stream[ObjectTree]:
        """Stream the tree of one service; see ``backend.Trees``."""
        last: Signature = ()
        async with self._growing(key) as (growing, news):
            while True:
                await news()
                if (signature := growing.signature()) != last:
                    last = signature
                    yield growing.tree()
                    await asyncio.sleep(GAP_S)

    async def look(self, key: Key) -> ObjectTree:
        """Read it once; see ``backend.Trees``."""
        async with self._growing(key) as (growing, news):
            while not growing.synced:
                await news()
                raise_if_failing(growing.health)
                if growing.root is None and growing.root_settled:
                    raise Absent(f"there is no {key.kind} {key.name} in namespace {key.namespace}")
            return growing.tree()

    @asynccontextmanager
    async def _growing(self, key: Key) -> AsyncGenerator[tuple[Growing, Callable[[], Awaitable[None]]]]:
        """Follow everything of one service meanwhile; give what waits for the next change."""
        changed = asyncio.Event()
        growing = Growing(self._client, self._groups, key, self._around, changed.set, self._peaks_of)
        task = asyncio.create_task(growing.run(), name=f"watch the inside of {key}")
        task.add_done_callback(lambda _: changed.set())

        async def news() -> None:
            await changed.wait()
            changed.clear()
            if task.done():
                task.result()  # only a bug ends it

        try:
            yield growing, news
        finally:
            await ended(task)

    async def reasons(self, troubled: Troubled, *, at_once: bool = True) -> Stream[Mapping[Key, ObjectTree]]:
        """Stream trees of the services in trouble; see ``backend.Trees``."""
        from kmon_tui.live.tree_reasons import Reasons  # late: nothing is in trouble yet

        reading = Reasons(self._client, self._groups, self._peaks_of)
        async with aclosing(reading.follow(troubled, at_once=at_once)) as found:
            async for trees in found:
                yield trees

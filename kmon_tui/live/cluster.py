"""The Kubernetes API of one context as a stream of fleets that no failure of the outside ends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from kmon_tui.backend import Stream
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.health import Status
from kmon_tui.live.access import Access
from kmon_tui.live.ending import ended
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.scope import Scope
from kmon_tui.live.watch import Around

GAP_S = 0.1
"""At least so long between two fleets."""
WALKED_PER_S = 50_000
"""Services that may be walked over each second: whoever sees a fleet looks through all of it for what changed."""
LOADING_GAP_S = 0.5
"""The same while the first lists come in: every fleet before the last one is work for nothing but patience."""


class KubeCluster:
    """Watches KServe's objects and their pods."""

    def __init__(self, client: KubeClient, access: Access, around: Around | None = None) -> None:
        self._client = client
        self._namespace, self._own_namespace = access.place.namespace, access.own_namespace
        self._around = around or Around()

    async def watch(self) -> Stream[Fleet]:
        """Stream the fleet; see ``backend.Cluster``.

        Where the rows may not be listed in all namespaces, those of the context's namespace are, and a note says so.
        """
        changed = asyncio.Event()
        scope = Scope(self._client, self._namespace, self._around, changed.set)
        while True:
            task = asyncio.create_task(scope.run(), name="watch the cluster")
            task.add_done_callback(lambda _: changed.set())
            try:
                async with aclosing(_fleets(scope, task, changed)) as fleets:
                    async for fleet in fleets:
                        yield fleet
            finally:
                await ended(task)
            note = f"may not see all namespaces: only {self._own_namespace} is shown"
            scope = scope.narrowed(self._own_namespace, note)


async def _fleets(scope: Scope, task: asyncio.Task[None], changed: asyncio.Event) -> Stream[Fleet]:
    """Stream the fleets of one scope, until it turns out that it may not be seen."""
    clock = asyncio.get_running_loop().time
    last, built_s = Fleet(), clock()
    alarm: asyncio.TimerHandle | None = None
    while True:
        await changed.wait()
        changed.clear()
        if task.done():
            task.result()  # only a bug ends it
        if scope.refused:
            return
        wait_s = built_s + LOADING_GAP_S - clock()
        if not scope.synced and wait_s > 0 and scope.health.status is not Status.FAILING:
            if alarm is None or clock() >= alarm.when():
                alarm = asyncio.get_running_loop().call_later(wait_s, changed.set)
            continue
        fleet = scope.fleet()
        built_s = clock()
        if fleet != last:
            last = fleet
            yield fleet
        await asyncio.sleep(max(GAP_S, len(fleet.services) / WALKED_PER_S))

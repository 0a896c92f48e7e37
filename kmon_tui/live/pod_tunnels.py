"""Tunnels for whoever needs one, a single one for each pod: forwards to the same pod share its link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from kmon_tui.live.spdy_link import Way
from kmon_tui.live.tunnel import PodTunnel


class PodId(NamedTuple):
    """What makes a pod the same pod: one that is made anew under an old name is another one."""

    namespace: str
    pod: str
    uid: str = ""


@dataclass(slots=True)
class _Shared:
    opened: asyncio.Future[PodTunnel]
    keeper: asyncio.Task[None] | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    users: int = 0


class PodTunnels:
    """Opens a tunnel for its first user and closes it with its last."""

    def __init__(self, way: Way, *, alone: bool = False) -> None:
        """``alone``: nothing else wants the loop, so that no bytes need step aside."""
        self._way = way
        self._alone = alone
        self._shared: dict[PodId, _Shared] = {}

    @asynccontextmanager
    async def to(self, pod: PodId) -> AsyncGenerator[PodTunnel]:
        """Give the tunnel to a pod. A bug that ends it is raised in every user."""
        shared = self._shared.get(pod)
        if shared is None:
            shared = self._shared[pod] = _Shared(asyncio.get_running_loop().create_future())
            name = f"keeper of the tunnel to {pod.namespace}/{pod.pod}"
            shared.keeper = asyncio.create_task(self._keep(pod, shared), name=name)
        assert shared.keeper is not None
        shared.users += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(_until(shared.keeper), name=f"watch of the {shared.keeper.get_name()}")
                try:
                    yield await asyncio.shield(shared.opened)
                finally:
                    watching.cancel()
        finally:
            shared.users -= 1
            if not shared.users:
                await self._end(pod, shared)

    async def _keep(self, pod: PodId, shared: _Shared) -> None:
        """Open and close in one task, as the tasks within demand."""
        async with PodTunnel(self._way, pod.namespace, pod.pod, alone=self._alone) as tunnel:
            shared.opened.set_result(tunnel)
            await shared.over.wait()

    async def _end(self, pod: PodId, shared: _Shared) -> None:
        del self._shared[pod]
        shared.over.set()
        assert shared.keeper is not None
        await asyncio.wait((shared.keeper,))


async def _until(keeper: asyncio.Task[None]) -> None:
    """End as the keeper does; leaving this wait ends nothing for the others."""
    await asyncio.shield(keeper)

"""The way to one port of whichever pod serves it now: new connections go to a ready pod, old ones stay."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from kmon_tui.domain.errors import BackendError, Forbidden, Unauthorized, Unreachable
from kmon_tui.live.pod_stream import PodStream
from kmon_tui.live.spdy_link import Way
from kmon_tui.live.tunnel import PodTunnel


@dataclass(frozen=True, slots=True)
class PodPort:
    """One port of one pod."""

    namespace: str
    pod: str
    port: int
    https: bool = False
    """What listens there speaks TLS."""


FindPod: TypeAlias = Callable[[PodPort | None], Awaitable[PodPort]]
"""Gives a pod that is ready, the one that was used before if it still is; BackendError when there is none."""


class PodRoute:
    """Keeps one tunnel to the pod in use and moves on to another pod when that one goes."""

    def __init__(self, way: Way, find: FindPod, tasks: asyncio.TaskGroup, *, alone: bool = False) -> None:
        """Tunnels live in ``tasks``, until close(). ``alone``: nothing else wants the loop."""
        self.place: PodPort | None = None
        """The pod in use."""
        self._way = way
        self._find = find
        self._tasks = tasks
        self._alone = alone
        self._closed = False
        self._keepers: set[asyncio.Task[None]] = set()
        self._tunnel: PodTunnel | None = None
        self._retired = asyncio.Event()
        self._suspect = False
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """End all tunnels and the connections in them."""
        self._closed = True
        for keeper in self._keepers:
            keeper.cancel()

    def suspect(self) -> None:
        """Say that a connection failed: the next one looks first whether the pod is still the right one."""
        self._suspect = True

    def now(self, protocol: asyncio.Protocol) -> PodStream | None:
        """Connect at once over a link that is open; None when one has to be opened, or the pod is in doubt."""
        if self._closed or self._suspect or self._tunnel is None or self.place is None or self._turn.locked():
            return None
        return self._tunnel.now(self.place.port, protocol)

    async def open(self, protocol: asyncio.Protocol) -> PodStream:
        """Connect a protocol to the port. Raises BackendError when no pod can be reached."""
        tunnel, place = await self._current()
        try:
            return await tunnel.open(place.port, protocol)
        except (Forbidden, Unauthorized):
            raise  # another pod would be refused as well
        except BackendError:
            self.suspect()
            other, place = await self._current()
            if other is tunnel:
                raise
            return await other.open(place.port, protocol)

    async def _current(self) -> tuple[PodTunnel, PodPort]:
        async with self._turn:
            if self._closed:
                raise Unreachable("the way to the pod is closed")
            if self._tunnel is not None and self.place is not None and not self._suspect:
                return self._tunnel, self.place
            place = await self._find(self.place)
            self._suspect = False
            if self._tunnel is None or self.place is None or place.pod != self.place.pod:
                self._tunnel = await self._open(place)
            self.place = place
            return self._tunnel, place

    async def _open(self, place: PodPort) -> PodTunnel:
        self._retired.set()
        self._retired = asyncio.Event()
        opened: asyncio.Future[PodTunnel] = asyncio.get_running_loop().create_future()
        name = f"way to pod {place.namespace}/{place.pod}"
        keeper = self._tasks.create_task(self._keep(place, opened, self._retired), name=name)
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)
        return await opened

    async def _keep(self, place: PodPort, opened: asyncio.Future[PodTunnel], retired: asyncio.Event) -> None:
        try:
            async with PodTunnel(self._way, place.namespace, place.pod, alone=self._alone) as tunnel:
                if not opened.done():
                    opened.set_result(tunnel)
                await retired.wait()
                while tunnel.connections:  # noqa: ASYNC110 - a connection ends in many ways, and nobody waits for this
                    await asyncio.sleep(1.0)
        finally:
            if not opened.done():
                opened.set_exception(Unreachable("the way to the pod is closed"))

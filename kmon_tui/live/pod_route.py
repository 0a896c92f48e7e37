"""The way to one port of whichever pod serves it now: new connections go to a ready pod, old ones stay."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from kmon_tui.domain.errors import BackendError, Forbidden, Unauthorized, Unreachable
from kmon_tui.live.pod_stream import PodStream
from kmon_tui.live.pod_tunnels import PodId, PodTunnels
from kmon_tui.live.tunnel import PodTunnel


@dataclass(frozen=True, slots=True)
class PodPort:
    """One port of one pod."""

    namespace: str
    pod: str
    port: int
    https: bool = False
    """What listens there speaks TLS."""
    uid: str = ""

    @property
    def id(self) -> PodId:
        """What makes it the same pod."""
        return PodId(self.namespace, self.pod, self.uid)


FindPod: TypeAlias = Callable[[PodPort | None], Awaitable[PodPort]]
"""Gives a pod that is ready, the one that was used before if it still is; BackendError when there is none."""


class _Lane:
    """The part of a tunnel that belongs to one route: its own connections, in a link that others use too."""

    def __init__(self, tunnel: PodTunnel) -> None:
        self.streams: set[PodStream] = set()
        self._tunnel = tunnel

    @property
    def way_s(self) -> float:
        """How long it takes to the node of the pod and back; 0 until that is known."""
        return self._tunnel.way_s

    def now(self, port: int, protocol: asyncio.Protocol) -> PodStream | None:
        """Connect over a link that is open already; None when there is none to use."""
        stream = self._tunnel.now(port, protocol)
        return self._mine(stream) if stream is not None else None

    async def open(self, port: int, protocol: asyncio.Protocol) -> PodStream:
        """Connect a protocol to a port of the pod. Raises BackendError when there is no way to the pod."""
        return self._mine(await self._tunnel.open(port, protocol))

    def cut(self) -> None:
        """End every connection, and none of the others in the tunnel."""
        for stream in tuple(self.streams):
            stream.cut(Unreachable("the way to the pod is closed"))

    def _mine(self, stream: PodStream) -> PodStream:
        stream.forgotten = self.streams.discard
        self.streams.add(stream)
        return stream


class PodRoute:
    """Keeps a way to the pod in use and moves on to another pod when that one goes."""

    def __init__(self, tunnels: PodTunnels, find: FindPod, tasks: asyncio.TaskGroup) -> None:
        """What keeps tunnels open lives in ``tasks``, until close()."""
        self.place: PodPort | None = None
        """The pod in use."""
        self._tunnels = tunnels
        self._find = find
        self._tasks = tasks
        self._closed = False
        self._keepers: set[asyncio.Task[None]] = set()
        self._lane: _Lane | None = None
        self._retired = asyncio.Event()
        self._suspect = False
        self._turn = asyncio.Lock()

    @property
    def way_s(self) -> float:
        """How long it takes to the node of the pod and back; 0 while that is not known."""
        return self._lane.way_s if self._lane is not None else 0.0

    def close(self) -> None:
        """End the connections of this route, and the tunnels that nobody else uses."""
        self._closed = True
        for keeper in self._keepers:
            keeper.cancel()

    def suspect(self) -> None:
        """Say that a connection failed: the next one looks first whether the pod is still the right one."""
        self._suspect = True

    def now(self, protocol: asyncio.Protocol) -> PodStream | None:
        """Connect at once over a link that is open; None when one has to be opened, or the pod is in doubt."""
        if self._closed or self._suspect or self._lane is None or self.place is None or self._turn.locked():
            return None
        return self._lane.now(self.place.port, protocol)

    async def open(self, protocol: asyncio.Protocol) -> PodStream:
        """Connect a protocol to the port. Raises BackendError when no pod can be reached."""
        lane, place = await self._current()
        try:
            return await lane.open(place.port, protocol)
        except (Forbidden, Unauthorized):
            raise  # another pod would be refused as well
        except BackendError:
            self.suspect()
            other, place = await self._current()
            if other is lane:
                raise
            return await other.open(place.port, protocol)

    async def _current(self) -> tuple[_Lane, PodPort]:
        async with self._turn:
            if self._closed:
                raise Unreachable("the way to the pod is closed")
            if self._lane is not None and self.place is not None and not self._suspect:
                return self._lane, self.place
            place = await self._find(self.place)
            self._suspect = False
            if self._lane is None or self.place is None or place.id != self.place.id:
                self._lane = await self._open(place)
            self.place = place
            return self._lane, place

    async def _open(self, place: PodPort) -> _Lane:
        self._retired.set()
        self._retired = asyncio.Event()
        opened: asyncio.Future[_Lane] = asyncio.get_running_loop().create_future()
        name = f"way to pod {place.namespace}/{place.pod}"
        keeper = self._tasks.create_task(self._keep(place, opened, self._retired), name=name)
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)
        return await opened

    async def _keep(self, place: PodPort, opened: asyncio.Future[_Lane], retired: asyncio.Event) -> None:
        try:
            async with self._tunnels.to(place.id) as tunnel:
                lane = _Lane(tunnel)
                try:
                    if not opened.done():
                        opened.set_result(lane)
                    await retired.wait()
                    while lane.streams:  # noqa: ASYNC110 - a connection ends in many ways, and nobody waits for this
                        await asyncio.sleep(1.0)
                finally:
                    lane.cut()
        finally:
            if not opened.done():
                opened.set_exception(Unreachable("the way to the pod is closed"))

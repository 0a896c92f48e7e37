"""The tunnel to one pod: connections to any of its ports, over as few links as will do.

Which pod that is, is decided elsewhere; a tunnel ends with its pod.
"""

from __future__ import annotations

import asyncio
import random
import time
from types import TracebackType

from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.errors import BackendError, Forbidden, Unreachable
from kmon_tui.live.pod_stream import PodStream
from kmon_tui.live.spdy_link import Way, open_link
from kmon_tui.live.spdy_session import SpdySession

REFUSED_FOR_S = 300.0
"""A 403 is not asked for again for so long."""
MOST_SESSIONS = 4
READ_LIMIT = 256 * 1024


class PodTunnel:
    """Opens its first link with the first connection, another when one was lost or is held up by a slow reader."""

    def __init__(self, way: Way, namespace: str, pod: str, *, alone: bool = False) -> None:
        self.namespace, self.pod = namespace, pod
        self.problem: BackendError | None = None
        """Why the last link or connection failed; None after one that worked."""
        self._way = way
        self._alone = alone
        self._sessions: list[SpdySession] = []
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        self._backoff = Backoff()
        self._not_before_s = 0.0
        self._closed = False

    async def __aenter__(self) -> PodTunnel:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closed = True
        for task in self._running:
            task.cancel()
        # Not with the error: it would come out wrapped in a group, and callers look for BackendErrors.
        await self._tasks.__aexit__(None, None, None)

    @property
    def links(self) -> int:
        """How many links are open."""
        return sum(not session.closed for session in self._sessions)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return sum(session.connections for session in self._sessions)

    @property
    def way_s(self) -> float:
        """How long it takes to the node of the pod and back; 0 until that is known."""
        return min((session.way_s for session in self._sessions if session.way_s), default=0.0)

    async def connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port of the pod, as asyncio.open_connection does.

        A refusal of the port comes later, as BackendError of the first read: SPDY says yes before it has dialled.
        """
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=READ_LIMIT, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        stream = await self.open(port, protocol)
        return reader, asyncio.StreamWriter(stream, protocol, reader, loop)

    def now(self, port: int, protocol: asyncio.Protocol) -> PodStream | None:
        """Connect over a link that is open already; None when there is none to use."""
        session = self._free()
        return session.open(port, protocol) if session is not None else None

    async def open(self, port: int, protocol: asyncio.Protocol) -> PodStream:
        """Connect a protocol to a port of the pod. Raises BackendError when there is no way to the pod."""
        session = self._free() or await self._opened()
        return session.open(port, protocol)

    def _free(self) -> SpdySession | None:
        """Give the session for the next connection; None when another one ought to be opened."""
        usable = [session for session in self._sessions if session.accepting]
        calm = [session for session in usable if not session.crowded]
        if calm:
            return calm[0]
        return min(usable, key=lambda session: session.connections) if len(usable) >= MOST_SESSIONS else None

    async def _opened(self) -> SpdySession:
        async with self._opening:
            if self._closed:
                raise Unreachable(f"the tunnel to pod {self.namespace}/{self.pod} is closed")
            session = self._free()
            if session is None:
                session = await self._open()
            return session

    async def _open(self) -> SpdySession:
        now_s = time.monotonic()
        if self.problem is not None and now_s < self._not_before_s:
            raise self.problem
        try:
            link = await open_link(self._way, self.namespace, self.pod)
        except BackendError as error:
            self.problem = error
            self._backoff = self._backoff.failed(0.0)
            wait_s = REFUSED_FOR_S if isinstance(error, Forbidden) else self._backoff.wait_s(random.random())
            self._not_before_s = time.monotonic() + wait_s
            raise
        self.problem = None
        session = SpdySession(link, self.namespace, self.pod, alone=self._alone)
        self._sessions.append(session)
        task = self._tasks.create_task(self._run(session), name=f"tunnel to {self.namespace}/{self.pod}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return session

    async def _run(self, session: SpdySession) -> None:
        began_s = time.monotonic()
        try:
            await session.run()
        finally:
            self._sessions.remove(session)
            # A link that opens and dies at once counts as a failure; one that lived starts the count anew.
            self._backoff = self._backoff.failed(time.monotonic() - began_s)

"""Carry one forwarded connection between a client's stream and a port of the pod, as containerd does."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import TypeAlias

Dial: TypeAlias = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Connect to a port of the pod; OSError when nothing listens there or the pod is gone."""
Send: TypeAlias = Callable[[bytes], Awaitable[None]]

GRACE_S = 1.0
"""How long the second direction may go on after the first has ended (containerd, portForward)."""
READ_SIZE = 32 * 1024
_ROOM = 1024 * 1024
_DIAL_S = 10.0


class Inbox:
    """What a client sent on one stream and the pod has not taken yet."""

    def __init__(self) -> None:
        self._chunks: list[bytes | memoryview] = []
        self._size = 0
        self.ended = False
        """Nothing more will come."""
        self.unread = False
        """It was closed with something in it."""
        self._closed = False
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, chunk: bytes | memoryview) -> None:
        """Add bytes that came; they vanish when nobody takes them any more."""
        if self._closed:
            return
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _ROOM:
            self._room.clear()
        self._changed.set()

    def end(self) -> None:
        """Say that nothing more will come."""
        self.ended = True
        self._changed.set()

    def close(self) -> None:
        """Say that nothing more will be taken."""
        self._closed = True
        self.unread = self.unread or bool(self._chunks)
        self._chunks, self._size = [], 0
        self._room.set()

    async def room(self) -> None:
        """Wait until there is room. A kubelet waits here with its whole connection: SPDY has no flow control there."""
        await self._room.wait()

    async def take(self) -> list[bytes | memoryview]:
        """Give everything that came since the last call; an empty list at the end."""
        while not self._chunks and not self.ended:
            self._changed.clear()
            await self._changed.wait()
        chunks, self._chunks, self._size = self._chunks, [], 0
        self._room.set()
        return chunks


async def carry(dial: Dial, port: int, inbox: Inbox, send: Send, grace_s: float = GRACE_S) -> str:
    """Carry bytes both ways until the connection is over; give the reason if it failed, in the words of Go."""
    try:
        async with asyncio.timeout(_DIAL_S):
            reader, writer = await dial(port)
    except TimeoutError:
        inbox.close()
        return f"dial tcp 127.0.0.1:{port}: i/o timeout"
    except OSError as error:
        inbox.close()
        return f"dial tcp 127.0.0.1:{port}: connect: {_words(error)}"
    down = asyncio.create_task(_down(reader, send), name=f"pod port {port} to client")
    up = asyncio.create_task(_up(inbox, writer), name=f"client to pod port {port}")
    try:
        first, _ = await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({down, up}, timeout=grace_s)
        return next((task.result() for task in first if task.result()), "")
    finally:
        down.cancel()
        up.cancel()
        await asyncio.gather(down, up, return_exceptions=True)
        inbox.close()
        writer.close()


async def _down(reader: asyncio.StreamReader, send: Send) -> str:
    try:
        while chunk := await reader.read(READ_SIZE):
            await send(chunk)
    except OSError as error:
        return f"read: {_words(error)}"
    return ""


async def _up(inbox: Inbox, writer: asyncio.StreamWriter) -> str:
    try:
        while chunks := await inbox.take():
            # Not writelines(): in Python 3.12.0 to 3.13.1 it never waits for room (CVE-2024-12254).
            writer.write(b"".join(chunks))
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError as error:
        return f"write: {_words(error)}"
    return ""


_GO_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.EPIPE: "broken pipe",
    errno.ETIMEDOUT: "connection timed out",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
}


def _words(error: OSError) -> str:
    return _GO_WORDS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__

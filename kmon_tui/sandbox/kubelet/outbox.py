"""What waits to be written to a client: put in by many tasks, written by one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

_ROOM = 256 * 1024
_BATCH = 32 * 1024


class Outbox:
    """A bounded queue before a connection.

    One task alone writes: in aiohttp all who wait for room share one future, and one that is cancelled takes the
    others with it.
    """

    def __init__(self, write: Callable[[bytes], Awaitable[None]], *, join: bool) -> None:
        self._write = write
        self._join = join
        """Whether pieces may be written together: true of a stream of frames, false of messages."""
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._closed = False

    async def put(self, *pieces: bytes) -> None:
        """Add pieces, which stay together and in order; wait for room. ConnectionResetError once the client left."""
        if self._closed:
            raise ConnectionResetError("the client has left")
        self._pieces.extend(pieces)
        self._size += sum(map(len, pieces))
        self._filled.set()
        self._empty.clear()
        if self._size > _ROOM:
            self._room.clear()
            await self._room.wait()

    async def flush(self) -> None:
        """Wait until everything has been written, or cannot be."""
        await self._empty.wait()

    async def run(self) -> None:
        """Write until the client leaves."""
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._pieces:
                    await self._write(self._next())
                    if self._size <= _ROOM:
                        self._room.set()
                self._empty.set()
        except ConnectionError:
            return
        finally:
            self._closed = True
            self._room.set()
            self._empty.set()

    def _next(self) -> bytes:
        batch = [self._pieces.popleft()]
        size = len(batch[0])
        while self._join and self._pieces and size < _BATCH:
            batch.append(piece := self._pieces.popleft())
            size += len(piece)
        self._size -= size
        return batch[0] if len(batch) == 1 else b"".join(batch)

"""What waits to be sent over a SPDY link: frames go together, and it is known for how long the link takes none."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable

_BATCH = 128 * 1024
"""Frames are sent together up to about this size."""


class Outgoing:
    """A queue that one task sends."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """``send`` writes, then waits for room."""
        self.size = 0
        """How many bytes wait."""
        self.sending_s = math.inf
        """Since when, by the loop's clock, the link has taken no more bytes."""
        self._send = send
        self._parts: deque[bytes | memoryview] = deque()
        self._writable = asyncio.Event()

    def keep(self, *parts: bytes | memoryview) -> None:
        """Add to what is sent with the next batch, without asking for one."""
        for part in parts:
            self._parts.append(part)
            self.size += len(part)

    def wake(self) -> None:
        """Have what is kept sent."""
        self._writable.set()

    async def send_some(self) -> tuple[int, float]:
        """Wait for something to send, and send a batch of it: how many bytes, and how long the link took."""
        if not self._parts:
            self._writable.clear()
        await self._writable.wait()
        batch: list[bytes | memoryview] = []
        size = 0
        while self._parts and size < _BATCH:
            batch.append(part := self._parts.popleft())
            size += len(part)
        if not batch:
            return 0, 0.0
        clock = asyncio.get_running_loop().time
        began_s = self.sending_s = clock()
        await self._send(b"".join(batch) if len(batch) > 1 else bytes(batch[0]))
        self.sending_s = math.inf
        self.size -= size
        return size, clock() - began_s

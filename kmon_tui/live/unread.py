"""What came on one connection and has not been read yet."""

from __future__ import annotations

import asyncio
from collections import deque

_SMALL = 2048
"""Shorter pieces are copied while they wait, so that they do not keep the whole message that they came in."""


class Unread:
    """A queue of bytes that knows when it holds more than ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: deque[bytes | memoryview] = deque()
        self._size = 0
        self._room = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def too_much(self) -> bool:
        """Whether it holds more than it should."""
        return self._size > self._most

    def put(self, piece: bytes | memoryview) -> None:
        """Add at the end."""
        self._pieces.append(bytes(piece) if len(piece) < _SMALL else piece)
        self._size += len(piece)

    def pop(self) -> bytes | memoryview:
        """Take the oldest piece."""
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if not self.too_much:
            self._room.set()
        return piece

    def clear(self) -> None:
        """Forget everything."""
        self._pieces.clear()
        self._size = 0
        self._room.set()

    async def room(self) -> None:
        """Return once it does not hold too much."""
        while self.too_much:
            self._room.clear()
            await self._room.wait()

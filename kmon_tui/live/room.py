"""Room for one open watch that several followers use in turns: an API server is asked for a few watches, not for many.

Nothing is lost between two turns: a watch goes on from the version where it was, and what happened meanwhile comes at
once. It comes late by the turns of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager


class Room:
    """Whoever is inside has its watch open."""

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self._guests: list[Callable[[], None]] = []

    @property
    def shared(self) -> bool:
        """Whether there are several."""
        return len(self._guests) > 1

    def length_s(self, alone_s: float, turn_s: float) -> float:
        """Give how long a watch may take: ``alone_s`` seconds, or a turn when somebody else wants the room, too."""
        return min(alone_s, turn_s) if self.shared else alone_s

    @contextmanager
    def joined(self, step_aside: Callable[[], None]) -> Iterator[None]:
        """Be one of those who use it; ``step_aside`` is called when another one joins."""
        for guest in self._guests:
            guest()
        self._guests.append(step_aside)
        try:
            yield
        finally:
            self._guests.remove(step_aside)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for the own turn; it ends with the block."""
        async with self._free:
            yield

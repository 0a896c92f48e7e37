"""The newest State, and a way to follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import fields
from typing import TypeVar

from kmon_tui.domain.state import State

T = TypeVar("T")
_SLICES = tuple(field.name for field in fields(State))


class Store:
    """Keeps one State; whoever follows it sees the newest one and may skip those between."""

    def __init__(self, state: State | None = None) -> None:
        self._state = state or State()
        self._next: asyncio.Event = asyncio.Event()

    @property
    def state(self) -> State:
        """The newest State."""
        return self._state

    def put(self, state: State) -> None:
        """Make this the newest State and wake the followers; silent when it says nothing new."""
        if all(getattr(state, name) is getattr(self._state, name) for name in _SLICES):
            return
        self._state = state
        self._next.set()
        self._next = asyncio.Event()

    async def follow(self) -> AsyncGenerator[State, None]:
        """Stream the newest State, at once and after each change; a slow follower skips."""
        while True:
            state, changed = self._state, self._next
            yield state
            if state is self._state:
                await changed.wait()

    async def wait_for(self, look: Callable[[State], T | None]) -> T:
        """Wait until ``look`` finds something in the State, and give it."""
        while (found := look(self._state)) is None:
            await self._next.wait()
        return found

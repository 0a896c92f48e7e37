"""Ways to the outside that live as long as somebody uses them: forwards go on while another context is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.domain.errors import KmonError
from kmon_tui.settings import Settings


@dataclass(slots=True)
class _Way:
    opened: asyncio.Future[Backend]
    done: asyncio.Event = field(default_factory=asyncio.Event)
    users: int = 0


class Ways:
    """One backend for each context, for all its users."""

    def __init__(self, open_backend: OpenBackend, tasks: asyncio.TaskGroup) -> None:
        self._open_backend = open_backend
        self._tasks = tasks
        self._ways: dict[str, _Way] = {}

    @asynccontextmanager
    async def to(self, context: str, settings: Settings) -> AsyncGenerator[Backend]:
        """Give the backend of a context. Raises KmonError when it cannot be opened."""
        way = self._ways.get(context)
        if way is None or (way.opened.done() and way.opened.exception() is not None):
            way = self._ways[context] = _Way(asyncio.get_running_loop().create_future())
            self._tasks.create_task(self._keep(way, settings), name=f"way of the forwards to {context}")
        way.users += 1
        try:
            yield await asyncio.shield(way.opened)
        finally:
            way.users -= 1
            if way.users == 0:
                way.done.set()
                if self._ways.get(context) is way:
                    del self._ways[context]

    async def _keep(self, way: _Way, settings: Settings) -> None:
        """Open and close in one task, as what is opened demands."""
        try:
            async with self._open_backend(settings) as backend:
                way.opened.set_result(backend)
                await way.done.wait()
        except KmonError as error:
            if way.opened.done():
                raise
            way.opened.set_exception(error)
        finally:
            if not way.opened.done():
                way.opened.cancel()

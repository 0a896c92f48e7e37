"""`kmon-tui forward TARGET [LOCAL]`: one forward until somebody stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from kmon_tui.backend import OpenBackend
from kmon_tui.domain.errors import Absent, Forbidden, SettingsError, Unauthorized
from kmon_tui.domain.forward import Forward, ForwardSpec, Obstacle, Phase
from kmon_tui.settings import Settings


async def forward(
    open_backend: OpenBackend,
    settings: Settings,
    spec: ForwardSpec,
    write: Callable[[str], object],
    say: Callable[[str], object],
) -> None:
    """Write the address as soon as it listens, then say what happens, until cancelled.

    Raises BackendError when the local port cannot be had, or when the first that is known of the target is that
    somebody has to do something: it does not exist, or there is no right to it. What goes away later is waited for.
    """
    async with open_backend(settings) as backend:
        if backend.tunnels is None:
            raise SettingsError("this cluster takes no forwards")
        said, settled = _Said(say), False
        async with aclosing(backend.tunnels.hold(spec, alone=True)) as forwards:
            async for value in forwards:
                if not said.address:
                    said.address = value.address
                    write(f"{value.address}\n")
                if not settled and value.obstacle is not None:
                    raise _OBSTACLES[value.obstacle](value.error, value.hint)
                settled = settled or value.phase is not Phase.OPENING
                said.news(value)


async def until(stop: asyncio.Event, work: asyncio.Task[None]) -> None:
    """Let the work run until it ends or is to stop; then it has ended."""
    stopping = asyncio.create_task(stop.wait(), name="wait for a signal")
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not work.done():
        work.cancel()
        await asyncio.wait((work,))
    if not work.cancelled():
        work.result()


_OBSTACLES = {Obstacle.ABSENT: Absent, Obstacle.FORBIDDEN: Forbidden, Obstacle.UNAUTHORIZED: Unauthorized}


class _Said:
    """Says each line of a log once."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.address = ""
        self._say = say
        self._last: object = None
        self._hint = ""

    def news(self, value: Forward) -> None:
        """Say what is new."""
        lines = list(value.log)
        start = next((at + 1 for at in range(len(lines) - 1, -1, -1) if lines[at] is self._last), 0)
        for line in lines[start:]:
            self._say(line.text)
        self._last = lines[-1] if lines else None
        if value.hint and value.hint != self._hint:
            self._say(value.hint)
        self._hint = value.hint

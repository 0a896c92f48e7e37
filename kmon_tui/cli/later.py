"""A monitor that is imported and made when the app first needs it: after the first paint."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmon_tui.domain.command import Command
    from kmon_tui.domain.state import State
    from kmon_tui.monitor.monitor import Monitor


class LaterMonitor:
    """What the app needs of a monitor, from one that is made at the first call."""

    def __init__(self, make: Callable[[], Monitor]) -> None:
        self._make = make
        self._made: Monitor | None = None

    @property
    def state(self) -> State:
        """The newest State."""
        return self._monitor.state

    def follow(self) -> AsyncGenerator[State, None]:
        """Stream the newest State."""
        return self._monitor.follow()

    def send(self, command: Command) -> None:
        """Do what a person wants; what became of it arrives in the State."""
        self._monitor.send(command)

    async def run(self) -> None:
        """Run until cancelled."""
        await self._monitor.run()

    @property
    def _monitor(self) -> Monitor:
        if self._made is None:
            self._made = self._make()
        return self._made

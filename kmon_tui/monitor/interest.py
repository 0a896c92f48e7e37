"""What people look at: the metrics source asks for no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kmon_tui.domain.command import LookAt
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.monitor.store import Store

IDLE_AFTER_S = 30 * 60.0
"""Without a key for so long, nobody looks: polls become rare."""


class Looked:
    """The Interest of backend.py, kept by the monitor."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._touched_s = clock()
        self._look = LookAt()
        self._event = asyncio.Event()

    @property
    def services(self) -> tuple[InferenceService, ...]:
        """All services in scope."""
        return self._store.state.fleet.services

    @property
    def selected(self) -> Key | None:
        """The service whose buckets are wanted."""
        return self._look.selected

    @property
    def visible(self) -> tuple[Key, ...]:
        """The rows on the screen."""
        return self._look.visible

    @property
    def idle(self) -> bool:
        """Whether no key was pressed for half an hour."""
        return self._clock() - self._touched_s > IDLE_AFTER_S

    @property
    def event(self) -> asyncio.Event:
        """Set at the next change."""
        return self._event

    async def changed(self) -> None:
        """Return at the next change of the selection, the first key after idleness, or a wish to refresh."""
        await self._event.wait()

    def look_at(self, look: LookAt) -> None:
        """Remember what is looked at; only another selection wakes the source, scrolling does not."""
        moved = look.selected != self._look.selected
        self._look = look
        if moved:
            self.wake()

    def touch(self) -> None:
        """A key was pressed."""
        was_idle = self.idle
        self._touched_s = self._clock()
        if was_idle:
            self.wake()

    def wake(self) -> None:
        """Wake whoever waits in changed()."""
        self._event.set()
        self._event = asyncio.Event()

"""What a test is interested in."""

from __future__ import annotations

import asyncio

from kmon_tui.domain.command import Span
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family


class Interested:
    """An Interest that a test changes by hand."""

    def __init__(self, services: tuple[InferenceService, ...], selected: Key | None = None) -> None:
        self.services = services
        self.edition = 0
        self.selected = selected or (services[0].key if services else None)
        self.visible = tuple(isvc.key for isvc in services)
        self.near: tuple[Key, ...] = ()
        self.idle = False
        self.span: Span | None = None
        self.family: Family | None = None
        self.scrape_pods: bool | None = None
        self._changed = asyncio.Event()

    def select(self, key: Key) -> None:
        """Select another service."""
        self.selected = key
        self._changed.set()

    def scroll(self, *visible: Key) -> None:
        """Show other rows."""
        self.visible = visible
        self._changed.set()

    async def changed(self) -> None:
        """Return at the next change."""
        self._changed.clear()
        await self._changed.wait()

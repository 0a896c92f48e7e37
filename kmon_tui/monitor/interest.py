"""What people look at: the metrics source asks for no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kmon_tui.domain.command import ChooseFamily, LookAt, ScrapePods, Span
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family
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
        self._family: Family | None = None
        self._scrape_pods: dict[str, bool] = {}
        """By context: what a person wants of one is no leave for another."""
        self._event = asyncio.Event()

    @property
    def services(self) -> tuple[InferenceService, ...]:
        """All services in scope."""
        return self._store.state.fleet.services

    @property
    def edition(self) -> int:
        """Their edition."""
        return self._store.state.fleet.edition

    @property
    def selected(self) -> Key | None:
        """The service whose buckets are wanted."""
        return self._look.selected

    @property
    def visible(self) -> tuple[Key, ...]:
        """The rows on the screen."""
        return self._look.visible

    @property
    def near(self) -> tuple[Key, ...]:
        """Rows close to those on the screen."""
        return self._look.near

    @property
    def span(self) -> Span | None:
        """How much of the selected service's past is wanted."""
        return self._look.span

    @property
    def idle(self) -> bool:
        """Whether no key was pressed for half an hour."""
        return self._clock() - self._touched_s > IDLE_AFTER_S

    @property
    def family(self) -> Family | None:
        """The family that a person chose; it stays over another context and another Prometheus."""
        return self._family

    @property
    def scrape_pods(self) -> bool | None:
        """Whether a person wants pods to be scraped directly; None: as the configuration of the context says."""
        return self._scrape_pods.get(self._store.state.place.context)

    @property
    def event(self) -> asyncio.Event:
        """Set at the next change."""
        return self._event

    async def changed(self) -> None:
        """Return at the next change of what is looked at, the first key after idleness, or a wish to refresh."""
        await self._event.wait()

    def look_at(self, look: LookAt) -> None:
        """Remember what is looked at, and wake the source when that is something else."""
        before, self._look = self._look, look
        if (look.selected, look.span, look.visible) != (before.selected, before.span, before.visible):
            self.wake()

    def wish(self, command: ChooseFamily | ScrapePods) -> None:
        """Remember what a person wants of the numbers, and ask anew."""
        if isinstance(command, ChooseFamily):
            self._family = command.family
        else:
            self._scrape_pods[self._store.state.place.context] = command.on
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

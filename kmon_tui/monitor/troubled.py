"""Which services of the fleet are in trouble now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from kmon_tui.domain.replaced import Services, replaced
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.state import State
from kmon_tui.monitor.store import Store

MOST = 300
"""So many reasons at most: one screen shows fewer, and beyond these causes repeat."""
PATIENCE_S = 120.0
"""A rollout, or a service without a status, is looked into after so long: most are over by then."""
LOOK_S = 2.0
"""At least so long between two looks at the fleet."""
AGE_S = 30.0
"""Without any news the fleet is looked at so often, as long as something is young."""


class InTrouble:
    """The Troubled of backend.py, kept by the monitor."""

    def __init__(self, store: Store, now: Callable[[], datetime], visible: Callable[[], tuple[Key, ...]]) -> None:
        self._store, self._now, self._visible = store, now, visible
        self._rows: tuple[InferenceService, ...] = ()
        self._suspects = Suspects()
        self._event = asyncio.Event()

    @property
    def rows(self) -> tuple[InferenceService, ...]:
        """Those whose reason is wanted, the ones on the screen first."""
        return self._rows

    async def changed(self) -> None:
        """Return once they are others."""
        await self._event.wait()

    async def run(self) -> None:
        """Look at each new fleet until cancelled; rollouts grow old without any news."""
        while True:
            edition = self._store.state.fleet.edition
            rows, young = in_trouble(self._suspects.of(self._store.state.fleet.services), self._now())
            seen = frozenset(self._visible()) if len(rows) > MOST else frozenset[Key]()
            rows = tuple(sorted(rows, key=lambda row: row.key not in seen)[:MOST])
            if len(rows) != len(self._rows) or any(a is not b for a, b in zip(rows, self._rows, strict=True)):
                self._rows = rows
                self._event.set()
                self._event = asyncio.Event()
            await asyncio.sleep(LOOK_S)
            try:
                async with asyncio.timeout(AGE_S if young else None):
                    await self._store.wait_for(partial(_another, edition))
            except TimeoutError:
                continue


def _another(edition: int, state: State) -> bool | None:
    """Say whether there are other services; an edition that is not known (0) may be another one each time."""
    return True if state.fleet.edition != edition or not edition else None


class Suspects:
    """The services that may be in trouble, now or later; of a new fleet only what changed is looked at."""

    def __init__(self) -> None:
        self._services: Services = ()
        self._found: dict[Key, InferenceService] = {}

    def of(self, services: Services) -> list[InferenceService]:
        """Give those of this fleet, sorted by key."""
        pairs = replaced(self._services, services)
        if pairs is None:
            self._found = {row.key: row for row in services if _suspicious(row)}
        for _, row in pairs or ():
            if _suspicious(row):
                self._found[row.key] = row
            else:
                self._found.pop(row.key, None)
        self._services = services
        return [self._found[key] for key in sorted(self._found)]


def _suspicious(row: InferenceService) -> bool:
    return row.readiness not in _WELL or bool(row.reason) or row.not_serving


def in_trouble(services: Iterable[InferenceService], now: datetime) -> tuple[tuple[InferenceService, ...], bool]:
    """Give those in trouble, and whether some may be soon for no other reason than their age."""
    found, young = [], False
    for row in services:
        readiness = row.readiness
        if readiness is Readiness.FAILED or row.not_serving or (row.reason and readiness in _WELL):
            found.append(row)
        elif readiness in _WAITING:
            since = row.since or row.created
            late = since is None or (now - since).total_seconds() > PATIENCE_S
            if late or row.reason in _NO_WAITING_HELPS:
                found.append(row)
            else:
                young = True
    return tuple(found), young


_NO_WAITING_HELPS = ("FailedCreate", "ReconcileFailed", "ProgressDeadlineExceeded", "RevisionFailed")
_WELL = (Readiness.READY, Readiness.COLD)
_WAITING = (Readiness.ROLLING, Readiness.UNKNOWN)

"""Which services of the fleet are in trouble now."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import datetime
from functools import partial

from kmon_tui.domain.readiness import lagging
from kmon_tui.domain.replaced import Services, places
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.monitor.noted import Noted
from kmon_tui.monitor.store import Store

MOST = 300
"""So many reasons at most: one screen shows fewer, and beyond these causes repeat."""
PATIENCE_S = 120.0
"""A rollout, or a service without a status, is looked into after so long: most are over by then."""
LOOK_S = 2.0
"""At least so long between two looks at the fleet."""
SLICE = 500
"""So many suspects are judged before keys are let through."""
AGE_S = 30.0
"""Without any news the fleet is looked at so often, as long as something is young."""


class InTrouble:
    """The Troubled of backend.py, kept by the monitor."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], visible: Callable[[], tuple[Key, ...]], noted: Noted
    ) -> None:
        self._store, self._now, self._visible, self._noted = store, now, visible, noted
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
            report = self._store.state.traffic
            self._noted.asked(self._store.state.activity)
            noted = self._noted.edition
            erring = self._noted.keys | (frozenset() if report is None else report.erring)
            await asyncio.sleep(0)  # each of these steps takes milliseconds at ten thousand services
            suspects = self._suspects.of(self._store.state.fleet.services, self._visible(), erring)
            rows, young = await looked_into(suspects, self._now(), erring)
            del suspects  # thousands, and others at the next look
            if len(rows) != len(self._rows) or any(a is not b for a, b in zip(rows, self._rows, strict=True)):
                self._rows = rows
                self._event.set()
                self._event = asyncio.Event()
            await asyncio.sleep(LOOK_S)
            try:
                async with asyncio.timeout(AGE_S if young else None):
                    await self._store.wait_for(partial(self._another, edition, report, noted))
            except TimeoutError:
                continue

    def _another(self, edition: int, report: TrafficReport | None, noted: int, state: State) -> bool | None:
        """Say whether there are other services, or news of them; an edition that is not known (0) may be another."""
        self._noted.asked(state.activity)
        if self._noted.edition != noted or state.fleet.edition != edition or not edition:
            return True
        return True if state.traffic is not report else None


async def looked_into(
    suspects: Sequence[InferenceService], now: datetime, erring: Container[Key]
) -> tuple[tuple[InferenceService, ...], bool]:
    """Do what ``in_trouble`` does, and let keys through after each slice."""
    found: list[InferenceService] = []
    young = False
    for start in range(0, len(suspects), SLICE):
        await asyncio.sleep(0)
        some, more = in_trouble(suspects[start : start + SLICE], now, erring)
        found, young = [*found, *some], young or more
        if len(found) >= MOST:
            return tuple(found[:MOST]), True
    return tuple(found), young


class Suspects:
    """The services that may be in trouble, now or later; of a new fleet only what changed is looked at."""

    def __init__(self) -> None:
        self._services: Services = ()
        self._places: set[int] = set()

    def of(self, services: Services, visible: Iterable[Key] = (), erring: Iterable[Key] = ()) -> list[InferenceService]:
        """Give those of this fleet, sorted by key; of more than can be looked into those on the screen first.

        ``erring``: those whose requests fail, whatever their rows say.
        """
        changed = places(self._services, services)
        if changed is None:
            self._places.clear()
        for place in range(len(services)) if changed is None else changed:
            (self._places.add if _suspicious(services[place]) else self._places.discard)(place)
        self._services = services
        found = self._places | _places(services, erring)
        seen = _places(services, visible) & found if len(found) > MOST else set[int]()
        return [services[place] for place in (*sorted(seen), *sorted(found - seen))]


def _places(services: Services, keys: Iterable[Key]) -> set[int]:
    """Say where those of these stand that are there."""
    places = [(bisect_left(services, key, key=lambda isvc: isvc.key), key) for key in keys]
    return {place for place, key in places if place < len(services) and services[place].key == key}


def _suspicious(row: InferenceService) -> bool:
    told = bool(row.reason) or bool(row.complaint)
    return row.readiness not in _WELL or told or row.not_serving or bool(lagging(row))


def in_trouble(
    rows: Iterable[InferenceService], now: datetime, erring: Container[Key] = ()
) -> tuple[tuple[InferenceService, ...], bool]:
    """Give those in trouble, MOST of them at most, and whether more may be for no other reason than their age."""
    found, young = [], False
    for row in rows:
        readiness = row.readiness
        told = row.reason or row.complaint or row.key in erring
        if readiness is Readiness.FAILED or row.not_serving or (told and readiness in _WELL):
            found.append(row)
        elif readiness in _WELL:
            # One pod of two that does not get ready turns no condition: only the pods tell.
            behind = lagging(row)
            if any(_older(pod.created, now) for pod in behind):
                found.append(row)
            else:
                young = young or bool(behind)
        elif readiness in _WAITING:
            if _older(row.since or row.created, now) or row.reason in _NO_WAITING_HELPS:
                found.append(row)
            else:
                young = True
        if len(found) == MOST:
            return tuple(found), True
    return tuple(found), young


def _older(moment: datetime | None, now: datetime) -> bool:
    return moment is None or (now - moment).total_seconds() > PATIENCE_S


_NO_WAITING_HELPS = ("FailedCreate", "ReconcileFailed", "ProgressDeadlineExceeded", "RevisionFailed")
_WELL = (Readiness.READY, Readiness.COLD)
_WAITING = (Readiness.ROLLING, Readiness.UNKNOWN)

"""Looks into services once: what `why`, `check`, `events` and `logs` begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from kmon_tui.backend import Backend, Trees
from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.errors import TimedOut, Unreachable
from kmon_tui.domain.readiness import lagging
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.oneshot.get import PATIENCE_S
from kmon_tui.settings import Settings

_WELL = (Readiness.READY, Readiness.COLD, Readiness.STOPPED)
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The Troubled of backend.py for one reading."""

    rows: tuple[InferenceService, ...]

    async def changed(self) -> None:
        """Never: there is one reading."""
        await asyncio.Event().wait()


def trees_of(backend: Backend) -> Trees:
    """Give the way inside. Raises Unreachable when there is none."""
    if backend.trees is None:
        raise Unreachable("nothing can be looked into here")
    return backend.trees


def suspects(services: Iterable[InferenceService]) -> tuple[InferenceService, ...]:
    """Give the services that may not be healthy, as far as their rows tell."""
    return tuple(
        [row for row in services if row.readiness not in _WELL or row.not_serving or _says_why(row) or lagging(row)]
    )


async def look(backend: Backend, key: Key, settings: Settings) -> ObjectTree:
    """Read everything of one service. Raises BackendError."""
    try:
        async with asyncio.timeout(_patience_s(settings)):
            return await trees_of(backend).look(key)
    except TimeoutError:
        raise _too_slow(settings) from None


async def diagnose_many(
    backend: Backend, rows: Sequence[InferenceService], settings: Settings, now: Now
) -> Mapping[Key, Diagnosis]:
    """Say of each of them what is wrong, from a bounded number of lists. Raises BackendError."""
    if not rows:
        return {}
    try:
        async with (
            asyncio.timeout(_patience_s(settings)),
            aclosing(trees_of(backend).reasons(Chosen(tuple(rows)), at_once=False)) as readings,
        ):
            async for trees in readings:
                return {key: diagnose(tree, now()) for key, tree in trees.items()}
    except TimeoutError:
        raise _too_slow(settings) from None
    raise Unreachable("the reading ended before it was complete")


def _says_why(row: InferenceService) -> bool:
    return bool(row.reason or row.complaint) and row.readiness is not Readiness.STOPPED


def _patience_s(settings: Settings) -> float:
    return settings.kube.request_timeout_s or PATIENCE_S


def _too_slow(settings: Settings) -> TimedOut:
    return TimedOut(f"no complete answer in {_patience_s(settings):g} s", "A larger --request-timeout waits longer.")

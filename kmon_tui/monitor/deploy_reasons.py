"""Says why what was deployed did not become ready: the diagnosis of each service that failed or came too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kmon_tui.backend import Trees
from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.rollout import Followed, Rollout

LOOK_S = 10.0
"""A deploy that has failed is told without a diagnosis when looking inside takes longer."""
MOST = 5
"""So many services are looked into."""


async def explained(rollout: Rollout, trees: Trees | None, now: Callable[[], datetime]) -> Rollout:
    """Give the same with diagnoses, where somebody may look inside; what ended well needs none."""
    if trees is None or rollout.outcome is not False:
        return rollout
    wanted = {wait.key for wait in rollout.unready[:MOST]}
    waits = [await _looked(wait, trees, now) if wait.key in wanted else wait for wait in rollout.waits]
    return replace(rollout, waits=tuple(waits))


async def _looked(wait: Followed, trees: Trees, now: Callable[[], datetime]) -> Followed:
    try:
        async with asyncio.timeout(LOOK_S):
            diagnosis = diagnose(await trees.look(wait.key), now())
    except (BackendError, TimeoutError):
        return wait  # its own condition must do
    return wait if diagnosis.healthy else replace(wait, diagnosis=diagnosis)

"""A time limit on silence that costs next to nothing while thousands of words are heard."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType

EXACT_S = 1.0
"""How exactly it is noted when something was heard last: to move a time limit costs as much as to read an event."""


class Silence:
    """Ends what is inside with TimeoutError once nothing was heard for so long; until the first word there is none."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._limit = asyncio.timeout(None)
        self._now_s = asyncio.get_running_loop().time
        self._heard_s = -math.inf

    async def __aenter__(self) -> Silence:
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limit.__aexit__(kind, error, trace)

    def heard(self) -> None:
        """Note that something was heard just now."""
        now_s = self._now_s()
        if now_s - self._heard_s >= EXACT_S:
            self._heard_s = now_s
            self._limit.reschedule(now_s + self._longest_s)

    def end(self) -> None:
        """End what is inside now, as if the silence had lasted long enough."""
        if not self._limit.expired():
            self._limit.reschedule(self._now_s())

"""Never asks the API server faster than it was promised."""

from __future__ import annotations

import asyncio


class RateLimit:
    """Lets ``per_s`` requests a second through, after a burst of ``burst``; whoever is too early waits."""

    def __init__(self, per_s: float = 5.0, burst: int = 20) -> None:
        self._gap_s = 1.0 / per_s
        self._ahead_s = (burst - 1) / per_s
        self._due_s = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now_s = asyncio.get_running_loop().time()
        due_s = max(self._due_s, now_s - self._ahead_s)
        # Taken before the wait, so that two who wait do not get the same turn.
        self._due_s = due_s + self._gap_s
        await asyncio.sleep(max(0.0, due_s - now_s))

"""Where the cursor rests: each rest is worth a question by range, but not each of a hundred. Pure."""

from __future__ import annotations

MOST, APART_S = 4, 5.0
"""So many rests in a row are looked at as soon as they are rests; further ones so far apart."""
SETTLE_S = 0.2
"""The cursor may run over many rows; it rests once it has stayed for so long."""


class Rests:
    """Gives how long a rest must be to be looked at."""

    def __init__(self) -> None:
        self._free = float(MOST)
        self._at_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """Give how long the cursor has to stay from now on."""
        return max(SETTLE_S, (1.0 - self._free_at(now_s)) * APART_S)

    def take(self, now_s: float) -> None:
        """One was looked at."""
        self._free, self._at_s = self._free_at(now_s) - 1.0, now_s

    def _free_at(self, now_s: float) -> float:
        return min(float(MOST), self._free + (now_s - self._at_s) / APART_S)

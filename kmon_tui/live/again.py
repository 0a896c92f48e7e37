"""What is looked at anew now and then: how often Prometheus scrapes, and what it holds. One question a tick. Pure.

Such a tick has one question less for others: quantiles wait for the next one.
"""

from __future__ import annotations

from enum import Enum

from kmon_tui.live.introduction import REFRESH_S

SUSPICIOUS_S = 60
"""While many services have no fresh samples, what Prometheus is like is looked at anew so often."""


class Aside(Enum):
    """One thing to look at."""

    CONFIG = "the interval that its configuration tells"
    INTERVAL = "the interval between its samples"
    HOLDINGS = "which families it has, and its clock"


class Again:
    """Knows what is due."""

    def __init__(self) -> None:
        self._next: Aside | None = None
        self._looked_s = 0.0
        self._strange = False
        """Half of all services lacked samples at the last tick."""

    def introduced(self, now_s: float) -> None:
        """Its holdings were asked for just now."""
        self._looked_s = now_s

    def due(self, now_s: float, *, suspicious: bool) -> Aside | None:
        """Give what this tick asks. ``suspicious``: half of all services lack samples."""
        # Samples that fail to come may be of a longer interval: that is found out before rates are too low.
        if suspicious and not self._strange:
            self._next = Aside.CONFIG
        self._strange = suspicious
        if (found := self._next) is not None:
            self._next = None
            return found
        if now_s - self._looked_s < (SUSPICIOUS_S if suspicious else REFRESH_S):
            return None
        self._looked_s, self._next = now_s, Aside.INTERVAL
        return Aside.HOLDINGS

    def measure_next(self) -> None:
        """The configuration told nothing new: let the next tick look at samples."""
        self._next = Aside.INTERVAL

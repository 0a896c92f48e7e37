"""How often Prometheus is asked: as often as it scrapes, but never more than it bears. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

SHORTEST_S, LONGEST_S = 5, 300
IDLE_S = 60
SHARE = 0.05
"""Queries may take this part of the interval."""
CALM_TICKS, CALM_S, LEAST_CALM = 20, 300, 3
"""Quick ticks in a row before the interval is halved again; of long ticks as many as there are in five minutes."""
HISTORY_S = 900


@dataclass(frozen=True, slots=True)
class Pace:
    """The present interval and how it came about."""

    scrape_s: float
    doublings: int = 0
    calm: int = 0
    """Ticks in a row that would have been quick enough at half the interval, too."""

    @property
    def tick_s(self) -> int:
        """Seconds between two looks, a whole number so that all questions lie on one grid."""
        return min(LONGEST_S, max(SHORTEST_S, round(self.scrape_s)) << self.doublings)

    @property
    def window_s(self) -> int:
        """Rate window: four scrapes, at least a minute, rounded up to whole ticks."""
        wanted_s = max(60.0, 4 * self.scrape_s)
        return self.tick_s * max(1, -(-round(wanted_s) // self.tick_s))

    @property
    def points(self) -> int:
        """Steps that are kept: a quarter of an hour of them, within reason."""
        return min(90, max(20, HISTORY_S // self.tick_s))

    def after(self, took_s: float) -> Pace:
        """Give the pace after a tick whose queries took so long."""
        if took_s > SHARE * self.tick_s:
            return replace(self, doublings=self.doublings + (self.tick_s < LONGEST_S), calm=0)
        if not self.doublings or took_s > SHARE * self.tick_s / 4:
            return replace(self, calm=0)
        if self.calm + 1 >= max(LEAST_CALM, min(CALM_TICKS, CALM_S // self.tick_s)):
            return replace(self, doublings=self.doublings - 1, calm=0)
        return replace(self, calm=self.calm + 1)

    @property
    def note(self) -> str:
        """Say that it was slowed down; empty when it was not."""
        return f"Prometheus is slow: asked every {self.tick_s} s only" if self.doublings else ""


def wait_s(due_s: float, *, idle: bool, jitter_s: float) -> float:
    """Give how long to wait for the next tick: until it is due, a minute at least while nobody looks, and a bit more.

    The bit lets the scrape arrive, and keeps many who watch one Prometheus from asking in the same moment.
    """
    return max(due_s, IDLE_S if idle else 0.0) + jitter_s

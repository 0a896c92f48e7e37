"""Traffic as a function of time: its sum is known for any moment, so that past and future agree."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

SLOT_S = 300.0
"""Latency and error ratio stay the same for this long."""
_MOST_TOTALS = 5000
_PERIODS_S = (2700.0, 1500.0, 640.0, 170.0, 61.0, 23.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the traffic of one service shall be like."""

    requests_per_s: float = 0.0
    wave: float = 0.5
    """How far the rate swings around its mean, as a share of it (0 to 0.95)."""
    burst_every_s: float = 0.0
    """A burst comes this often; 0: never."""
    burst_s: float = 60.0
    burst_requests_per_s: float = 0.0
    latency_ms: float = 20.0
    """Median."""
    spread: float = 0.6
    """Sigma of the log-normal latency: 0.3 is narrow, 1 is wide."""
    drift: float = 0.25
    """How much the median changes from one slot to the next, as a share."""
    errors: float = 0.0
    """Share of answers with status 500."""
    client_errors: float = 0.0
    """Share of answers with status 400."""
    refused: float = 0.0
    """Share of requests that are refused before a pod (503), on top of ``requests_per_s``."""


class Load:
    """The requests of one service."""

    def __init__(self, plan: Plan, seed: str) -> None:
        self.plan = plan
        self._seed = seed
        rng = random.Random(seed)
        weights = [rng.uniform(0.3, 1.0) for _ in _PERIODS_S]
        scale = plan.requests_per_s * plan.wave / sum(weights)
        self._waves = [
            (scale * weight, math.tau / (period * rng.uniform(0.8, 1.25)), rng.uniform(0, math.tau))
            for weight, period in zip(weights, _PERIODS_S, strict=True)
        ]
        self._burst_offset = rng.uniform(0, plan.burst_every_s) if plan.burst_every_s else 0.0
        self._slots: dict[int, tuple[float, float]] = {}
        self._totals: dict[float, float] = {}
        """The meters of all pods ask for the same moments of the past."""

    def rate(self, at_s: float) -> float:
        """Requests per second at a moment."""
        rate = self.plan.requests_per_s + sum(a * math.sin(w * at_s + p) for a, w, p in self._waves)
        plan = self.plan
        if plan.burst_every_s and (at_s + self._burst_offset) % plan.burst_every_s < plan.burst_s:
            rate += plan.burst_requests_per_s
        return rate

    def requests(self, from_s: float, to_s: float) -> float:
        """Requests between two moments."""
        return self._total(to_s) - self._total(from_s)

    def _total(self, at_s: float) -> float:
        known = self._totals.get(at_s)
        if known is None:
            if len(self._totals) > _MOST_TOTALS:
                self._totals.clear()
            known = self._totals[at_s] = self._sum_until(at_s)
        return known

    def _sum_until(self, at_s: float) -> float:
        total = self.plan.requests_per_s * at_s - sum(a / w * math.cos(w * at_s + p) for a, w, p in self._waves)
        plan = self.plan
        if plan.burst_every_s:
            whole, inside = divmod(at_s + self._burst_offset, plan.burst_every_s)
            total += (whole * plan.burst_s + min(inside, plan.burst_s)) * plan.burst_requests_per_s
        return total

    def mood(self, slot: int) -> tuple[float, float]:
        """Give what a slot multiplies the latency and the error ratio with."""
        known = self._slots.get(slot)
        if known is None:
            rng = random.Random(f"{self._seed} {slot}")
            slower = math.exp(rng.gauss(0, 1) * self.plan.drift / 2)
            known = self._slots[slot] = (slower, rng.uniform(0.6, 1.4))
            while len(self._slots) > 100:
                del self._slots[next(iter(self._slots))]
        return known


@dataclass(slots=True)
class Flow:
    """The part of a service's requests that one pod gets."""

    load: Load
    started_s: float
    shares: list[tuple[float, float]] = field(default_factory=list)
    """(from when, which share), ascending; nothing before the first."""
    restarts_s: list[float] = field(default_factory=list)
    """When its containers started anew: counters fall to 0 there."""
    ended_s: float = math.inf

    def share_at(self, at_s: float) -> float:
        """Which share it has at a moment."""
        return next((share for since_s, share in reversed(self.shares) if since_s <= at_s), 0.0)

    def set_share(self, at_s: float, share: float) -> None:
        """Give it another share from a moment on."""
        if self.share_at(at_s) != share:
            self.shares.append((at_s, share))

    def rate(self, at_s: float) -> float:
        """Requests per second of this pod at a moment."""
        return self.load.rate(at_s) * self.share_at(at_s) if at_s < self.ended_s else 0.0

    def pieces(self, from_s: float, to_s: float) -> Iterator[tuple[int, float]]:
        """Give (slot, requests) for each stretch in which neither slot nor share changes."""
        to_s = min(to_s, self.ended_s)
        at_s = max(from_s, self.started_s)
        while at_s < to_s:
            slot = int(at_s // SLOT_S)
            turn_s = min((slot + 1) * SLOT_S, to_s)
            if len(self.shares) == 1:
                since_s, share = self.shares[0]
                if at_s < since_s:
                    turn_s, share = min(turn_s, since_s), 0.0
            else:
                turn_s = min((since_s for since_s, _ in self.shares if at_s < since_s < turn_s), default=turn_s)
                share = self.share_at(at_s)
            if share:
                yield slot, share * self.load.requests(at_s, turn_s)
            at_s = turn_s


@dataclass(frozen=True, slots=True)
class Latency:
    """A log-normal distribution of seconds."""

    median_s: float
    sigma: float

    def below(self, bound_s: float) -> float:
        """Give the share that is not above a bound."""
        if math.isinf(bound_s):
            return 1.0
        if bound_s <= 0:
            return 0.0
        return 0.5 * (1.0 + math.erf(math.log(bound_s / self.median_s) / (self.sigma * math.sqrt(2))))

    @property
    def mean_s(self) -> float:
        """The average."""
        return self.median_s * math.exp(self.sigma**2 / 2)

"""Meters: what one pod has counted of its requests, from the simulated flow and from real ones."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Protocol, TypeAlias

from kmon_tui.sandbox.models_load import Flow, Latency

Values: TypeAlias = Sequence[float]
Shape: TypeAlias = Callable[[int], tuple[float, Latency]]
"""Give for a slot which share of the pod's requests is counted here, and how long they take."""


class Source(Protocol):
    """Numbers of one pod that stand on a page: a histogram, a counter, a gauge."""

    def read(self, now_s: float) -> Values | None:
        """Give the numbers now; None while nothing was counted."""

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give the numbers at past moments."""


_GOLDEN = (math.sqrt(5) - 1) / 2


class Meter:
    """A histogram: cumulative counts for each bound, the last one infinite; then count, then sum (unit 1000: in ms).

    Each bucket keeps what fell into it alone and shows whole requests: so a step never counts a request at one bound
    that it does not count at the next. They round at different points, or a slow trickle would fill all at once.
    """

    def __init__(self, flow: Flow, bounds_s: Sequence[float], shape: Shape, unit: float = 1.0) -> None:
        self._flow = flow
        self._unit = unit
        self._bounds_s = (*bounds_s, math.inf)
        self._shape = shape
        self._at_s = flow.started_s
        self._restarts = 0
        self._own = [0.0] * len(self._bounds_s)
        self._sum_s = 0.0
        self._shifts = [1e-6 + i * _GOLDEN % 1.0 for i in range(1, len(self._bounds_s) + 1)]
        self._shares: tuple[int, list[float], float] = (-1, [], 0.0)

    def read(self, now_s: float) -> Values | None:
        """Count what came since the last call and give all."""
        self._advance(now_s)
        counts = list(accumulate([float(int(own + shift)) for own, shift in zip(self._own, self._shifts, strict=True)]))
        if not counts[-1]:
            return None
        return [*counts, counts[-1], self._sum_s * self._unit]

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Count anew from the pod's start."""
        again = Meter(self._flow, self._bounds_s[:-1], self._shape, self._unit)
        return [again.read(time_s) for time_s in times_s]

    def observe(self, took_s: float, count: float = 1.0) -> None:
        """Count real requests."""
        self._own[bisect_left(self._bounds_s, took_s)] += count
        self._sum_s += took_s * count

    def _advance(self, now_s: float) -> None:
        while self._restarts < len(self._flow.restarts_s) and self._flow.restarts_s[self._restarts] <= now_s:
            self._at_s = max(self._at_s, self._flow.restarts_s[self._restarts])
            self._restarts += 1
            self._own = [0.0] * len(self._bounds_s)
            self._sum_s = 0.0
        for slot, requests in self._flow.pieces(self._at_s, now_s):
            shares, mean_s = self._of_slot(slot)
            for i, share in enumerate(shares):
                self._own[i] += requests * share
            self._sum_s += requests * mean_s
        self._at_s = max(self._at_s, now_s)

    def _of_slot(self, slot: int) -> tuple[list[float], float]:
        if self._shares[0] != slot:
            share, latency = self._shape(slot)
            below = [0.0, *(share * latency.below(bound) for bound in self._bounds_s)]
            own = [higher - lower for lower, higher in pairwise(below)]
            self._shares = (slot, own, share * latency.mean_s)
        return self._shares[1], self._shares[2]


class Sizes:
    """A histogram of equal sizes, as many as a meter has counted."""

    def __init__(self, meter: Meter, size: float, bounds: Sequence[float]) -> None:
        self._meter = meter
        self._size = size
        self._bounds = (*bounds, math.inf)

    def read(self, now_s: float) -> Values | None:
        """Give the sizes of all that the meter counted."""
        return self._of(self._meter.read(now_s))

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give the same of the past."""
        return [self._of(values) for values in self._meter.past(times_s)]

    def _of(self, values: Values | None) -> Values | None:
        if values is None:
            return None
        count = values[-2]
        return [*(count if self._size <= bound else 0.0 for bound in self._bounds), count, count * self._size]


class Scaled:
    """A counter that grows with what a meter counts: tokens with requests."""

    def __init__(self, meter: Meter, factor: float) -> None:
        self._meter = meter
        self._factor = factor

    def read(self, now_s: float) -> Values | None:
        """Give the count times the factor; 0 before the first."""
        return self._of(self._meter.read(now_s))

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give the same of the past."""
        return [self._of(values) for values in self._meter.past(times_s)]

    def _of(self, values: Values | None) -> Values:
        return [float(math.floor(values[-2] * self._factor))] if values else [0.0]


class Gauge:
    """A number that is a function of time."""

    def __init__(self, function: Callable[[float], float]) -> None:
        self._function = function

    def read(self, now_s: float) -> Values | None:
        """Give it now."""
        return [self._function(now_s)]

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give it at past moments."""
        return [[self._function(time_s)] for time_s in times_s]


class Constant:
    """A number that never changes."""

    def __init__(self, value: float) -> None:
        self._values = [value]

    def read(self, now_s: float) -> Values | None:
        """Give it."""
        return self._values

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give it as often as it is asked for."""
        return [self._values] * len(times_s)

"""The traffic of one service as it flows by: what each step brought, and the series that are drawn."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime

from kmon_tui.domain.traffic import EMPTY_SERIES, Family, Series, Traffic


@dataclass(frozen=True, slots=True)
class Gain:
    """What one step brought."""

    requests: float
    covered_s: float
    """Between the samples that it was taken from; 0 when there was no new sample, which is no proof of silence."""
    bad: float = 0.0
    """Answers 5xx; in the SDK's family executions that failed."""
    base: float | None = None
    """What ``bad`` is a share of; None where nobody counts what went wrong."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of the rate window."""

    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    top_bound_ms: float | None = None


class Flow:
    """Keeps the last steps of one service. Arrays are never changed once a Series holds them."""

    __slots__ = (
        "_errors", "_rate_now", "_ratio_now", "_requests", "_steps", "closed", "counter_sum", "end_s", "family",
        "gaps", "latency", "new_requests", "problem", "remark", "sampled_s",
    )  # fmt: skip

    def __init__(self, family: Family) -> None:
        self.family = family
        self.latency = Latency()
        self.counter_sum: float | None = None
        self.new_requests: float | None = None
        self.sampled_s: float | None = None
        self.problem = ""
        self.remark = ""
        self.end_s = 0
        self.gaps: list[int] = []
        """Steps in which none of its processes was sampled."""
        self.closed = False
        """Set when it was taken out of the books."""
        self._rate_now: float | None = None
        self._ratio_now: float | None = None
        self._steps: list[tuple[int, Gain]] = []
        self._requests = array("d")
        self._errors = array("d")

    @property
    def over(self) -> bool:
        """Whether nothing was known in any step that is kept."""
        return all(map(math.isnan, self._requests)) and self.new_requests is None and not self.problem

    def push(self, at_s: int, gain: Gain | None, window: tuple[int, int], points: int) -> None:
        """Add one step; None: nothing is known of it. ``window`` is (rate window, step) in seconds."""
        window_s, step_s = window
        if gain is not None:
            self._steps.append((at_s, gain))
        while self._steps and self._steps[0][0] <= at_s - window_s:
            del self._steps[0]
        while self.gaps and self.gaps[0] <= at_s - window_s - points * step_s:
            del self.gaps[0]
        rate = ratio = None
        if gain is not None:
            rate, ratio = self._rate(), self._ratio()
            # A gap keeps what was known before it; a step without requests has no error ratio.
            self._rate_now = self._rate_now if rate is None else rate
            self._ratio_now = ratio
        self._requests = _pushed(self._requests, rate, points)
        self._errors = _pushed(self._errors, ratio, points)
        self.end_s = at_s

    def thin(self) -> None:
        """Keep every second step, counted from the newest: the steps have become twice as long."""
        self._requests = self._requests[(len(self._requests) - 1) % 2 :: 2]
        self._errors = self._errors[(len(self._errors) - 1) % 2 :: 2]
        self._steps.clear()

    @property
    def requests(self) -> array[float]:
        """Requests per second by step."""
        return self._requests

    def traffic(self, step_s: int) -> Traffic:
        """Give what is known now."""
        young = self.new_requests is not None
        requests = Series(self.end_s, step_s, self._requests) if self._requests else EMPTY_SERIES
        errors = Series(self.end_s, step_s, self._errors) if self._errors else EMPTY_SERIES
        if self.problem:
            return Traffic(self.family, requests=requests, errors=errors, problem=self.problem)
        return Traffic(
            self.family,
            requests_per_s=None if young else self._rate_now,
            requests=requests,
            error_ratio=None if young else self._ratio_now,
            errors=errors,
            p50_ms=self.latency.p50_ms,
            p90_ms=self.latency.p90_ms,
            p99_ms=self.latency.p99_ms,
            top_bound_ms=self.latency.top_bound_ms,
            counter_sum=self.counter_sum,
            new_requests=self.new_requests,
            sampled_at=None if self.sampled_s is None else datetime.fromtimestamp(self.sampled_s, UTC),
            lost=bool(self.gaps) and self.gaps[-1] == self.end_s,
            remark=self.remark,
        )

    def _rate(self) -> float | None:
        covered_s = sum([gain.covered_s for _, gain in self._steps])
        return sum([gain.requests for _, gain in self._steps]) / covered_s if covered_s > 0 else None

    def _ratio(self) -> float | None:
        """Zero only when requests came and none was bad; without requests there is no ratio."""
        base = sum([gain.base for _, gain in self._steps if gain.base is not None])
        if base <= 0:
            return None
        bad = sum([gain.bad for _, gain in self._steps])
        return min(1.0, max(0.0, bad / base))


def _pushed(values: array[float], value: float | None, points: int) -> array[float]:
    kept = values[max(0, len(values) - points + 1) :]
    kept.append(math.nan if value is None else value)
    return kept

"""The traffic of one service as it flows by: what each step brought, and the series that are drawn."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kmon_tui.domain.traffic import EMPTY_SERIES, Family, Scope, Series, Traffic
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Role


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
    coded: Mapping[str, float] | None = None
    """Requests by class of their answers, where they have one."""
    extra: Mapping[Role, float] | None = None
    """What else was counted: time, tokens."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What all steps of the rate window brought together."""

    requests: float
    covered_s: float
    bad: float
    base: float | None


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
        "_errors", "_rate_now", "_ratio_now", "_requests", "_steps", "closed", "counter_sum", "end_s", "families",
        "family", "gaps", "latency", "new_requests", "problem", "remark", "sampled_s", "tokens",
    )  # fmt: skip

    def __init__(self, family: Family) -> None:
        self.family = family
        self.families: tuple[Family, ...] = (family,)
        """All that count this service, best first."""
        self.latency = Latency()
        self.tokens: tuple[Latency, Latency] | None = None
        """Of a language model: time to the first token, and to each next one."""
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
    def lost(self) -> bool:
        """Whether none of its processes was sampled in the newest step."""
        return bool(self.gaps) and self.gaps[-1] == self.end_s

    def sums(self) -> Sums | None:
        """Give what the rate window brought; None when nothing is known of it."""
        if not self._steps or self.problem or self.new_requests is not None:
            return None
        gains = [gain for _, gain in self._steps]
        based = [gain.base for gain in gains if gain.base is not None]
        return Sums(
            sum([gain.requests for gain in gains]),
            sum([gain.covered_s for gain in gains]),
            sum([gain.bad for gain in gains]),
            sum(based) if based else None,
        )

    def coded(self) -> dict[str, float]:
        """Give requests per second by class of their answers, in the rate window."""
        covered_s = sum([gain.covered_s for _, gain in self._steps])
        found: dict[str, float] = {}
        for _, gain in self._steps:
            for code, value in (gain.coded or {}).items():
                found[code] = found.get(code, 0.0) + value / covered_s if covered_s > 0 else 0.0
        return dict(sorted(found.items()))

    def per_s(self, role: Role) -> float | None:
        """Give how much of something else came each second in the rate window."""
        known = [gain for _, gain in self._steps if gain.extra is not None and role in gain.extra]
        covered_s = sum([gain.covered_s for gain in known])
        return sum([(gain.extra or {})[role] for gain in known]) / covered_s if covered_s > 0 else None

    def override(self, rate: float | None, ratio: float | None) -> None:
        """Put what others know better into the newest step."""
        for values, value in ((self._requests, rate), (self._errors, ratio)):
            if values:
                values[-1] = math.nan if value is None else value
        self._rate_now = self._rate_now if rate is None else rate
        self._ratio_now = ratio

    @property
    def requests(self) -> array[float]:
        """Requests per second by step."""
        return self._requests

    def traffic(self, step_s: int, scope: Scope = Scope.PODS) -> Traffic:
        """Give what is known now."""
        young = self.new_requests is not None
        requests = Series(self.end_s, step_s, self._requests) if self._requests else EMPTY_SERIES
        errors = Series(self.end_s, step_s, self._errors) if self._errors else EMPTY_SERIES
        if self.problem:
            return Traffic(
                self.family, scope, requests=requests, errors=errors, problem=self.problem, families=self.families
            )
        ratio = None if young else self._ratio_now
        return Traffic(
            self.family,
            scope,
            requests_per_s=None if young else self._rate_now,
            requests=requests,
            error_ratio=ratio,
            errors=errors,
            p50_ms=self.latency.p50_ms,
            p90_ms=self.latency.p90_ms,
            p99_ms=self.latency.p99_ms,
            top_bound_ms=self.latency.top_bound_ms,
            counter_sum=self.counter_sum,
            new_requests=self.new_requests,
            sampled_at=None if self.sampled_s is None else datetime.fromtimestamp(self.sampled_s, UTC),
            lost=self.lost,
            remark=self.remark,
            means=DIALECTS[self.family].means,
            mean_ms=self._mean_ms(),
            families=self.families,
            pods_error_ratio=ratio if scope is Scope.PODS else None,
        )

    def _mean_ms(self) -> float | None:
        known = [gain for _, gain in self._steps if gain.extra is not None and Role.DURATION in gain.extra]
        requests = sum([gain.requests for gain in known])
        took = sum([(gain.extra or {})[Role.DURATION] for gain in known])
        return DIALECTS[self.family].duration_to_ms * took / requests if requests > 0 else None

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

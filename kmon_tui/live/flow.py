"""The traffic of one service as it flows by: what each step brought, and the series that are drawn."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime

from kmon_tui.domain.traffic import EMPTY_SERIES, Family, Scope, Series, Traffic
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Role
from kmon_tui.live.sheet import Sheet, Strand
from kmon_tui.live.steps import Gain, Steps


@dataclass(frozen=True, slots=True)
class Sums:
    """What all steps of the rate window brought together."""

    requests: float
    covered_s: float
    bad: float
    base: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of the rate window before ``at_s``."""

    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    top_bound_ms: float | None = None
    at_s: int = 0


NO_LATENCY = Latency()
LATENCY_S = 60
"""Quantiles of rows that nobody looks at are asked for once in so long."""


class Alike:
    """Series of errors of one step, each of which is kept once."""

    def __init__(self, step_s: int) -> None:
        self._step_s = step_s
        self._known: dict[bytes, tuple[array[float], Series]] = {}

    def of(self, errors: array[float], end_s: int) -> tuple[array[float], Series]:
        """Give the equal array that others keep, and the series of it."""
        mark = errors.tobytes()
        found = self._known.get(mark)
        if found is None:
            found = self._known[mark] = (errors, Series(end_s, self._step_s, errors))
        return found


class Flow:
    """Keeps the last steps of one service. Arrays and columns are never changed once a Series holds them."""

    __slots__ = (
        "_errors", "_known", "_no_errors", "_rate_now", "_ratio_now", "_row", "_sheet", "_steps", "closed",
        "counter_sum", "cut_s", "end_s", "families", "family", "gaps", "latency", "new_requests", "problem", "remark",
        "sampled_s", "tokens",
    )  # fmt: skip

    def __init__(self, family: Family, sheet: Sheet) -> None:
        self.family = family
        self.families: tuple[Family, ...] = (family,)
        """All that count this service, best first."""
        self.latency = NO_LATENCY
        self.tokens: tuple[Latency, Latency] | None = None
        """Of a language model: time to the first token, and to each next one."""
        self.counter_sum: float | None = None
        self.new_requests: float | None = None
        self.sampled_s: float | None = None
        self.problem = ""
        self.remark = ""
        self.end_s = 0
        self.gaps: tuple[int, ...] = ()
        """Steps in which none of its processes was sampled."""
        self.cut_s: int | None = None
        """When a process came back that was not sampled for so long that some of what it counted is left out."""
        self.closed = False
        """Set when it was taken out of the books."""
        self._rate_now: float | None = None
        self._ratio_now: float | None = None
        self._steps = Steps()
        self._sheet, self._row = sheet, sheet.row()
        self._known = 0
        """Steps of which its row of the sheet tells."""
        self._errors = array("d")
        self._no_errors: Series | None = None
        """The errors of the newest step, if others share them."""

    @property
    def over(self) -> bool:
        """Whether nothing was known in any step that is kept."""
        return all(map(math.isnan, self.requests)) and self.new_requests is None and not self.problem

    def push(self, at_s: int, gain: Gain | None, window: tuple[int, int], points: int) -> None:
        """Add the step that the sheet has begun; None: nothing is known. ``window``: of rates, and a step, in s."""
        window_s, step_s = window
        if gain is not None:
            self._steps.add(at_s, gain)
        self._steps.forget(at_s - window_s)
        if self.gaps:
            self.gaps = tuple([gap_s for gap_s in self.gaps if gap_s > at_s - window_s - points * step_s])
        rate = ratio = None
        if gain is not None:
            steps = self._steps
            covered_s, base = steps.covered_s, steps.base
            rate = steps.requests / covered_s if covered_s > 0 else None
            # Zero only when requests came and none was bad; without requests there is no ratio.
            ratio = min(1.0, max(0.0, steps.bad / base)) if base is not None and base > 0 else None
            # A gap keeps what was known before it; a step without requests has no error ratio.
            self._rate_now = self._rate_now if rate is None else rate
            self._ratio_now = ratio
        self._known = min(points, self._known + 1)
        self._sheet.put(self._row, rate)
        self._errors = _pushed(self._errors, ratio, points)
        self.end_s = at_s

    def doubt(self) -> None:
        """Know nothing of the past either: it was added up like what turned out to be no sum."""
        self._steps = Steps()
        self._known, self._errors = 0, array("d")
        self._rate_now = self._ratio_now = None

    def close(self) -> None:
        """Take it out of the books."""
        self.closed = True
        self._sheet.give_up(self._row)

    def share(self, alike: Alike) -> None:
        """Keep errors as a series that others keep, too, while there are none: most services have none for hours."""
        self._no_errors = None
        if self._errors and not self._errors[-1] > 0:
            self._errors, self._no_errors = alike.of(self._errors, self.end_s)

    def thin(self) -> None:
        """Keep every second step, as the sheet does: the steps have become twice as long."""
        self._known = (self._known + 1) // 2
        self._errors = self._errors[(len(self._errors) - 1) % 2 :: 2]

    @property
    def sampled_at(self) -> datetime | None:
        """When it was sampled last, by Prometheus' clock."""
        return None if self.sampled_s is None else datetime.fromtimestamp(self.sampled_s, UTC)

    @property
    def lost(self) -> bool:
        """Whether none of its processes was sampled in the newest step."""
        return bool(self.gaps) and self.gaps[-1] == self.end_s

    def sums(self) -> Sums | None:
        """Give what the rate window brought; None when nothing is known of it."""
        if not self._steps or self.problem or self.new_requests is not None:
            return None
        steps = self._steps
        return Sums(steps.requests, steps.covered_s, steps.bad, steps.base)

    def coded(self) -> dict[str, float]:
        """Give requests per second by class of their answers, in the rate window."""
        covered_s = self._steps.covered_s
        coded = self._steps.coded()
        return {code: coded[code] / covered_s if covered_s > 0 else 0.0 for code in sorted(coded)}

    def per_s(self, role: Role) -> float | None:
        """Give how much of something else came each second in the rate window."""
        much, _, covered_s = self._steps.beside(role)
        return much / covered_s if covered_s > 0 else None

    def override(self, rate: float | None, ratio: float | None) -> None:
        """Put what others know better into the newest step."""
        if self._known:
            self._sheet.put(self._row, rate)
            # A copy: a Series or another service may hold it.
            self._errors = self._errors[:]
            self._errors[-1] = math.nan if ratio is None else ratio
        self._rate_now = self._rate_now if rate is None else rate
        self._ratio_now = ratio

    @property
    def requests(self) -> Strand:
        """Requests per second by step."""
        return self._sheet.last(self._row, self._known)

    def traffic(self, step_s: int, scope: Scope = Scope.PODS, *, serves: bool = True) -> Traffic:
        """Give what is known now; while no pod serves, what pods saw says nothing of what callers get."""
        young = self.new_requests is not None
        requests = Series(self.end_s, step_s, self.requests) if self._known else EMPTY_SERIES
        errors = self._errors_over_time(step_s)
        if self.problem:
            return Traffic(
                self.family, scope, requests=requests, errors=errors, problem=self.problem, families=self.families
            )
        ratio = self._ratio_now if serves and not young else None
        rate = self._rate_now if serves or not self.lost else None
        return Traffic(
            self.family,
            scope,
            requests_per_s=None if young else rate,
            requests=requests,
            error_ratio=ratio,
            errors=errors,
            p50_ms=self.latency.p50_ms,
            p90_ms=self.latency.p90_ms,
            p99_ms=self.latency.p99_ms,
            top_bound_ms=self.latency.top_bound_ms,
            latency_due=not self.lost and not young and self.latency_due(step_s),
            counter_sum=self.counter_sum,
            new_requests=self.new_requests,
            sampled_at=self.sampled_at,
            lost=self.lost,
            remark=self.remark,
            means=DIALECTS[self.family].means,
            mean_ms=self._mean_ms(),
            families=self.families,
            pods_error_ratio=ratio if scope is Scope.PODS else None,
        )

    def latency_due(self, step_s: int) -> bool:
        """Whether its quantiles are older than those of a row that is swept over in time."""
        return (
            DIALECTS[self.family].latency is not None
            and self.end_s - self.latency.at_s > max(LATENCY_S, step_s) + step_s
        )

    def _errors_over_time(self, step_s: int) -> Series:
        shared = self._no_errors
        if shared is not None and shared.values is self._errors and shared.end_s == self.end_s:
            return shared
        return Series(self.end_s, step_s, self._errors) if self._errors else EMPTY_SERIES

    def _mean_ms(self) -> float | None:
        took, good, _ = self._steps.beside(Role.DURATION)
        return DIALECTS[self.family].duration_to_ms * took / good if good > 0 else None


def _pushed(values: array[float], value: float | None, points: int) -> array[float]:
    # Made anew and not grown: growing reserves room for more.
    return values[max(0, len(values) - points + 1) :] + array("d", (math.nan if value is None else value,))

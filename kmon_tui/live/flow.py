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
    """The errors of services that have none now, as most have for hours: of one step each series is kept once."""

    def __init__(self, step_s: int, points: int) -> None:
        self._step_s, self._points = step_s, points
        self._known: dict[bytes, tuple[array[float], Series]] = {}
        self._after: dict[tuple[int, bool], tuple[array[float], array[float], Series]] = {}
        """By what they were a step ago, which is kept for as long as its id is a key."""

    def after(self, errors: array[float], ratio: float | None, end_s: int) -> tuple[array[float], Series]:
        """Give errors with one more step that has none, or is not known: the array that others keep, and its series."""
        of = (id(errors), ratio is None)
        found = self._after.get(of)
        if found is None:
            made = _pushed(errors, ratio, self._points)
            mark = made.tobytes()
            known = self._known.get(mark)
            if known is None:
                known = self._known[mark] = (made, Series(end_s, self._step_s, made))
            found = self._after[of] = (errors, *known)
        return found[1:]


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

    def push(
        self, at_s: int, gain: Gain | None, window: tuple[int, int], points: int, alike: Alike | None = None
    ) -> None:
        """Add the step that the sheet has begun; None: nothing is known. ``window``: of rates, and a step, in s."""
        window_s, step_s = window
        self._steps.go_on(at_s, gain, at_s - window_s)
        if self.gaps:
            self.gaps = tuple([gap_s for gap_s in self.gaps if gap_s > at_s - window_s - points * step_s])
        rate = ratio = None
        if gain is not None:
            requests, covered_s, bad, base = self._steps.sums()
            rate = requests / covered_s if covered_s > 0 else None
            # Zero only when requests came and none was bad; without requests there is no ratio.
            if base is not None and base > 0:
                ratio = min(1.0, max(0.0, bad / base)) if bad else 0.0
            # A gap keeps what was known before it; a step without requests has no error ratio.
            self._rate_now = self._rate_now if rate is None else rate
            self._ratio_now = ratio
        self._known = min(points, self._known + 1)
        self._sheet.put(self._row, rate)
        if alike is None or ratio:
            self._errors, self._no_errors = _pushed(self._errors, ratio, points), None
        else:
            self._errors, self._no_errors = alike.after(self._errors, ratio, at_s)
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
        return Sums(*self._steps.sums())

    def coded(self) -> dict[str, float]:
        """Give requests per second by class of their answers, in the rate window."""
        _, covered_s, _, _ = self._steps.sums()
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
    def is_plain(self) -> bool:
        """Whether requests are all that is counted: no tokens, no time."""
        return self.tokens is None and not self._steps.has_extra

    @property
    def requests(self) -> Strand:
        """Requests per second by step."""
        return self._sheet.last(self._row, self._known)

    def traffic(self, step_s: int, scope: Scope = Scope.PODS, *, serves: bool = True) -> Traffic:
        """Give what is known now; while no pod serves, what pods saw says nothing of what callers get."""
        young, lost = self.new_requests is not None, self.lost
        requests = Series(self.end_s, step_s, self.requests) if self._known else EMPTY_SERIES
        errors, latency = self._errors_over_time(step_s), self.latency
        if self.problem:
            return Traffic(
                self.family, scope, requests=requests, errors=errors, problem=self.problem, families=self.families
            )
        ratio = self._ratio_now if serves and not young else None
        rate = self._rate_now if serves or not lost else None
        due = not lost and not young and self.latency_due(step_s)
        mean_ms = self._mean_ms() if self._steps.has_extra else None
        means = DIALECTS[self.family].means
        return Traffic(
            self.family, scope, None if young else rate, requests, ratio, errors,
            latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.top_bound_ms, due,
            self.counter_sum, self.new_requests, self.sampled_at, "", lost, self.remark, means, mean_ms,
            self.families, ratio if scope is Scope.PODS else None,
        )  # fmt: skip

    def latency_due(self, step_s: int) -> bool:
        """Whether its quantiles are older than those of a row that is swept over in time."""
        old = self.end_s - self.latency.at_s > max(LATENCY_S, step_s) + step_s
        return old and DIALECTS[self.family].latency is not None

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

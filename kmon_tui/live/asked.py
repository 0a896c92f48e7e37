"""The PromQL behind the panels, for people to read and to copy.

Our own question asks for raw counters, because what they gained is worked out by us; these expressions ask Prometheus
for the same numbers in its own words. They differ at the edges of bursts and at births of series.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from kmon_tui.domain.traffic import Family
from kmon_tui.live import natives
from kmon_tui.live.dialects import scraped
from kmon_tui.live.packs.dialect import FAILED, Count, Dialect, Histogram, Role, also
from kmon_tui.live.packs.ingress import ACTIVATORS
from kmon_tui.live.parts import PART
from kmon_tui.live.selectors import only_targets

REQUESTS, ERRORS, LATENCY, HEAT, PODS, LLM, RAW = "requests", "errors", "latency", "heat", "pods", "llm", "raw"
USERS = "users"
"""Names of the panels; RAW is the question that is really sent."""
_BAD = f'=~"5..|{FAILED}"'


def expressions(
    dialect: Dialect,
    matchers: str,
    targets: Iterable[Mapping[str, str]],
    window_s: int,
    step_s: int,
    native: Collection[str] = natives.NONE,
) -> dict[str, str]:
    """Give one expression a panel; those that the family has no metric for are left out.

    ``native``: histograms of which these targets have no classic series.
    """
    targets = list(targets)
    only = only_targets(targets, dialect)
    if not only:
        return {}
    rest = "".join(f",{one}" for one in (dialect.own, matchers) if one)
    rates = _Rates(dialect, only, rest, window_s, native)
    of = (only, rest, native)
    found = {REQUESTS: rates.requests()}
    if errors := rates.errors():
        found[ERRORS] = errors
    if dialect.latency is not None:
        found[LATENCY] = _quantile(dialect.latency, of, window_s)
        # One step is one scrape: too short for a gain in any Prometheus, and always in 3.
        found[HEAT] = _sum(dialect.latency, of, "increase", max(step_s, window_s))
    if up := scraped(matchers, targets):
        # Several jobs may scrape one pod.
        found[PODS] = f"count(max by (instance) ({up}) == 1)"
    if dialect.first_token is not None:
        found[LLM] = _quantile(dialect.first_token, of, window_s)
    return found


def errors_of_users(
    front: Dialect,
    pods: Dialect | None,
    matchers: str,
    targets: Mapping[Family, Sequence[Mapping[str, str]]],
    window_s: int,
    native: Collection[str] = natives.NONE,
) -> str:
    """Ask for the share of requests that failed for callers; empty where nobody says so.

    Only some requests go through an activator: what it refused comes on top of what the pods counted.
    """
    seen = _rates_of(front, matchers, targets, window_s, native)
    if seen is None:
        return ""
    if front.family not in ACTIVATORS or pods is None:
        return seen.errors()
    behind = _rates_of(pods, matchers, targets, window_s, native)
    of_front, of_pods = seen.failed(), behind.failed() if behind is not None else None
    if of_front is None or of_pods is None:
        return ""
    (refused, passed), (bad, all_of_it) = of_front, of_pods
    every = f"({all_of_it} + clamp_min({refused} - {bad}, 0))"
    return f"({refused} > {bad} or {bad}) / ({passed} > {every} or {every})"


def _rates_of(
    dialect: Dialect,
    matchers: str,
    targets: Mapping[Family, Sequence[Mapping[str, str]]],
    window_s: int,
    native: Collection[str],
) -> _Rates | None:
    only = only_targets(targets.get(dialect.family, ()), dialect)
    rest = "".join(f",{one}" for one in (dialect.own, matchers) if one)
    return _Rates(dialect, only, rest, window_s, native) if only else None


class _Rates(NamedTuple):
    """What the counters of a family gain each second, as Prometheus would say it."""

    dialect: Dialect
    only: list[str]
    rest: str
    window_s: int
    native: Collection[str]

    def requests(self) -> str:
        """By code, where the requests themselves have one."""
        # Where the web layer alone tells codes, the requests have none.
        coded = not self._counts(Role.ANSWERS)
        by = f" by ({', '.join(self.dialect.code_labels)})" if self.dialect.code_labels and coded else ""
        # ``or`` looks at all labels but the name, so that several counters would hide each other.
        if len(counts := self._counts(Role.REQUESTS)) > 1:
            by = f" by ({PART})"
            parts = [f'label_replace({self._rate(name)}, "{PART}", "{one.code}", "", "")' for name, one in counts]
            return f"sum{by} ({' or '.join(parts)})"
        return f"sum{by} ({self._rate(counts[0][0])})"

    def errors(self) -> str:
        """As a share; empty where nobody counts them. No series of errors means that there was none."""
        attempts, successes = self._counts(Role.ATTEMPTS), self._counts(Role.SUCCESSES)
        if attempts and successes:
            return f"1 - sum({self._rate(successes[0][0])}) / sum({self._rate(attempts[0][0])})"
        found = self.failed()
        return f"{found[0]} / {found[1]}" if found is not None else ""

    def failed(self) -> tuple[str, str] | None:
        """Give what failed and all of it, each second; None where nobody counts failures."""
        requests, answers, failures = (self._counts(role) for role in (Role.REQUESTS, Role.ANSWERS, Role.FAILURES))
        attempts, successes = self._counts(Role.ATTEMPTS), self._counts(Role.SUCCESSES)
        if attempts and successes:
            tried = f"sum({self._rate(attempts[0][0])})"
            return f"({tried} - sum({self._rate(successes[0][0])}))", tried
        if failures:
            return self._bad(failures[0][0], ""), self.requests()
        if bad := [name for name, one in requests if one.code == FAILED]:
            return self._bad(bad[0], ""), f"sum({self.requests()})"
        labels = self.dialect.code_labels
        if labels and (counted := answers or requests):
            name, label = counted[0][0], labels[0]
            known = self._rate(name, f',{label}!=""')
            return self._bad(name, f",{label}{_BAD}"), f"sum({known})"
        return None

    def _bad(self, name: str, of: str) -> str:
        return f"(sum({self._rate(name, of)}) or vector(0))"

    def _counts(self, role: Role) -> list[tuple[str, Count]]:
        return [(name, count) for name, count in self.dialect.counters.items() if count.role is role]

    def _rate(self, name: str, of: str = "") -> str:
        count, base = self.dialect.counters[name], natives.base_of(name)
        whole = base in self.native and natives.counted(self.dialect).get(base) == name
        own = natives.own_of(count) if whole else count.own
        inner = [f"{{{one}{also(own)}{self.rest}{of}}}[{self.window_s}s]" for one in self.only]
        return " or ".join(f"histogram_count(rate({base}{one}))" if whole else f"rate({name}{one})" for one in inner)


_Of: TypeAlias = tuple[Iterable[str], str, Collection[str]]
"""Matchers of targets, further matchers, and native histograms."""


def _quantile(histogram: Histogram, of: _Of, window_s: int) -> str:
    return f"histogram_quantile(0.9, {_sum(histogram, of, 'rate', window_s)})"


def _sum(histogram: Histogram, of: _Of, function: str, span_s: int) -> str:
    """Add up what buckets gained; a native histogram holds all of them."""
    only, rest, native = of
    whole = natives.is_native(histogram, native)
    name = natives.base_of(histogram.series) if whole else histogram.series
    gained = (f"{function}({name}{{{one}{rest}{also(histogram.own)}}}[{span_s}s])" for one in only)
    return f"sum{'' if whole else ' by (le)'} ({' or '.join(gained)})"

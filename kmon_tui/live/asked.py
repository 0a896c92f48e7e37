"""The PromQL behind the panels, for people to read and to copy.

Our own question asks for raw counters, because what they gained is worked out by us; these expressions ask Prometheus
for the same numbers in its own words. They differ at the edges of bursts and at births of series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kmon_tui.live.dialects import only_targets, scraped
from kmon_tui.live.packs.dialect import Dialect, Histogram, Role

REQUESTS, LATENCY, HEAT, PODS, LLM, RAW = "requests", "latency", "heat", "pods", "llm", "raw"
"""Names of the panels; RAW is the question that is really sent."""


def expressions(
    dialect: Dialect, matchers: str, targets: Iterable[Mapping[str, str]], window_s: int, step_s: int
) -> dict[str, str]:
    """Give one expression a panel; those that the family has no metric for are left out."""
    targets = list(targets)
    only = only_targets(targets, dialect)
    if not only:
        return {}
    rest = "".join(f",{one}" for one in (dialect.own, matchers) if one)
    count_own = f",{dialect.requests_own}" if dialect.requests_own else ""
    names = dialect.requests
    # Where the web layer alone tells codes, the requests themselves have none.
    coded = all(count.role is not Role.ANSWERS for count in dialect.counters.values())
    by = f" by ({', '.join(dialect.code_labels)})" if dialect.code_labels and coded else ""
    counted = " or ".join(f"rate({name}{{{one}{count_own}{rest}}}[{window_s}s])" for one in only for name in names)
    found = {REQUESTS: f"sum{by} ({counted})"}
    if dialect.latency is not None:
        found[LATENCY] = _quantile(dialect.latency, only, rest, window_s)
        found[HEAT] = f"sum by (le) ({_gained(dialect.latency, only, rest, 'increase', step_s)})"
    if up := scraped(matchers, targets):
        found[PODS] = f"count({up} == 1)"
    if dialect.first_token is not None:
        found[LLM] = _quantile(dialect.first_token, only, rest, window_s)
    return found


def _quantile(histogram: Histogram, only: Iterable[str], rest: str, window_s: int) -> str:
    return f"histogram_quantile(0.9, sum by (le) ({_gained(histogram, only, rest, 'rate', window_s)}))"


def _gained(histogram: Histogram, only: Iterable[str], rest: str, function: str, span_s: int) -> str:
    own = f",{histogram.own}" if histogram.own else ""
    return " or ".join(f"{function}({histogram.series}{{{one}{rest}{own}}}[{span_s}s])" for one in only)

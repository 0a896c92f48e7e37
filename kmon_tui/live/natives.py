"""Native histograms: one series that holds all buckets, as Prometheus 3 may keep them. They are read as classic ones.

Their counts are asked for under the names that classic ones have; their buckets are told at the bounds that the program
declares, exactly where those are its own, else by an even share of the bucket in between. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import SECONDS_MS, Count, Dialect, Histogram, also
from kmon_tui.live.prometheus_answers import Hist

NONE: frozenset[str] = frozenset()
_BUCKET, _COUNT = "_bucket", "_count"
_COUNTED, _INFINITE = "_seconds_count", 'le="+Inf"'
"""How a counter is called that is a part of a histogram, or kept apart from the rest of one."""


def base_of(series: str) -> str:
    """Give what a histogram is called without the ends of its classic series."""
    return series.removesuffix(_BUCKET).removesuffix(_COUNT)


def _of(dialect: Dialect) -> Iterator[Histogram]:
    yield from filter(None, (dialect.latency, dialect.first_token, dialect.next_token))


_HISTOGRAMS: Mapping[str, Histogram] = {
    base_of(one.series): one for dialect in DIALECTS.values() for one in _of(dialect) if one.series.endswith(_BUCKET)
}


def counted(dialect: Dialect) -> dict[str, str]:
    """Give the counters that are parts of a histogram, by its name."""
    return {
        base_of(name): name
        for name, count in dialect.counters.items()
        if name.endswith(_COUNTED) or count.own == _INFINITE
    }


def own_of(count: Count) -> str:
    """Give the matcher that keeps a counter apart; what holds all buckets has no bound."""
    return "" if count.own == _INFINITE else count.own


COUNTED = frozenset(base for dialect in DIALECTS.values() for base in counted(dialect))
"""Histograms whose count is a counter of ours."""
NAMES = tuple(dict.fromkeys((*_HISTOGRAMS, *COUNTED)))


def is_native(histogram: Histogram, native: Collection[str]) -> bool:
    """Whether it is kept so here."""
    return histogram.series.endswith(_BUCKET) and base_of(histogram.series) in native


def counters(dialect: Dialect, native: Collection[str], by: str, rest: str) -> Iterator[str]:
    """Ask for counts of native histograms as if they were classic counters; of those that are both, for nothing."""
    for base, name in counted(dialect).items():
        if base in native:
            own, classic = (
                f"{also(one)}{rest}".lstrip(",") for one in (own_of(dialect.counters[name]), dialect.counters[name].own)
            )
            told = f'label_replace(histogram_count({base}{{{own}}}), "__name__", "{name}", "", "")'
            yield f"(sum by ({by}) ({told}) unless sum by ({by}) ({name}{{{classic}}}))"


def times(dialect: Dialect, native: Collection[str], rest: str) -> list[str]:
    """Ask when native histograms of requests were sampled."""
    return [
        f"timestamp({base}{{{also(own_of(dialect.counters[name]))}{rest}}})".replace("{,", "{")
        for base, name in counted(dialect).items()
        if name in dialect.requests and base in native
    ]


def unless_classic(question: str, on: str, classic: str) -> str:
    """Ask for native buckets of those alone whose classic ones are not there."""
    return f"({question} unless on ({on}) sum by ({on}) ({classic}))"


def cumulative(base: str, told: Hist) -> list[tuple[str, float, float]]:
    """Give what stayed below each bound that the program declares: as it is written, in its unit, and how many."""
    histogram = _HISTOGRAMS.get(base)
    if histogram is None:
        return []
    buckets = [(float(low), float(high), float(count)) for _, low, high, count in told.buckets]
    bounds = [bound_ms / histogram.to_ms for bound_ms in histogram.bounds_ms or SECONDS_MS]
    below = [(f"{bound:g}", bound, _below(buckets, bound)) for bound in bounds]
    return [*below, ("+Inf", math.inf, float(told.count))]


def _below(buckets: Sequence[tuple[float, float, float]], bound: float) -> float:
    return sum([count * _share(low, high, bound) for low, high, count in buckets])


def _share(low: float, high: float, bound: float) -> float:
    """Give how much of a bucket lies below a bound."""
    if high <= bound:
        return 1.0
    inside = low < bound and math.isfinite(low) and math.isfinite(high)
    return (bound - low) / (high - low) if inside else 0.0

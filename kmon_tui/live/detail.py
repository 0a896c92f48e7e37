"""One service in detail: buckets, codes and quantiles over time, from raw counters at even steps."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from kmon_tui.domain.counters import Increase, fell, increase, together
from kmon_tui.domain.quantile import own_counts, parse_le, quantile
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import ALL, Buckets, Family, RevisionTraffic, Series
from kmon_tui.live import natives
from kmon_tui.live.dialects import code_class
from kmon_tui.live.looks import Fresh, Looks, Place, answered, away, missed, place_of
from kmon_tui.live.packs.dialect import FAILED, Dialect, Role
from kmon_tui.live.prometheus_answers import Hist, Track

EXTRA = frozenset((Role.DURATION, Role.PROMPT_TOKENS, Role.GENERATION_TOKENS, Role.PREFIX_QUERIES, Role.PREFIX_HITS))

_K = TypeVar("_K")
_Slot: TypeAlias = tuple[Role, str]


class Raw:
    """Raw series of one service at even steps, kept so that each tick asks for the newest step only."""

    def __init__(
        self, key: Key, step_s: int, places: frozenset[tuple[Family, Place]], packs: frozenset[object] = frozenset()
    ) -> None:
        self.key = key
        self.step_s = step_s
        self.places = places
        self.packs = packs
        self.end_s: int | None = None
        self.native: set[str] = set()
        """Histograms whose buckets are in native ones alone."""
        self._series: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}

    def add(self, tracks: Iterable[Track], end_s: int) -> None:
        """Take in what a range query gave, up to ``end_s``."""
        for track in tracks:
            if track.histograms:
                self._add_buckets(track.metric, track.histograms)
                continue
            kept = self._series.setdefault(tuple(track.metric.items()), {})
            for at_s, text in track.values:
                value = float(text)
                if math.isfinite(value):
                    kept[round(at_s)] = value
        self.end_s = end_s

    def _add_buckets(self, metric: dict[str, str], looks: Iterable[tuple[float, Hist]]) -> None:
        """Take in a native histogram as the classic series that it stands for."""
        base = metric.pop("__name__", "")
        self.native.add(base)
        metric["__name__"] = f"{base}_bucket"
        for at_s, told in looks:
            for le, _, count in natives.cumulative(base, told):
                self._series.setdefault(tuple({**metric, "le": le}.items()), {})[round(at_s)] = count

    def looks(self, start_s: int) -> list[tuple[dict[str, str], list[float]]]:
        """Give each series as one value per step from ``start_s`` on; what is older is dropped."""
        assert self.end_s is not None
        times = range(start_s, self.end_s + 1, self.step_s)
        found = []
        for items, kept in list(self._series.items()):
            for at_s in [at_s for at_s in kept if at_s < start_s]:
                del kept[at_s]
            if not kept:
                del self._series[items]
                continue
            found.append((dict(items), [kept.get(at_s, math.nan) for at_s in times]))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What one service gained, step by step."""

    requests: Increase
    by_class: Mapping[str, Increase] = field(default_factory=dict)
    failures: Increase | None = None
    """Executions begun less those that succeeded; None where nobody counts them."""
    attempts: Increase | None = None
    answers: Increase | None = None
    """What ``by_class`` is a share of, where it is not ``requests``."""
    le_ms: tuple[float, ...] = ()
    counts: tuple[array[float], ...] = ()
    """By bound, what fell into this bucket alone in each step."""
    totals: tuple[float, ...] = ()
    """The same over all steps."""
    extra: Mapping[Role, Increase] = field(default_factory=dict)
    """What else was counted: time, tokens."""
    scraped: array[float] = field(default_factory=lambda: array("d"))
    """How many processes counted at the end of each step; NaN when none did: nobody says whether there was one."""
    away: frozenset[int] = frozenset()
    """Steps at whose ends Prometheus only remembered."""

    @classmethod
    def nothing(cls, steps: int) -> Table:
        """Give the table of a service that nobody counts."""
        return cls(together((), steps), scraped=array("d", [math.nan]) * steps)

    def tokens_over_time(self, end_s: int, step_s: int, window_s: int) -> dict[str, Series]:
        """Give tokens per second."""
        names = {"prompt_tokens": Role.PROMPT_TOKENS, "generation_tokens": Role.GENERATION_TOKENS}
        return {
            name: _per_s(self.extra[role], end_s, step_s, window_s)
            for name, role in names.items()
            if role in self.extra
        }


def tabulate(
    looks: Looks,
    dialect: Dialect,
    steps: int,
    places: Collection[Place],
    born: Callable[[Place], bool],
    fresh: Fresh | None = None,
) -> Table:
    """Add up the targets at ``places``.

    ``born`` tells whether a target was made inside the window. ``fresh``: how Prometheus is found out to have only
    remembered; None: it never does.
    """
    unseen = missed(looks, dialect, fresh)
    answered_at = answered(looks, unseen)
    slots, bounds = _grouped(looks, dialect, places, unseen)

    def is_new(place: Place, values: Sequence[float]) -> bool:
        """Whether it began at zero: made in the window, or scraped without any series before the first.

        Scrapes that failed in between change nothing: what it counted, it counted after the one that showed no series.
        """
        first = _first(values)
        if born(place):
            return True
        up = answered_at.get(place[:2], ()) if first < len(values) else ()
        return next((one == 1 for one in reversed(up[:first]) if one != 0), False)

    gained = {place: _gains(found, is_new(place, _earliest(found.values()))) for place, found in slots.items()}
    roles = {role for gains in gained.values() for role, _ in gains}
    le_ms, counts, totals = _buckets(bounds, dialect.to_ms, steps, is_new)
    classes = {code for gains in gained.values() for role, code in gains if role is Role.REQUESTS and code}
    if not classes and Role.ANSWERS in roles:
        told = {code for gains in gained.values() for role, code in gains if role is Role.ANSWERS and code}
        by_class, answers = {code: (Role.ANSWERS, code) for code in told}, True
    else:
        by_class, answers = {code: (Role.REQUESTS, code) for code in classes}, False

    def sum_of(role: Role, code: str | None = None) -> Increase:
        return together(
            (one for g in gained.values() for (r, c), one in g.items() if r is role and code in (None, c)), steps
        )

    attempts, successes = sum_of(Role.ATTEMPTS), sum_of(Role.SUCCESSES)
    return Table(
        requests=sum_of(Role.REQUESTS),
        by_class={code: sum_of(*by_class[code]) for code in sorted(by_class)},
        failures=sum_of(Role.FAILURES)
        if Role.FAILURES in roles
        else _less(sum_of(Role.FINE), sum_of(Role.FINE))
        if Role.FINE in roles
        else _less(attempts, successes)
        if attempts.seen
        else None,
        attempts=sum_of(Role.REQUESTS) if roles & {Role.FAILURES, Role.FINE} else attempts if attempts.seen else None,
        answers=sum_of(Role.ANSWERS) if answers else None,
        le_ms=le_ms,
        counts=counts,
        totals=totals,
        extra={role: sum_of(role) for role in roles if role in EXTRA},
        scraped=_scraped(slots.values(), steps),
        away=frozenset([look - 1 for look in away(looks, dialect, unseen)]),
    )


def buckets_of(key: Key, dialect: Dialect, table: Table, end_s: int, step_s: int, window_s: int) -> Buckets:
    """Give what the screen draws: counts by step, and codes and quantiles smoothed over the rate window."""
    width = max(1, window_s // step_s)
    sums = [_rolling(counts, width) for counts in table.counts]
    quantiles = {}
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        values = array("d")
        for i in range(len(sums[0]) if sums else 0):
            column = [one[i] for one in sums]
            known = None if any(map(math.isnan, column)) else quantile(q, table.le_ms, column)
            values.append(math.nan if known is None else known)
        quantiles[name] = Series(end_s, step_s, values)
    by_code = series_by_class(table, end_s, step_s, window_s)
    if not by_code and table.requests.seen:
        by_code = {ALL: _per_s(table.requests, end_s, step_s, window_s)}
    return Buckets(key, dialect.family, end_s, step_s, table.le_ms, table.counts, by_code, quantiles)


def newest(table: Table, dialect: Dialect, end_s: int, step_s: int, window_s: int) -> RevisionTraffic:
    """Give requests, errors and latency in the newest rate window; None for what nobody counts."""
    width = max(1, window_s // step_s)
    per_s = _last(_per_s(table.requests, end_s, step_s, window_s)) if table.requests.seen else None
    by_class = series_by_class(table, end_s, step_s, window_s)
    if by_class:
        known = {code: _last(series) or 0.0 for code, series in by_class.items()}
        bad, base = known.get("5xx", 0.0) + known.get(FAILED, 0.0), sum(known.values())
    else:
        counted = [one for one in (table.failures, table.attempts) if one is not None]
        rates = [_last(_per_s(one, end_s, step_s, window_s)) or 0.0 for one in counted]
        bad, base = (rates[0], rates[1]) if len(rates) == 2 else (0.0, 0.0)
    sums = [sum(v for v in counts[-width:] if not math.isnan(v)) for counts in table.counts]
    p90 = quantile(0.9, table.le_ms, sums) if sums and sum(sums) else None
    return RevisionTraffic(per_s, bad / base if base else None, p90)


def _last(series: Series) -> float | None:
    value = series.values[-1] if len(series.values) else math.nan
    return None if math.isnan(value) else value


def series_by_class(table: Table, end_s: int, step_s: int, window_s: int) -> dict[str, Series]:
    """Give requests per second by class of their answers, smoothed over the rate window."""
    return {code: _per_s(one, end_s, step_s, window_s) for code, one in table.by_class.items()}


def _scraped(places: Iterable[Mapping[_Slot, Sequence[float]]], steps: int) -> array[float]:
    counted = array("d", [0.0]) * steps
    for found in places:
        for i in range(steps):
            if any(i + 1 < len(values) and not math.isnan(values[i + 1]) for values in found.values()):
                counted[i] += 1
    return array("d", [count or math.nan for count in counted])


def failed(table: Table) -> tuple[float, float] | None:
    """Give (failed, all) requests over all steps; None where nobody counts them."""
    if table.by_class:
        bad = sum(one.total for code, one in table.by_class.items() if code in ("5xx", FAILED))
        return bad, (table.answers or table.requests).total
    if table.failures is not None and table.attempts is not None:
        return table.failures.total, table.attempts.total
    return None


def ratio_of(counts: tuple[float, float] | None) -> float | None:
    """Give the share of bad answers; None without requests, or where nobody counts them."""
    if counts is None or counts[1] <= 0:
        return None
    return min(1.0, max(0.0, counts[0] / counts[1]))


def _grouped(
    looks: Looks, dialect: Dialect, places: Collection[Place], unseen: Mapping[Place, Collection[int]]
) -> tuple[dict[Place, dict[_Slot, list[float]]], dict[Place, dict[float, list[float]]]]:
    """Sort series by target: counters by role and code, buckets by bound."""
    slots: dict[Place, dict[_Slot, list[float]]] = {}
    bounds: dict[Place, dict[float, list[float]]] = {}
    series = dialect.latency.series if dialect.latency else ""
    for metric, told in looks:
        name, place = metric.get("__name__", ""), place_of(metric, dialect)
        if place not in places or not name or (name != series and name not in dialect.counters):
            continue
        late = unseen.get(place, ())
        values = [math.nan if i in late else value for i, value in enumerate(told)] if late else list(told)
        # A counter may be the last bucket of a histogram: all that is at most infinite.
        count = dialect.counters.get(name) if "le" not in metric else None
        if count is not None:
            slot = (count.role, count.code or code_class(dialect, metric))
            _merge(slots.setdefault(place, {}), slot, values, _sum)
        elif (le := parse_le(metric.get("le", ""))) is not None:
            # The same bound under two spellings is one bucket (le="1" before an upgrade, le="1.0" after it).
            _merge(bounds.setdefault(place, {}), le, values, _max)
    return slots, bounds


def _gains(found: Mapping[_Slot, Sequence[float]], born: bool) -> dict[_Slot, Increase]:
    """Gains of one target. A code that appears later than the target itself began at zero."""
    firsts = {slot: _first(values) for slot, values in found.items()}
    appeared = min(firsts.values())
    return {
        slot: increase(values, firsts[slot] if born or firsts[slot] > appeared else None)
        for slot, values in found.items()
    }


def _buckets(
    bounds: Mapping[Place, Mapping[float, Sequence[float]]],
    to_ms: float,
    steps: int,
    is_new: Callable[[Place, Sequence[float]], bool],
) -> tuple[tuple[float, ...], tuple[array[float], ...], tuple[float, ...]]:
    gains: dict[float, list[Increase]] = {}
    for place, found in bounds.items():
        # A process that started over shows it in its largest bucket at the latest.
        largest = found[max(found)]
        resets = fell(largest)
        new = is_new(place, largest)
        for le, values in found.items():
            gains.setdefault(le, []).append(increase(values, _first(values) if new else None, resets))
    sums = {le: together(ones, steps) for le, ones in gains.items()}
    if not sums:
        return (), (), ()
    bare, totals = own_counts({le: one.total for le, one in sums.items()})
    counts = tuple(array("d") for _ in bare)
    for i in range(steps):
        column = {le: one.steps[i] for le, one in sums.items() if not math.isnan(one.steps[i])}
        alone = dict(zip(*own_counts(column), strict=True)) if column else {}
        for le, own in zip(bare, counts, strict=True):
            own.append(alone.get(le, 0.0) if alone else math.nan)
    return tuple(le * to_ms for le in bare), counts, totals


def _merge(into: dict[_K, list[float]], key: _K, values: Sequence[float], how: Callable[[float, float], float]) -> None:
    old = into.get(key)
    into[key] = list(values) if old is None else [how(a, b) for a, b in zip(old, values, strict=True)]


def _sum(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else one + other


def _max(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else max(one, other)


def _less(one: Increase, other: Increase) -> Increase:
    steps = array("d", [a - (0.0 if math.isnan(b) else b) for a, b in zip(one.steps, other.steps, strict=True)])
    return Increase(steps, one.total - other.total, one.seen)


def _earliest(all_values: Iterable[Sequence[float]]) -> Sequence[float]:
    return min(all_values, key=_first)


def _first(values: Sequence[float]) -> int:
    return next((i for i, value in enumerate(values) if not math.isnan(value)), len(values))


def _per_s(one: Increase, end_s: int, step_s: int, window_s: int) -> Series:
    width = max(1, window_s // step_s)
    return Series(end_s, step_s, array("d", [v / step_s for v in _rolling(one.steps, width, mean=True)]))


def _rolling(values: Sequence[float], width: int, mean: bool = False) -> array[float]:
    """Sum (or mean) over the last ``width`` steps that are known; a gap stays a gap."""
    found = array("d")
    for i, value in enumerate(values):
        known = [v for v in values[max(0, i - width + 1) : i + 1] if not math.isnan(v)]
        found.append(math.nan if math.isnan(value) else math.fsum(known) / (len(known) if mean else 1))
    return found

"""What only some services are asked for: quantiles of those on the screen, and one service in detail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.domain.quantile import own_counts, parse_le, quantile
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Buckets, Family
from kmon_tui.live import dialects
from kmon_tui.live.detail import Place, Raw, Table, buckets_of, place_of, tabulate
from kmon_tui.live.dialects import DIALECTS
from kmon_tui.live.flow import Latency
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.owners import Owners
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_answers import Row
from kmon_tui.live.target import Target

SWEEP = 60
"""Services off the screen whose quantiles are asked for in one tick, for sorting."""
SWEEP_S = 60
"""A service off the screen is not asked for more often than this."""
AT_ONCE = 200
"""Rows on the screen that are asked for; no terminal shows more."""


class CloseUp:
    """Asks for buckets, and remembers who was asked for when."""

    def __init__(self, matchers: str) -> None:
        self._matchers = matchers
        self._asked_s: dict[Key, int] = {}
        self._raw: Raw | None = None

    def ask_latency(self, api: Api, ledger: Ledger, wanted: Iterable[Key | None], sweep: int = SWEEP) -> None:
        """Give the flows of these services their quantiles, and those of ``sweep`` others in turn."""
        at_s = ledger.at_s
        if at_s is None:
            return
        chosen = ledger.chosen_targets()
        new = [key for key in dict.fromkeys(wanted) if key is not None and self._asked_s.get(key) != at_s]
        first = [key for key in new if key in chosen][:AT_ONCE]
        late = [key for key in chosen if key not in set(first) and at_s - self._asked_s.get(key, 0) >= SWEEP_S]
        late.sort(key=lambda key: self._asked_s.get(key, 0))
        asked = {key: chosen[key] for key in first + late[:sweep] if not ledger.flows[key].problem}
        by_family: dict[Family, list[Target]] = {}
        for key, targets in asked.items():
            by_family.setdefault(ledger.flows[key].family, []).extend(targets)
        parts = [
            dialects.latency(DIALECTS[family], self._matchers, [t.labels for t in targets], ledger.window_s)
            for family, targets in by_family.items()
        ]
        sums = _sums_by_key(asked, api.query(" or ".join(parts), at_s)) if parts else {}
        for key in asked:
            flow = ledger.flows[key]
            flow.latency = latency_of(sums.get(key, {}), DIALECTS[flow.family].to_ms)
            self._asked_s[key] = at_s

    def ask_detail(self, api: Api, ledger: Ledger, owners: Owners, key: Key | None) -> dict[Key, Buckets]:
        """Give one service over time."""
        width_s = ledger.points * ledger.step_s + ledger.window_s
        table = self.ask_table(api, ledger, owners, key, width_s) if key is not None else None
        if key is None or table is None or ledger.at_s is None:
            return {}
        flow = ledger.flows[key]
        found = buckets_of(key, DIALECTS[flow.family], table, ledger.at_s, ledger.step_s, ledger.window_s)
        sampled_at = None if flow.sampled_s is None else datetime.fromtimestamp(flow.sampled_s, UTC)
        return {key: replace(found, sampled_at=sampled_at)}

    def ask_table(
        self, api: Api, ledger: Ledger, owners: Owners, key: Key, width_s: int, family: Family | None = None
    ) -> Table | None:
        """Find what a service gained step by step: only the newest steps are asked for, the older ones are kept.

        ``family``: another one than that of its numbers.
        """
        flow = ledger.flows.get(key)
        if flow is None or ledger.at_s is None or flow.problem:
            return None
        family = family or flow.family
        start_s = ledger.at_s - width_s
        targets = {place_of(target.labels): target for target in ledger.targets_of(key, start_s, family)}
        raw = self._raw_of(key, family, ledger.step_s, frozenset(targets))
        from_s = start_s if raw.end_s is None else max(start_s, raw.end_s + ledger.step_s)
        dialect = DIALECTS[family]
        if from_s <= ledger.at_s and targets:
            query = dialects.detail(dialect, self._matchers, [target.labels for target in targets.values()])
            raw.add(api.query_range(query, from_s, ledger.at_s, ledger.step_s), ledger.at_s)
        if raw.end_s is None:
            return None

        def born(place: Place) -> bool:
            born_s = owners.born_s(targets[place].labels)
            return born_s is not None and born_s >= start_s

        gaps = {(at_s - start_s) // ledger.step_s for at_s in flow.gaps if at_s >= start_s}
        return tabulate(raw.looks(start_s), dialect, width_s // ledger.step_s, targets, born, gaps)

    def _raw_of(self, key: Key, family: Family, step_s: int, places: frozenset[Place]) -> Raw:
        raw = self._raw
        if raw is None or (raw.key, raw.family, raw.step_s, raw.places) != (key, family, step_s, places):
            self._raw = raw = Raw(key, family, step_s, places)
        return raw


def latency_of(bounds: Mapping[float, float], to_ms: float) -> Latency:
    """Find the quantiles of cumulative counts by bound."""
    le, counts = own_counts(bounds)
    finite = [bound for bound in le if math.isfinite(bound)]
    if len(le) < 2 or not finite:
        return Latency()
    p50, p90, p99 = (None if (v := quantile(q, le, counts)) is None else v * to_ms for q in (0.5, 0.9, 0.99))
    return Latency(p50, p90, p99, finite[-1] * to_ms)


def _sums_by_key(asked: Mapping[Key, list[Target]], rows: Iterable[Row]) -> dict[Key, dict[float, float]]:
    """Add up cumulative buckets of the targets of each service; two spellings of one bound are one bucket."""
    owner = {place_of(target.labels): key for key, targets in asked.items() for target in targets}
    by_place: dict[tuple[Place, float], float] = {}
    for row in rows:
        metric = row.metric
        le, value = parse_le(metric.get("le", "")), float(row.value[1])
        if le is not None and math.isfinite(value):
            place = (place_of(metric), le)
            by_place[place] = max(by_place.get(place, 0.0), value)
    sums: dict[Key, dict[float, float]] = {}
    for (where, le), value in by_place.items():
        key = owner.get(where)
        if key is not None:
            bounds = sums.setdefault(key, {})
            bounds[le] = bounds.get(le, 0.0) + value
    return sums

"""What only some services are asked for: quantiles of those on the screen, and one service in detail."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kmon_tui.domain.quantile import own_counts, quantile
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Buckets, Family, RevisionTraffic, Scope, Series
from kmon_tui.live import dialects, natives
from kmon_tui.live.asked import RAW, USERS, errors_of_users, expressions
from kmon_tui.live.bucket_sums import Sums, is_new, sums_by_part
from kmon_tui.live.detail import Raw, Table, buckets_of, newest, series_by_class, tabulate
from kmon_tui.live.flow import LATENCY_S, Latency
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.levels import Levels
from kmon_tui.live.looks import Fresh, Looks, Place
from kmon_tui.live.one_copy import one_copy
from kmon_tui.live.overtime import cold_starts, gauges_over_time
from kmon_tui.live.owners import Owners
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.parts import FIRST_TOKEN, NEXT_TOKEN
from kmon_tui.live.prometheus import Api
from kmon_tui.live.target import Target

SWEEP = 60
"""Services off the screen whose quantiles are asked for at once: those that the next page keys bring, then others for
sorting. One is not asked for more often than once in ``LATENCY_S``."""
AT_ONCE = 200
"""Rows on the screen that are asked for: no terminal shows more."""


@dataclass(frozen=True, slots=True)
class Tables:
    """One service step by step, in each family that knows something of it."""

    looks: Looks
    by_family: Mapping[Family, Table]
    end_s: int
    labels: Mapping[Family, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    """Of who counted."""
    question: str = ""
    """What Prometheus was asked."""
    matchers: str = ""
    copies: Mapping[Family, str] = field(default_factory=dict)
    """Matchers that leave one copy of who counted."""
    native: Collection[str] = natives.NONE
    """Histograms that those have as native ones alone."""
    revisions: Mapping[str, RevisionTraffic] = field(default_factory=dict)


class CloseUp:
    """Asks for buckets, and remembers who was asked for when."""

    def __init__(self, matchers: str) -> None:
        self._matchers = matchers
        self.native: Collection[str] = natives.NONE
        """Histograms that this Prometheus has as native ones."""
        self._asked_s: dict[Key, int] = {}
        self._raw: Raw | None = None

    def ask_latency(
        self, api: Api, ledger: Ledger, wanted: Iterable[Key | None], near: Iterable[Key] = (), sweep: int = SWEEP
    ) -> list[Key]:
        """Give the flows of these services their quantiles; say which.

        Whatever is asked, ``near`` ones that are due are in it, and others in turn, together not more than ``sweep``.
        """
        at_s = ledger.at_s
        if at_s is None:
            return []
        chosen = ledger.targets_now()
        new = [key for key in dict.fromkeys(wanted) if key is not None and self._asked_s.get(key) != at_s]
        first = [key for key in new if key in chosen][:AT_ONCE]
        if not first and not sweep:
            return []
        late = [key for key in chosen if at_s - self._asked_s.get(key, 0) >= LATENCY_S]
        late.sort(key=lambda key: self._asked_s.get(key, 0))
        due, own = set(late), set(first)
        beside = [key for key in near if key in due and key not in own][:SWEEP]
        own.update(beside)
        others = [key for key in late if key not in own][: max(0, sweep - len(beside))]
        asked = [key for key in (*first, *beside, *others) if not ledger.has_problem(key)]
        by_family: dict[Family, dict[Place, tuple[Key, Target]]] = {}
        for key in asked:
            for target in chosen[key]:
                by_family.setdefault(target.dialect.family, {})[target.place] = (key, target)
        since_s = at_s - ledger.window_s
        parts = [part for one in by_family.items() for part in self._latency_parts(*one, ledger.window_s, since_s)]
        rows = api.query(" or ".join(parts), at_s) if parts else []
        sums = sums_by_part(by_family, rows, since_s)
        for key in asked:
            _put_latency(ledger, key, sums, at_s)
            self._asked_s[key] = at_s
        return asked

    def _latency_parts(
        self, family: Family, found: Mapping[Place, tuple[Key, Target]], window_s: int, since_s: int
    ) -> Iterator[str]:
        dialect, targets = DIALECTS[family], [target for _, target in found.values()]
        labels = [target.labels for target in targets]
        yield from dialects.latency(dialect, self._matchers, labels, window_s, self.native)
        new = [target.labels for target in targets if is_new(target, since_s)]
        yield from dialects.latency(dialect, self._matchers, new, None, self.native)

    def ask_detail(
        self, api: Api, ledger: Ledger, owners: Owners, levels: Levels, key: Key | None
    ) -> dict[Key, Buckets]:
        """Give one service over time."""
        width_s = ledger.points * ledger.step_s + ledger.window_s
        tables = self.ask_tables(api, ledger, owners, levels, key, width_s) if key is not None else None
        if key is None or tables is None:
            return {}
        return {key: closer(ledger, owners, key, tables)}

    def refused(self, ledger: Ledger, key: Key | None, words: str) -> dict[Key, Buckets]:
        """Say of one service why it is not known over time."""
        flow = (ledger.flows.get(key) or ledger.users.get(key)) if key is not None else None
        if key is None or flow is None:
            return {}
        return {key: Buckets(key, flow.family, float(ledger.at_s or 0), ledger.step_s, problem=words)}

    def ask_tables(
        self, api: Api, ledger: Ledger, owners: Owners, levels: Levels, key: Key, width_s: int
    ) -> Tables | None:
        """Find what a service gained step by step: only the newest steps are asked for, the older ones are kept."""
        if ledger.at_s is None or ledger.has_problem(key):
            return None
        start_s = ledger.at_s - width_s
        families = {family: ledger.targets_of(key, start_s, family) for family in ledger.families_of(key)}
        targets = {family: {target.place: target for target in found} for family, found in families.items() if found}
        places = frozenset((family, place) for family, found in targets.items() for place in found)
        told = levels.labels_of(key)
        copies = one_copy(self._matchers, ledger.register.targets, key, targets)
        raw = self._raw_of(key, ledger.step_s, places, frozenset((*told, *copies.values())))
        from_s = start_s if raw.end_s is None else max(start_s, raw.end_s + ledger.step_s)
        labels = {f: [target.labels for target in found.values()] for f, found in targets.items()}
        parts = [part for f in labels for part in dialects.detail(DIALECTS[f], copies[f], labels[f], self.native)]
        parts += [dialects.scraped(self._matchers, [one for found in labels.values() for one in found])]
        parts += [one for pack, own in told.values() for one in dialects.levels((pack,), self._matchers, own)]
        question = dialects.together(filter(None, parts))
        if from_s <= ledger.at_s and question:
            raw.add(api.query_range(question, from_s, ledger.at_s, ledger.step_s), ledger.at_s)
        if raw.end_s is None:
            return None
        looks = raw.looks(start_s)
        steps = width_s // ledger.step_s
        found = {f: _table(ledger, owners, key, start_s, steps, looks, f, at) for f, at in targets.items()}
        shares = self._shares(ledger, owners, key, start_s, steps, looks, targets)
        native = self.native if raw.native else natives.NONE
        return Tables(looks, found, ledger.at_s, labels, question, self._matchers, copies, native, shares)

    @staticmethod
    def _shares(
        ledger: Ledger,
        owners: Owners,
        key: Key,
        start_s: int,
        steps: int,
        looks: Looks,
        targets: Mapping[Family, Mapping[Place, Target]],
    ) -> dict[str, RevisionTraffic]:
        """Divide what the pods counted by their revision: nothing more is asked for that."""
        flow = ledger.flows.get(key)
        family = flow.family if flow is not None else None
        parts: dict[str, dict[Place, Target]] = {}
        for place, target in targets.get(family, {}).items() if family is not None else ():
            if revision := owners.revision(key, target.labels):
                parts.setdefault(revision, {})[place] = target
        if family is None:
            return {}
        return {
            revision: newest(
                _table(ledger, owners, key, start_s, steps, looks, family, own),
                DIALECTS[family],
                ledger.at_s or 0,
                ledger.step_s,
                ledger.window_s,
            )
            for revision, own in parts.items()
        }

    def _raw_of(self, key: Key, step_s: int, places: frozenset[tuple[Family, Place]], packs: frozenset[object]) -> Raw:
        raw = self._raw
        if raw is None or (raw.key, raw.step_s, raw.places, raw.packs) != (key, step_s, places, packs):
            self._raw = raw = Raw(key, step_s, places, packs)
        return raw


def closer(ledger: Ledger, owners: Owners, key: Key, tables: Tables) -> Buckets:
    """Put one service over time together, as the screen draws it."""
    flow, users = ledger.flows.get(key), ledger.users.get(key)
    shown = flow or users or ledger.ended.of(key)
    assert shown is not None
    if DIALECTS[shown.family].scope is Scope.USERS:
        users = None  # what is shown is what callers saw
    step_s, window_s, end_s = ledger.step_s, ledger.window_s, tables.end_s
    table = tables.by_family.get(shown.family) or Table.nothing(ledger.points + window_s // step_s)
    found = buckets_of(key, DIALECTS[shown.family], table, end_s, step_s, window_s)
    front = tables.by_family.get(users.family) if users is not None else None
    gauges = gauges_over_time(tables.looks, key, owners.owner, end_s, step_s, table.away)
    labels = tables.labels.get(shown.family, ())
    matchers = tables.copies.get(shown.family, tables.matchers)
    asked = expressions(DIALECTS[shown.family], matchers, labels, window_s, step_s, tables.native)
    if users is not None:
        seen = errors_of_users(
            DIALECTS[users.family], DIALECTS[shown.family], tables.matchers, tables.labels, window_s, tables.native
        )
        asked |= {USERS: seen} if seen else {}
    tokens = tables.by_family.get(Family.VLLM)
    return replace(
        found,
        sampled_at=shown.sampled_at,
        users_by_code=series_by_class(front, end_s, step_s, window_s) if front else {},
        queries=asked | ({RAW: tables.question} if tables.question else {}),
        gauges=gauges
        | {"scraped": Series(end_s, step_s, table.scraped)}
        | (tokens.tokens_over_time(end_s, step_s, window_s) if tokens else {}),
        revisions=tables.revisions,
        cold_starts=cold_starts(gauges.get("ready")),
    )


def latency_of(bounds: Mapping[float, float], to_ms: float, at_s: int = 0) -> Latency:
    """Find the quantiles of cumulative counts by bound."""
    if len(bounds) < 2:
        return Latency(at_s=at_s)
    le, counts = own_counts(bounds)
    finite = [bound for bound in le if math.isfinite(bound)]
    if not finite:
        return Latency(at_s=at_s)
    p50, p90, p99 = (None if (v := quantile(q, le, counts)) is None else v * to_ms for q in (0.5, 0.9, 0.99))
    return Latency(p50, p90, p99, finite[-1] * to_ms, at_s)


def _table(
    ledger: Ledger,
    owners: Owners,
    key: Key,
    start_s: int,
    steps: int,
    looks: Looks,
    family: Family,
    targets: Mapping[Place, Target],
) -> Table:
    """Add up one family."""

    def born(place: Place) -> bool:
        born_s = owners.born_s(targets[place].labels)
        return born_s is not None and born_s >= start_s

    fresh = Fresh(start_s, ledger.step_s, 2 * ledger.scrape_s + 1)
    return tabulate(looks, DIALECTS[family], steps, targets, born, fresh)


def _put_latency(ledger: Ledger, key: Key, sums: Sums, at_s: int) -> None:
    """Give the flows of one service what was found."""

    def found(family: Family, part: str = "") -> Latency:
        to_ms = DIALECTS[family].to_ms
        return latency_of(sums.get(f"{family}{part and ' '}{part}", {}).get(key, {}), to_ms, at_s)

    for flow in (ledger.flows.get(key), ledger.users.get(key)):
        if flow is not None:
            flow.latency = found(flow.family)
            first, following = found(Family.VLLM, FIRST_TOKEN), found(Family.VLLM, NEXT_TOKEN)
            known = first.top_bound_ms is not None or following.top_bound_ms is not None
            flow.tokens = (first, following) if known else None

"""One service over a longer time than the books hold: asked for by range, with steps as wide as the screen can show.

Only for a service that somebody looks at with such a range. The pods that counted then are looked up in the index of
Prometheus; after the first answer only steps that are new are asked for, and between two steps nothing at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from kmon_tui.domain.command import Span
from kmon_tui.domain.errors import BadAnswer, Forbidden, NotFound
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Buckets, Family
from kmon_tui.live import dialects, natives
from kmon_tui.live.closeup import Tables, closer
from kmon_tui.live.detail import Raw, Table, tabulate
from kmon_tui.live.guards import BY
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.levels import Levels
from kmon_tui.live.looks import Fresh, Place
from kmon_tui.live.one_copy import one_copy
from kmon_tui.live.owners import Owners
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import TARGET
from kmon_tui.live.prometheus import Api
from kmon_tui.live.target import Handle, Target, handle_of

MOST_TARGETS = 150
"""Processes of one service in the range; with more the newest count, and the panel says so."""

Found = dict[Family, dict[Place, Target]]


class Ranged:
    """Remembers who counted in the range, and what was asked already."""

    def __init__(self, matchers: str) -> None:
        self._matchers = matchers
        self._of: tuple[Key, Span] | None = None
        self._targets: Found = {}
        self._cut = False
        self.native: Collection[str] = natives.NONE
        """Histograms that this Prometheus has as native ones."""
        self._raw: Raw | None = None

    def ask(self, api: Api, ledger: Ledger, owners: Owners, levels: Levels, key: Key, span: Span) -> Buckets | None:
        """Give one service over the range, or None when nothing of it is known."""
        ended = ledger.ended.of(key)
        families = ledger.families_of(key) or ((ended.family,) if ended is not None else ())
        if ledger.at_s is None or not families or (ended is None and ledger.has_problem(key)):
            return None
        step_s = step_of(span, ledger.step_s)
        end_s = ledger.at_s // step_s * step_s
        rate_s = step_s * -(-ledger.window_s // step_s)
        start_s = end_s - -(-span.range_s // step_s) * step_s - rate_s
        if self._of != (key, span):
            self._of, self._raw = (key, span), None
            self._targets, self._cut = _sought(api, self._matchers, owners, key, families, (start_s, end_s))
        for family in families:
            known = self._targets.setdefault(family, {})
            known.update({target.place: target for target in ledger.targets_of(key, start_s, family)})
        copies = one_copy(self._matchers, ledger.register.targets, key, self._targets)
        raw, question = self._asked(api, levels, key, step_s, (start_s, end_s), copies)
        if raw.end_s is None:
            return None
        looks = raw.looks(start_s)
        steps = (end_s - start_s) // step_s

        def table_of(family: Family, at: Mapping[Place, Target]) -> Table:
            def born(place: Place) -> bool:
                born_s = owners.born_s(at[place].labels)
                return born_s is not None and born_s >= start_s

            fresh = Fresh(start_s, step_s, 2 * ledger.scrape_s + 1)
            return tabulate(looks, DIALECTS[family], steps, at, born, fresh)

        found = {family: table_of(family, at) for family, at in self._targets.items() if at}
        labels = {family: [target.labels for target in at.values()] for family, at in self._targets.items()}
        native = self.native if raw.native else natives.NONE
        tables = Tables(looks, found, end_s, labels, question, self._matchers, copies, native)
        cut = f"only the newest {MOST_TARGETS} pods of this time are counted" if self._cut else ""
        drawn = closer(_at_pace(ledger, step_s, rate_s, steps), owners, key, tables)
        return replace(drawn, range_s=span.range_s, remark=cut)

    def _asked(
        self,
        api: Api,
        levels: Levels,
        key: Key,
        step_s: int,
        span_s: tuple[int, int],
        copies: Mapping[Family, str],
    ) -> tuple[Raw, str]:
        """Ask for the steps that are new; all of them when somebody else counts now."""
        start_s, end_s = span_s
        told = levels.labels_of(key)
        places = frozenset((family, place) for family, at in self._targets.items() for place in at)
        raw = self._raw
        beside = frozenset((*told, *copies.values()))
        if raw is None or (raw.step_s, raw.places, raw.packs) != (step_s, places, beside):
            self._raw = raw = Raw(key, step_s, places, beside)
        labels = {family: [target.labels for target in at.values()] for family, at in self._targets.items() if at}
        parts = [part for f in labels for part in dialects.detail(DIALECTS[f], copies[f], labels[f], self.native)]
        parts += [dialects.scraped(self._matchers, [one for found in labels.values() for one in found])]
        parts += [one for pack, own in told.values() for one in dialects.levels((pack,), self._matchers, own)]
        question = dialects.together(filter(None, parts))
        from_s = start_s if raw.end_s is None else max(start_s, raw.end_s + step_s)
        if question and from_s <= end_s:
            raw.add(api.query_range(question, from_s, end_s, step_s), end_s)
        return raw, question


def step_of(span: Span, tick_s: int) -> int:
    """Give the shortest whole number of ticks that cuts the range into no more steps than the screen has cells."""
    return tick_s * max(1, -(-span.range_s // (tick_s * max(1, span.steps))))


def _at_pace(ledger: Ledger, step_s: int, window_s: int, points: int) -> Ledger:
    """Give books of the same services at another pace, only to be read."""
    other = Ledger(step_s, window_s, points, ledger.scrape_s)
    other.flows, other.users, other.ended = ledger.flows, ledger.users, ledger.ended
    return other


def _sought(
    api: Api, matchers: str, owners: Owners, key: Key, families: Sequence[Family], span_s: tuple[int, int]
) -> tuple[Found, bool]:
    """Look up who counted for this service then; nobody where the server has no index to be asked."""
    found: Found = {}
    cut = False
    identity = _identity(api, matchers, span_s) if Family.KNATIVE_S in families else {}
    for family in families:
        dialect = DIALECTS[family]
        units: dict[str, Target] = {}
        for labels in _series(api, dialects.counted(dialect, matchers, key.namespace), span_s):
            aside = {"__name__", *dialect.code_labels}
            target = Target({name: text for name, text in labels.items() if name not in aside}, dialect)
            told = identity.get(target.handle, ())
            owned = {owners.owner(dialect.whose({**target.labels, **one})) for one in ({}, *told)} - {None}
            if owned == {key}:
                units.setdefault(target.unit, target)
        cut = cut or len(units) > MOST_TARGETS
        newest = sorted(units.values(), key=lambda target: owners.born_s(target.labels) or 0.0)[-MOST_TARGETS:]
        found[family] = {target.place: target for target in newest}
    return found, cut


def _identity(api: Api, matchers: str, span_s: tuple[int, int]) -> dict[Handle, list[dict[str, str]]]:
    """Find what target_info says of processes that do not name their service themselves."""
    told: dict[Handle, list[dict[str, str]]] = {}
    for labels in _series(api, dialects.identities(matchers), span_s):
        told.setdefault(handle_of(labels), []).append({k: v for k, v in labels.items() if k not in (*TARGET, *BY)})
    return told


def _series(api: Api, selectors: Iterable[str], span_s: tuple[int, int]) -> list[dict[str, str]]:
    start_s, end_s = span_s
    matches = "&".join(f"match[]={quote(selector)}" for selector in selectors)
    try:
        rows = api.read(f"series?{matches}&start={start_s}&end={end_s}")
    except (NotFound, BadAnswer, Forbidden):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

"""The list of the fleet: which lines stand in which order, patched by what changed and seldom sorted anew."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.names import wanted as wanted_name
from kmon_tui.domain.replaced import replaced
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import WARN_RATIO, Traffic
from kmon_tui.render.filter import Filter
from kmon_tui.render.rows import SORTS, Row, Severity, Sort, alert_beside, cause, folded_alerts, has_split, row_of

if TYPE_CHECKING:
    from kmon_tui.domain.verdict import Diagnosis

FOLD_FROM = 6
"""More than five rows with one cause become one line."""
_OWN_WORDS = {Severity.STUCK: "stuck", Severity.NOT_SERVING: "not serving"}
"""What is counted by how bad it is, and not by its readiness."""
FAULTS = frozenset(Severity) - {Severity.QUIET, Severity.READY, Severity.ROLLING}
NO_ALERTS: Mapping[Key, tuple[Alert, ...]] = {}
SLICE = 500
"""So many rows get new numbers in one go: one to two milliseconds, in which no key is answered."""
FEW = 50
"""So many new rows are put in their places one by one; more of them mean a new list."""


@dataclass(frozen=True, slots=True)
class Reason:
    """The line below a row that explains it."""

    key: Key


@dataclass(frozen=True, slots=True)
class Fold:
    """One line for many rows that fail alike."""

    cause: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Raised(Reason):
    """The line below a fold whose services alerts fire for."""

    words: str


Entry: TypeAlias = Key | Reason | Fold


class FleetRows:
    """Rows by key, kept up to date at a cost of what changed.

    ``update`` patches rows, ``arrange`` makes the lines. Between two sorts a
    row keeps its place, whatever happens to it.
    """

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}
        self.counts: Counter[str] = Counter()
        """Rows by word of the summary: every Readiness, ``stuck`` and ``not serving``."""
        self._counts_in: dict[str, Counter[str]] = {}
        """The same, by namespace."""
        self.sort: Sort = SORTS["state"]
        self.reverse = False
        self.resort_due = False
        """Whether some row would stand elsewhere after a new sort."""
        self.layout_due = False
        """Whether lines have come or gone since ``arrange``."""
        self._services: tuple[InferenceService, ...] = ()
        self._traffic: Mapping[Key, Traffic] = {}
        self._alerts: Mapping[Key, tuple[Alert, ...]] = NO_ALERTS
        self._reasons: Mapping[Key, Diagnosis] = {}
        self._order: list[tuple[Any, Key]] = []
        self._behind: Iterator[Key] | None = None
        """Rows that have not seen the newest traffic and alerts; None: all have."""

    def update(
        self,
        services: tuple[InferenceService, ...],
        traffic: Mapping[Key, Traffic],
        alerts: Mapping[Key, tuple[Alert, ...]] = NO_ALERTS,
    ) -> set[Key]:
        """Take over new values; give the keys of rows that are another value now, were added or removed.

        New numbers reach SLICE rows now; the others have to ``catch_up``.
        """
        touched, gone = self._touched(services) if services is not self._services else ((), set())
        news = traffic is not self._traffic or alerts is not self._alerts
        self._services, self._traffic, self._alerts = services, traffic, alerts
        changed: set[Key] = set(gone)
        for key in gone:
            self._count(self.rows.pop(key), -1)
        added: list[Key] = []
        for isvc in touched:
            old = self.rows.get(isvc.key)
            if old is None:
                added.append(isvc.key)
            if self._judge(isvc, old):
                changed.add(isvc.key)
        self._place(added, gone)
        if news:
            self._behind = iter(tuple(self.rows))
        return changed | self.catch_up()

    def catch_up(self, first: Iterable[Key] = ()) -> set[Key]:
        """Give these rows, and SLICE others, the newest numbers; give the keys of those that are another value now."""
        if self._behind is None:
            return set()
        some = tuple(islice(self._behind, SLICE))
        if len(some) < SLICE:
            self._behind = None
        rows = [row for key in (*first, *some) if (row := self.rows.get(key)) is not None]
        return {row.isvc.key for row in rows if self._judge(row.isvc, row)}

    @property
    def is_behind(self) -> bool:
        """Whether there are newer numbers than some rows have."""
        return self._behind is not None

    def _judge(self, isvc: InferenceService, old: Row | None) -> bool:
        """Bring one row up to date; False: it is already."""
        traffic, raised = self._traffic.get(isvc.key), self._alerts.get(isvc.key, ())
        same = old is not None and old.isvc is isvc and old.alerts == raised
        if old is not None and same and old.traffic is traffic:
            return False
        if old is not None and same and is_calm(old.traffic) and is_calm(traffic):
            self._pass_on(old, traffic)
        else:
            self._put(row_of(isvc, traffic, raised, self._reasons.get(isvc.key)), old)
        return True

    def explain(self, reasons: Mapping[Key, Diagnosis]) -> set[Key]:
        """Take over why services are in trouble; only those whose diagnosis is another one now are looked at."""
        if reasons is self._reasons:
            return set()
        old, self._reasons = self._reasons, reasons
        changed = {key for key in (*old, *reasons) if old.get(key) is not reasons.get(key) and key in self.rows}
        for key in changed:
            row = self.rows[key]
            self._put(row_of(row.isvc, row.traffic, row.alerts, reasons.get(key)), row)
        return changed

    def sort_by(self, sort: Sort, *, reverse: bool = False) -> None:
        """Choose an order and sort now."""
        self.sort, self.reverse = sort, reverse
        self.resort()

    def resort(self) -> None:
        """Put every row where it belongs."""
        while self._behind is not None and self.sort.of_traffic:
            self.catch_up()
        key = self.sort.key
        self._order = sorted(((key(row), row_key) for row_key, row in self.rows.items()), key=_first)
        self.resort_due = False

    def arrange(
        self, wanted: Callable[[Row], bool], *, show_split: bool, unfolded: frozenset[str] = frozenset()
    ) -> list[Entry]:
        """Make the lines in the present order: rows, the reasons below them, folds."""
        keys = [key for _, key in (reversed(self._order) if self.reverse else self._order)]
        rows = self.rows
        shown = keys if wanted is every_row else [key for key in keys if wanted(rows[key])]
        alike = self._alike(shown)
        by_state = self.sort.name == "state"
        folds = {why: fold for why, fold in alike.items() if by_state and self._is_trouble(fold)}
        entries: list[Entry] = []
        self.layout_due = False
        for key in shown:
            row = rows[key]
            fold = folds.get(cause(row)) if folds and row.severity >= Severity.ERRORS else None
            if fold is not None:
                if fold.keys[0] == key:
                    entries.append(fold)
                    if words := folded_alerts(rows[each] for each in fold.keys):
                        entries.append(Raised(key, words))
                if fold.cause not in unfolded:
                    continue
            entries.append(key)
            common = row.severity is Severity.AILING and cause(row) in alike
            if alert_beside(row) if fold is not None else needs_line(row, show_split=show_split, told=not common):
                entries.append(Reason(key))
        return entries

    def _alike(self, shown: Sequence[Key]) -> dict[str, Fold]:
        """Give the causes of more than five rows: trouble is told in one line, what ails where it is selected."""
        alike: dict[str, list[Key]] = {}
        for key in shown:
            if self.rows[key].severity >= Severity.AILING and (why := cause(self.rows[key])):
                alike.setdefault(why, []).append(key)
        return {why: Fold(why, tuple(keys)) for why, keys in alike.items() if len(keys) >= FOLD_FROM}

    def _is_trouble(self, fold: Fold) -> bool:
        return self.rows[fold.keys[0]].severity >= Severity.ERRORS

    def _touched(self, services: tuple[InferenceService, ...]) -> tuple[Iterable[InferenceService], set[Key]]:
        """Give the services that are not the same objects as before, and the keys that are gone.

        Both tuples are sorted by key, so the usual case (some were replaced in
        place) is one pass at C speed.
        """
        pairs = replaced(self._services, services)
        if pairs is None:
            return services, self._gone(services)
        return (after for _, after in pairs), set()

    def _gone(self, services: tuple[InferenceService, ...]) -> set[Key]:
        return set(self.rows) - {isvc.key for isvc in services}

    def _put(self, row: Row, old: Row | None) -> None:
        self.rows[row.isvc.key] = row
        self._count(row, +1)
        if old is not None:
            self._count(old, -1)
            self.resort_due = self.resort_due or self.sort.key(row) != self.sort.key(old)
            if max(row.severity, old.severity) >= Severity.AILING or row.isvc.traffic != old.isvc.traffic:
                self.layout_due = self.layout_due or cause(row) != cause(old) or has_split_changed(row, old)
                self.layout_due = self.layout_due or alert_beside(row) != alert_beside(old)

    def _pass_on(self, old: Row, traffic: Traffic | None) -> None:
        """Give a row new numbers that change nothing else of it: the usual case of thousands at each tick."""
        row = self.rows[old.isvc.key] = Row(old.isvc, traffic, old.severity, old.reason, old.alerts, old.fault)
        if self.sort.of_traffic and not self.resort_due:
            self.resort_due = self.sort.key(row) != self.sort.key(old)

    def _place(self, added: Sequence[Key], gone: set[Key]) -> None:
        """Give new rows their places in the order of the last sort, and close the gaps of those gone."""
        self.layout_due = self.layout_due or bool(added or gone)
        if gone:
            self._order = [entry for entry in self._order if entry[1] not in gone]
        if len(added) > FEW:
            self.resort()
            return
        for key in added:
            insort(self._order, (self.sort.key(self.rows[key]), key), key=_first)

    def _count(self, row: Row, by: int) -> None:
        word, namespace = _OWN_WORDS.get(row.severity, row.isvc.readiness.value), row.isvc.key.namespace
        self.counts[word] += by
        if namespace not in self._counts_in:
            self._counts_in[namespace] = Counter()
        self._counts_in[namespace][word] += by

    def counts_in(self, namespace: str | None) -> Mapping[str, int]:
        """Give the counts of one namespace, or of all."""
        return self.counts if namespace is None else self._counts_in.get(namespace, {})


def is_calm(traffic: Traffic | None) -> bool:
    """Whether severity and reason of a row come from elsewhere than its errors."""
    return traffic is None or traffic.error_ratio is None or traffic.error_ratio < WARN_RATIO


def is_twin(key: Key, rows: Mapping[Key, Row]) -> bool:
    """Whether a row of another kind has the same namespace and name."""
    kind, namespace, name = key
    return any(Key(other, namespace, name) in rows for other in Kind if other is not kind)


def needs_line(row: Row, *, show_split: bool, told: bool = True) -> bool:
    """Whether a row grows by a line: it is in trouble, or its traffic is split and no column says so."""
    return (told and row.severity >= Severity.AILING) or (show_split and has_split(row.isvc.traffic))


def has_split_changed(row: Row, old: Row) -> bool:
    """Whether a row has begun or ended to divide its requests."""
    return has_split(row.isvc.traffic) != has_split(old.isvc.traffic)


def every_row(_row: Row) -> bool:
    """Want every row."""
    return True


def wanted_by(filter_: Filter, *, faults_only: bool, namespace: str | None, awaited: str = "") -> Callable[[Row], bool]:
    """Give the test of a view: the filter, faults only, one namespace; or nothing but the service that is awaited."""
    if awaited:
        meant = wanted_name(awaited)
        return lambda row: meant.fits(row.isvc.key)
    if not filter_ and not faults_only and namespace is None:
        return every_row

    def wanted(row: Row) -> bool:
        if faults_only and row.severity not in FAULTS:
            return False
        return (namespace is None or row.isvc.key.namespace == namespace) and filter_(row.isvc)

    return wanted


def _first(entry: tuple[Any, Key]) -> Any:
    return entry[0]

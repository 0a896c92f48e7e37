"""The ledger: raw counters of all targets come in step by step, the traffic of each service comes out.

A step in which a target was not sampled is a gap, whatever Prometheus still answers for it: it remembers five minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kmon_tui.domain.counters import gain
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family
from kmon_tui.live.dialects import BY_COUNTER, DIALECTS, GUARDS, TARGET, Dialect, Role, code_class
from kmon_tui.live.flow import Flow, Gain
from kmon_tui.live.owners import Owners

Handle = tuple[str, ...]
Slot = tuple[Role, str]
"""What is counted, and the class of the code."""

OLD_S = 600
FORGET_S = 1200
"""A target that was not seen for so long is forgotten."""


class Target:
    """One process that counts, in one family, and what its counters showed when it was last seen."""

    __slots__ = (
        "at_s", "chosen", "covered_s", "dialect", "first_sample_s", "gains", "generation", "guards", "handle",
        "labels", "last", "now", "owner", "sampled_s", "seen_s", "unit",
    )  # fmt: skip

    def __init__(self, labels: dict[str, str], dialect: Dialect) -> None:
        self.labels = labels
        self.dialect = dialect
        self.handle = handle_of(labels)
        self.guards = tuple(labels.get(name, "") for name in GUARDS)
        self.unit = next((labels[n] for n in ("pod", "pod_name", "k8s_pod_name", "instance") if labels.get(n)), "")
        """Two targets of one unit are one process scraped twice."""
        self.owner: Key | None = None
        self.generation = -1
        self.chosen = False
        self.at_s = -1
        self.seen_s: float | None = None
        self.first_sample_s: float | None = None
        self.sampled_s: float | None = None
        self.now: dict[Slot, float] = {}
        self.last: dict[Slot, float] = {}
        self.gains: dict[Slot, float] | None = None
        """Of the newest step; None when it is not known what it brought."""
        self.covered_s = 0.0
        """How long it took to gain that, from sample to sample."""

    @property
    def young(self) -> bool:
        """Whether only one sample of it is known."""
        return self.gains is None if self.sampled_s is None else self.sampled_s == self.first_sample_s

    @property
    def requests(self) -> float:
        """Its counter of requests."""
        return math.fsum(value for (role, _), value in self.last.items() if role is Role.REQUESTS)

    def settle(self, at_s: int, step_s: int, sampled_s: float | None, born_s: float | None) -> None:
        """Take over what was read at ``at_s``. The gain over a gap is spread evenly; this step gets at most its share.

        ``born_s``: when its pod was made, if that happened before our eyes, so that all it counted is known to be new.
        """
        known_s = self.sampled_s if self.seen_s is not None else born_s
        if self.seen_s is None:
            self.first_sample_s = sampled_s
        if self.seen_s is None and born_s is None:
            self.gains = None
        else:
            covered_s = float(step_s) if sampled_s is None or known_s is None else max(0.0, sampled_s - known_s)
            share = min(1.0, 1.5 * step_s / covered_s) if covered_s else 1.0
            self.gains = {slot: gain(self.last.get(slot, 0.0), value) * share for slot, value in self.now.items()}
            self.covered_s = covered_s * share
        self.last, self.now = self.now, {}
        self.seen_s = at_s
        self.sampled_s = sampled_s


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of an answer: who counted what."""

    target: Target
    slot: Slot


class Ledger:
    """Books of all services for one length of step."""

    def __init__(self, step_s: int, window_s: int, points: int, scrape_s: float, guarded: frozenset[str]) -> None:
        self.step_s = step_s
        self.window_s = window_s
        self.points = points
        self.scrape_s = scrape_s
        self.at_s: int | None = None
        self.began_s: int | None = None
        self.flows: dict[Key, Flow] = {}
        self.problems: dict[Family, str] = {}
        self._guarded = guarded
        self._owners = Owners(())
        self._generation = 0
        self._identity: Mapping[Handle, list[dict[str, str]]] = {}
        self._targets: dict[tuple[object, ...], Target] = {}
        self._readings: dict[tuple[tuple[str, str], ...], Reading] = {}

    def know(self, owners: Owners, identity: Mapping[Handle, list[dict[str, str]]]) -> None:
        """Learn which services there are, and what target_info says of targets (newest first)."""
        if owners is not self._owners or identity.keys() != self._identity.keys():
            self._generation += 1
        self._owners, self._identity = owners, identity
        for key in [key for key in self.flows if key not in owners]:
            del self.flows[key]

    def slow_down(self, step_s: int, window_s: int, points: int) -> None:
        """Go on with steps twice as long."""
        self.step_s, self.window_s, self.points = step_s, window_s, points
        for flow in self.flows.values():
            flow.thin()

    def reading(self, metric: dict[str, str]) -> Reading:
        """Find who counted what in a row."""
        items = tuple(metric.items())
        known = self._readings.get(items)
        if known is None:
            name = metric["__name__"]
            dialect = BY_COUNTER[name]
            slot = (dialect.counters[name], code_class(dialect, metric))
            labels = {k: v for k, v in metric.items() if k != "__name__" and k not in dialect.code_labels}
            mine = (dialect.family, *sorted(labels.items()))
            target = self._targets.setdefault(mine, Target(labels, dialect))
            known = self._readings[items] = Reading(target, slot)
        return known

    def ingest(self, at_s: int, rows: Iterable[tuple[Reading, float]], sampled: Mapping[Handle, float]) -> None:
        """Book one step: all counters as they stood at ``at_s``, and when each target was sampled."""
        touched: list[Target] = []
        for reading, value in rows:
            target = reading.target
            if not math.isfinite(value):
                continue
            if target.at_s != at_s:
                target.at_s, target.now = at_s, {}
                touched.append(target)
            target.now[reading.slot] = target.now.get(reading.slot, 0.0) + value
        self.began_s = at_s if self.began_s is None else self.began_s
        fresh = [target for target in touched if self._settled(target, at_s, sampled.get(target.handle))]
        self._check_guards(fresh)
        self._book(at_s, fresh)
        self.at_s = at_s

    def targets_of(self, key: Key, since_s: float) -> list[Target]:
        """Give the targets that count for a service in its family, now or since then."""
        flow = self.flows.get(key)
        return [
            target
            for target in self._targets.values()
            if flow and target.owner == key and target.dialect.family is flow.family and target.chosen
            and (target.seen_s or 0) >= since_s
        ]  # fmt: skip

    def chosen_targets(self) -> dict[Key, list[Target]]:
        """Give, by service, the targets that counted in the newest step."""
        found: dict[Key, list[Target]] = {}
        for target in self._targets.values():
            if target.chosen and target.seen_s == self.at_s and target.owner is not None:
                flow = self.flows.get(target.owner)
                if flow is not None and flow.family is target.dialect.family:
                    found.setdefault(target.owner, []).append(target)
        return found

    def forget(self) -> None:
        """Drop what was not seen for long; called now and then."""
        if self.at_s is None:
            return
        oldest_s = self.at_s - FORGET_S
        old = {id(t) for t in self._targets.values() if (t.seen_s or t.at_s) < oldest_s}
        if old:
            self._targets = {k: t for k, t in self._targets.items() if id(t) not in old}
            self._readings = {k: r for k, r in self._readings.items() if id(r.target) not in old}

    def _settled(self, target: Target, at_s: int, sampled_s: float | None) -> bool:
        """Find the owner and book the step; False for strangers, and for what was not sampled lately."""
        if target.generation != self._generation:
            target.generation = self._generation
            target.owner = self._owner(target) or (target.owner if target.owner in self._owners else None)
        if target.owner is None or (sampled_s is not None and at_s - sampled_s > 2 * self.scrape_s + 1):
            return False
        born_s = None
        if target.seen_s is None and self.began_s is not None:
            born_s = self._owners.born_s(target.labels)
            # Born before we began to look: it may have counted for hours already.
            born_s = born_s if born_s is not None and born_s >= self.began_s else None
        target.settle(at_s, self.step_s, sampled_s, born_s)
        return True

    def _owner(self, target: Target) -> Key | None:
        if owner := self._owners.owner(target.labels):
            return owner
        for told in self._identity.get(target.handle, ()):
            if owner := self._owners.owner({**target.labels, **told}):
                return owner
        return None

    def _is_old(self, target: Target) -> bool:
        """Whether its pod has been there for long: what it counted before Prometheus found it is not new."""
        born_s = self._owners.born_s(target.labels)
        return born_s is not None and born_s < (target.first_sample_s or 0.0) - OLD_S

    def _check_guards(self, fresh: list[Target]) -> None:
        """Find families whose series come from several clusters or replicas: their sums would mean nothing."""
        guards: dict[Family, set[tuple[str, ...]]] = {}
        for target in fresh:
            guards.setdefault(target.dialect.family, set()).add(target.guards)
        self.problems = {}
        for family, seen in guards.items():
            for i, label in enumerate(GUARDS):
                values = sorted({values[i] for values in seen})
                if len(values) > 1 and label not in self._guarded:
                    shown = ", ".join(value or '""' for value in values[:4])
                    choice = next(value for value in values if value)
                    self.problems[family] = (
                        f"this Prometheus holds several {label}s ({shown}): "
                        f"choose one, as --prometheus-matcher '{label}=\"{choice}\"'"
                    )
                    break

    def _book(self, at_s: int, fresh: list[Target]) -> None:
        books: dict[Key, dict[Family, dict[str, Target]]] = {}
        for target in fresh:
            assert target.owner is not None
            units = books.setdefault(target.owner, {}).setdefault(target.dialect.family, {})
            rival = units.get(target.unit)
            if rival is None or _rank(target) > _rank(rival):
                units[target.unit] = target
        for target in fresh:
            assert target.owner is not None
            target.chosen = books[target.owner][target.dialect.family][target.unit] is target
        for key, families in books.items():
            family = next(family for family in DIALECTS if family in families)
            flow = self.flows.setdefault(key, Flow(family))
            flow.family = family
            targets = list(families[family].values())
            flow.problem = self.problems.get(family, "")
            brought = None if flow.problem else _brought(targets, list(families.get(Family.SDK, {}).values()))
            flow.sampled_s = max((t.sampled_s for t in targets if t.sampled_s is not None), default=None)
            flow.counter_sum = math.fsum(target.requests for target in targets)
            young = not flow.problem and all(target.young for target in targets)
            flow.new_requests = flow.counter_sum if young and not any(map(self._is_old, targets)) else None
            flow.push(at_s, brought, (self.window_s, self.step_s), self.points)
        for key, flow in list(self.flows.items()):
            if flow.end_s != at_s:
                flow.gaps.append(at_s)
                flow.push(at_s, None, (self.window_s, self.step_s), self.points)
                if flow.over:
                    del self.flows[key]


def handle_of(labels: Mapping[str, str]) -> Handle:
    """Give what names the process of a series in all our questions."""
    return tuple([labels.get(name, "") for name in (*TARGET, *GUARDS)])


def _rank(target: Target) -> tuple[float, bool, float, Handle]:
    """Of two scrapes of one process the better one: the fresher, then the one already chosen."""
    return (target.sampled_s or 0.0, target.chosen, target.requests, target.handle)


def _brought(targets: list[Target], sdk: list[Target]) -> Gain | None:
    """Sum what the processes of a service gained; None when that is known of none of them."""
    known = [target.gains for target in targets if target.gains is not None]
    if not known:
        return None
    covered_s = math.fsum(target.covered_s for target in targets if target.gains is not None) / len(known)
    requests = bad = 0.0
    coded = False
    for gains in known:
        for (role, code), value in gains.items():
            if role is Role.REQUESTS:
                requests += value
                coded = coded or bool(code)
                bad += value if code == "5xx" else 0.0
    if coded:
        return Gain(requests, covered_s, bad, requests)
    # No codes: the SDK's own stages tell how many executions failed, if they are scraped.
    attempts = successes = 0.0
    counted = False
    for target in sdk:
        for (role, _), value in (target.gains or {}).items():
            attempts += value if role is Role.ATTEMPTS else 0.0
            successes += value if role is Role.SUCCESSES else 0.0
            counted = counted or role is Role.ATTEMPTS
    return Gain(requests, covered_s, attempts - successes, attempts) if counted else Gain(requests, covered_s)

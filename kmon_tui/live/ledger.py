"""The ledger: raw counters of all targets come in step by step, the traffic of each service comes out.

A step in which a target was not sampled is a gap, whatever Prometheus still answers for it: it remembers five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live.conflicts import Conflicts
from kmon_tui.live.ended import Ended
from kmon_tui.live.flow import NO_LATENCY, Alike, Flow
from kmon_tui.live.outside import best_family, with_pods
from kmon_tui.live.owners import Owners
from kmon_tui.live.pace import Pace
from kmon_tui.live.reckoning import Slot
from kmon_tui.live.register import Reading, Register
from kmon_tui.live.remarks import ALL_NAN, remark
from kmon_tui.live.sheet import Sheet
from kmon_tui.live.tally import Tally
from kmon_tui.live.target import Handle, Target, best_of_each, brought_by, gain_of

FORGET_S = 1200
"""A target that was not seen for so long, and in none of the steps that are kept, is forgotten."""
BESIDE = (Family.SDK, Family.VLLM)
"""They know of failed executions and of tokens what the family that is shown may not."""
_SOME = 3
OLD_S = 600
"""A pod of this age is no newcomer."""


class Ledger:
    """Books of all services for one length of step."""

    def __init__(
        self,
        step_s: int,
        window_s: int,
        points: int,
        scrape_s: float,
        family: Family | None = None,
    ) -> None:
        self.family = family
        """The one that a person chose."""
        self.step_s = step_s
        self.window_s = window_s
        self.points = points
        self.scrape_s = scrape_s
        self.at_s: int | None = None
        self.began_s: int | None = None
        self.flows: dict[Key, Flow] = {}
        self.users: dict[Key, Flow] = {}
        """What callers got, where somebody counts in front of the pods."""
        self._sheet = Sheet()
        self.ended = Ended()
        self.conflicts = Conflicts()
        self._owners = Owners(())
        self._generation = 0
        self._identity: Mapping[Handle, list[dict[str, str]]] = {}
        self.register = Register()
        self._tally = Tally()

    def know(self, owners: Owners, identity: Mapping[Handle, list[dict[str, str]]]) -> None:
        """Learn which services there are, and what target_info says of targets (newest first)."""
        if owners is not self._owners or identity.keys() != self._identity.keys():
            self._generation += 1
        self._owners, self._identity = owners, identity
        self.ended.know(owners)
        for flows in (self.flows, self.users):
            for key in [key for key in flows if key not in owners]:
                flows.pop(key).close()

    def slow_down(self, step_s: int, window_s: int, points: int) -> None:
        """Go on with steps twice as long."""
        self.step_s, self.window_s, self.points = step_s, window_s, points
        self._sheet.thin()
        for flow in (*self.flows.values(), *self.users.values()):
            flow.thin()

    def keep_pace(self, pace: Pace) -> None:
        """Take over another pace, before anything is booked."""
        assert self.at_s is None
        self.step_s, self.window_s, self.points = pace.tick_s, pace.window_s, pace.points
        self.scrape_s = pace.scrape_s

    def ingest(
        self, at_s: int, readings: Sequence[Reading], values: Sequence[float], sampled: Mapping[Handle, float]
    ) -> None:
        """Book one step: all counters as they stood at ``at_s``, and when each target was sampled."""
        self.register.all_read()
        self.began_s = at_s if self.began_s is None else self.began_s
        fresh: list[Target] = []
        unreadable: list[Target] = []
        for target, slots, counts in self._tally.count(readings, values):
            target.at_s = at_s
            if counts is None:
                unreadable.append(target)
            elif counts and self._settled(target, at_s, sampled.get(target.handle), slots, counts):
                fresh.append(target)
        for target in unreadable:
            self._find_owner(target)
        self.conflicts.look(fresh)
        self._book(at_s, fresh)
        self._note_unknown(unreadable)
        remark(self.flows, self.register.targets, self._owners, at_s, unreadable, self.window_s)
        self.at_s = at_s

    def targets_of(self, key: Key, since_s: float, family: Family) -> list[Target]:
        """Give the targets that count for a service in this family, now or since then."""
        return [
            target
            for target in self.register.targets
            if target.owner == key and target.dialect.family is family and target.chosen
            and (target.seen_s or 0) >= since_s
        ]  # fmt: skip

    def targets_now(self) -> dict[Key, list[Target]]:
        """Give, by service, the targets that counted in the newest step in the families that are told."""
        found: dict[Key, list[Target]] = {}
        for target in self.register.targets:
            if target.chosen and target.seen_s == self.at_s and target.owner is not None:
                flow, family = target.flow, target.dialect.family
                if flow is not None and not flow.closed and family in (flow.family, Family.VLLM):
                    found.setdefault(target.owner, []).append(target)
        return found

    def forget_latency(self) -> None:
        """Know no quantiles any more: they would look as fresh as the requests."""
        nothing = replace(NO_LATENCY, at_s=self.at_s or 0)
        for flow in (*self.flows.values(), *self.users.values()):
            flow.latency, flow.tokens = nothing, None

    @property
    def suspicious(self) -> bool:
        """Whether of half of all services pods lack fresh samples: maybe Prometheus scrapes at another interval now."""
        lacking = sum(1 for flow in self.flows.values() if flow.lost or flow.remark)
        return 0 < len(self.flows) <= 2 * lacking

    def some_series(self) -> list[dict[str, str]]:
        """Name a few series that are told, of different jobs and families."""
        some: dict[tuple[str, str], dict[str, str]] = {}
        for target in self.register.targets:
            if target.chosen and target.owner is not None and target.seen_s is not None:
                labels = {**target.telling, "__name__": target.dialect.requests[0]}
                some.setdefault((labels.get("job", ""), labels["__name__"]), labels)
                if len(some) == _SOME:
                    break
        return list(some.values())

    def families_of(self, key: Key) -> tuple[Family, ...]:
        """Give the families of which something of a service is told: its own, what knows more beside it, callers'."""
        flows = [flow for flow in (self.flows.get(key), self.users.get(key)) if flow is not None]
        told = [family for flow in flows for family in flow.families if family in (flow.family, *BESIDE)]
        return tuple(dict.fromkeys((*(flow.family for flow in flows), *told)))

    def has_problem(self, key: Key) -> bool:
        """Whether nothing can be told of a service: it is not in the books, or the sums would mean nothing."""
        flow = self.flows.get(key) or self.users.get(key)
        return flow is None or bool(flow.problem)

    def forget(self) -> None:
        """Drop what was not seen for long; called now and then."""
        if self.at_s is None:
            return
        oldest_s = self.at_s - max(FORGET_S, self.points * self.step_s + self.window_s)
        self.register.forget(oldest_s)

    def _settled(
        self, target: Target, at_s: int, sampled_s: float | None, slots: tuple[Slot, ...], counts: tuple[float, ...]
    ) -> bool:
        """Find the owner and book the step; False for strangers, and for what was not sampled lately."""
        if target.generation != self._generation:
            self._find_owner(target)
        if target.owner is None or (sampled_s is not None and at_s - sampled_s > 2 * self.scrape_s + 1):
            return False
        born_s = None
        if target.seen_s is None and self.began_s is not None:
            born_s = self._owners.born_s(target.labels)
            # Born before we began to look: it may have counted for hours already.
            made_s = born_s if born_s is not None and born_s >= self.began_s else None
            # A pod may wait long for its first request: a scrape that proves zero goes before its birth.
            born_s = target.zero_s if made_s is None else max(made_s, target.zero_s or made_s)
        target.settle(at_s, self.step_s, sampled_s, born_s, slots, counts)
        return True

    def _find_owner(self, target: Target) -> None:
        if target.generation != self._generation:
            target.generation = self._generation
            owner = self._owner(target) or (target.owner if target.owner in self._owners else None)
            if owner != target.owner:
                target.owner, target.flow = owner, None

    def _owner(self, target: Target) -> Key | None:
        if owner := self._owners.owner(target.dialect.whose(target.labels)):
            return owner
        told = self._identity.get(target.handle, ())
        owners = {self._owners.owner({**target.labels, **one}) for one in told} - {None}
        return owners.pop() if len(owners) == 1 else None

    def _is_old(self, target: Target) -> bool:
        """Whether its pod has been there for long: what it counted before Prometheus found it is not new."""
        born_s = self._owners.born_s(target.labels)
        return born_s is not None and born_s < (target.first_sample_s or 0.0) - OLD_S

    def _book(self, at_s: int, fresh: list[Target]) -> None:
        self._sheet.begin(self.points)
        # One target stands for itself: lists of ten thousand would be the most that a tick holds at once.
        arrived: dict[Flow, Target | list[Target]] = {}
        for target in fresh:
            flow = target.flow
            if flow is None or flow.closed:
                assert target.owner is not None
                flows = self._flows_of(target)
                flow = flows.get(target.owner)
                if flow is None:
                    flow = flows[target.owner] = Flow(target.dialect.family, self._sheet)
                    self.ended.begin(target.owner)
                target.flow = flow
            others = arrived.setdefault(flow, target)
            if others is not target:
                arrived[flow] = [*others, target] if isinstance(others, list) else [others, target]
        alike = Alike(self.step_s, self.points)
        for flow, found in arrived.items():
            if isinstance(found, list):
                self._book_many(at_s, flow, found, alike)
            else:
                self._book_one(at_s, flow, found, alike)
        for flows in (self.flows, self.users):
            for key, flow in list(flows.items()):
                if flow.end_s != at_s:
                    flow.gaps = (*flow.gaps, at_s)
                    flow.problem = ""
                    flow.push(at_s, None, (self.window_s, self.step_s), self.points, alike)
                    if flow.over:
                        flows.pop(key).close()
                        self.ended.end(key, flow.family, flow.sampled_s)
        for key, flow in self.users.items():
            with_pods(flow, self.flows.get(key))

    def _flows_of(self, target: Target) -> dict[Key, Flow]:
        """Give where a target belongs: what counts before the pods, unless a person chose its family for all."""
        family = target.dialect.family
        return self.users if target.dialect.scope is Scope.USERS and family is not self.family else self.flows

    def _book_one(self, at_s: int, flow: Flow, target: Target, alike: Alike) -> None:
        """Book a service of one process that is scraped once, as nearly all are."""
        target.chosen = True
        self._judge(flow, target.dialect.family, [target], _alone(target.dialect.family))
        flow.sampled_s, flow.counter_sum = target.sampled_s, target.requests
        young = target.young and not flow.problem and not self._is_old(target)
        flow.new_requests = flow.counter_sum if young else None
        brought = None if flow.problem or target.gains is None else gain_of(target, target.gains)
        flow.push(at_s, brought, (self.window_s, self.step_s), self.points, alike)

    def _book_many(self, at_s: int, flow: Flow, arrived: list[Target], alike: Alike) -> None:
        """Book one service: its best family, and of each process the best scrape."""
        families = best_of_each(arrived)
        family = best_family(families, self.family)
        targets = families[family]
        if len(targets) > 1 and any(target.cut for target in targets):
            flow.cut_s = at_s
        self._judge(flow, family, targets, _kept(tuple(families)))
        flow.sampled_s = max([t.sampled_s for t in targets if t.sampled_s is not None], default=None)
        flow.counter_sum = sum([target.requests for target in targets])
        young = not flow.problem and all(target.young for target in targets)
        flow.new_requests = flow.counter_sum if young and not any(map(self._is_old, targets)) else None
        brought = None if flow.problem else brought_by(targets, families)
        flow.push(at_s, brought, (self.window_s, self.step_s), self.points, alike)

    def _judge(self, flow: Flow, family: Family, targets: list[Target], families: tuple[Family, ...]) -> None:
        """Say which family tells of a service now, and whether what its processes counted may be added up."""
        if flow.family is not family:
            flow.family, flow.latency = family, NO_LATENCY
        flow.families = families
        problem = self.conflicts.problem(family, targets)
        if problem and not flow.problem and self.conflicts.late:
            flow.doubt()
        flow.problem = problem

    def _note_unknown(self, unreadable: Iterable[Target]) -> None:
        """Keep services of which nothing can be read in the books, with the reason."""
        for target in unreadable:
            if target.owner is not None and self._flows_of(target) is self.flows and target.owner not in self.flows:
                flow = self.flows[target.owner] = Flow(target.dialect.family, self._sheet)
                flow.problem = ALL_NAN


@cache
def _alone(family: Family) -> tuple[Family, ...]:
    return _kept((family,))


@cache
def _kept(families: tuple[Family, ...]) -> tuple[Family, ...]:
    """Give the one tuple that all services counted by these families keep."""
    return families

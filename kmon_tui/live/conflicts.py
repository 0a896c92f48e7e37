"""What in one Prometheus must not be added up: series of several clusters, replicas or scrapers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kmon_tui.domain.traffic import Family
from kmon_tui.live.guards import Guards, Several, mixed, several
from kmon_tui.live.target import Target


class Conflicts:
    """Looked for anew at each step."""

    def __init__(self) -> None:
        self.guards: Mapping[Family, frozenset[Guards]] = {}
        """What else Prometheus holds, beyond what is booked."""
        self.doubled: dict[str, Several] = {}
        """By job, what tells apart two series of one target."""
        self.clusters: Mapping[str, Several] = {}
        """By job, under which label that is known by its name alone there are several clusters."""
        self.problems: dict[Family, str] = {}
        """Of families, of which nothing can be told."""
        self._matchers: dict[str, None] = {}

    @property
    def choices(self) -> tuple[str, ...]:
        """Matchers of which one would solve such a problem."""
        return tuple(self._matchers)

    @property
    def late(self) -> bool:
        """Whether something was found out that holds for what was booked before."""
        return bool(self.doubled or self.clusters)

    def look(self, fresh: Iterable[Target]) -> None:
        """Find families whose series come from several clusters or replicas: their sums would mean nothing."""
        guards = {family: set(seen) for family, seen in self.guards.items()}
        for family, seen_now in {(target.dialect.family, target.guards) for target in fresh}:
            guards.setdefault(family, set()).add(seen_now)
        self.problems, self._matchers = {}, {}
        for family, seen in guards.items():
            if found := several(seen):
                self.problems[family] = self._told(found)
        for found in (*self.doubled.values(), *self.clusters.values()):
            self._told(found)

    def problem(self, family: Family, targets: list[Target]) -> str:
        """Say why what these processes of one service counted must not be added up; empty: it may."""
        if not self.problems and len(targets) == 1 and not (self.doubled or self.clusters):
            return ""
        if problem := self.problems.get(family, ""):
            return problem
        if found := mixed({target.guards for target in targets}):
            return self._told(found, f"its series are of several {found.label}s")
        for target in targets if self.doubled or self.clusters else ():
            job = target.labels.get("job", "")
            if found := self.doubled.get(job):
                return self._told(found, "this Prometheus holds each of its targets several times")
            if found := self.clusters.get(job):
                return self._told(found)
        return ""

    def _told(self, found: Several, what: str = "") -> str:
        self._matchers.update(dict.fromkeys(found.matchers))
        return found.words(what)

"""Feeding the ledger: the two questions about all services, now and in the past."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.live import alerts, dialects, selectors
from kmon_tui.live.copies import clusters, copied
from kmon_tui.live.guards import Several, doubled
from kmon_tui.live.introduction import Introduction, scrape_interval
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.levels import Levels, is_gauge
from kmon_tui.live.owners import Owners, face
from kmon_tui.live.parts import BEFORE, COPIES, GAUGE_TIME, IDENTITY_MARK, NOW_UP, PART, PART_MARK
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.live.prometheus_answers import Labelled, Row
from kmon_tui.live.register import Reading
from kmon_tui.live.target import Handle, Target

VALUES_AT_ONCE = 30_000
"""Values of one range answer: decoding them holds the interpreter for some 10 ms."""
MOST_LOOKED_AT, MOST_JOBS = 5000, 3
SOME_READINGS, SOME_TARGETS, MOST_SOME = 300, 4, 40
"""Of so many counters so many targets a job are looked at: whether they are there more than once."""
MOST_WHOLE, WHOLE_S = 6, 600
"""Of so many targets all labels are looked at; what was found out by that is believed for so long."""
MOST_BIRTHS = 200
"""New targets of one tick that are looked at closely."""
FEW = 200
"""Names of more services are not put into a question."""
MOST_VALUES = 300_000
PAST_S, QUESTION_S = 10.0, 1.5
"""So long may all questions about the past take, and one of them: a third of what it is told to give up after."""
LEAST_STEPS = 12

Column: TypeAlias = "tuple[list[Reading], array[float]]"
"""All counters at one step: who counted, and how much."""


class Feeder:
    """Asks for counters and sample times, and books them."""

    def __init__(self, matchers: Matchers) -> None:
        self.matchers = matchers
        self.owners = Owners(())
        self.introduction: Introduction | None = None
        self.levels = Levels()
        self.alerts = alerts.Alerts()
        self._gauge_rows: list[Row] = []
        self._alert_rows: list[Row] = []
        self._edition = 0
        self._faces = array("q")
        """By place, a mark of all that decides whose series are a service's."""
        self._namespaces: frozenset[str] = frozenset()
        self._names: frozenset[str] = frozenset()
        """Of the services, where there are few."""
        self._identity: dict[Handle, list[dict[str, str]]] = {}
        self._rows = 0
        self._step_took_s = 0.0
        """What the counters of one step take Prometheus: most of it may be series that lead nowhere."""
        self._copied: dict[str, tuple[Several, int]] = {}
        self._clusters: dict[tuple[str, str], dict[str, int]] = {}
        """What was found out of labels that nobody knows, and when."""
        self._firsts: dict[Target, int] = {}
        """The first steps of targets that are new in a range."""

    def know(self, services: tuple[InferenceService, ...], edition: int = 0) -> None:
        """Learn which services there are; nothing is done for an edition that is known. They are not kept.

        In a busy fleet each tick has another edition, but what changed is seldom whose series are whose: that would
        have to be worked out anew for every series.
        """
        if edition and edition == self._edition:
            return
        self._edition = edition
        faces = array("q", map(face, services))
        if faces != self._faces:
            self._faces = faces
            self._namespaces = frozenset([isvc.key.namespace for isvc in services])
            self._names = frozenset([isvc.key.name for isvc in services] if len(services) <= FEW else ())
            self.owners = Owners(services)
            self.levels.forget_owners()

    @property
    def rows(self) -> int:
        """How many counters there were when they were last asked for."""
        return self._rows

    @property
    def knows_services(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._namespaces)

    def look(self, api: Api, ledger: Ledger, at_s: int) -> Column:
        """Ask for the counters, gauges and alerts of now; the counters are for ``book_now``."""
        before_s = api.took_s
        rows = api.query(" or ".join(filter(None, (self._counters(), self._gauges(), self._alerts()))), at_s)
        self._step_took_s = max(0.0, api.took_s - before_s)
        readings, rest = ledger.register.readings(rows)
        self._gauge_rows = [row for row in rest if is_gauge(row)]
        self._alert_rows = [row for row in rest if alerts.is_alert(row)]
        if rest:
            apart = {id(row) for row in (*self._gauge_rows, *self._alert_rows)}
            others = [row for row in rest if id(row) not in apart]
            readings, rows = [*readings, *map(ledger.register.reading, others)], [*rows[: len(readings)], *others]
        self._rows = len(rows)
        return readings, array("d", [float(row.value[1]) for row in rows])

    def scrape_interval(self, api: Api, seen: Column, at_s: int) -> float | None:
        """Measure the interval on one series of each job and metric that is ours."""
        some: dict[tuple[str, str], dict[str, str]] = {}
        for reading in seen[0][:MOST_LOOKED_AT]:
            target = reading.target
            name, labels = target.dialect.requests[0], target.labels
            job = (labels.get("job", ""), name)
            if len(some) < MOST_JOBS and job not in some and self.owners.owner(target.dialect.whose(labels)):
                some[job] = {"__name__": name, **target.telling}
        return scrape_interval(api, self.matchers.text, list(some.values()), at_s)

    def catch_up(
        self, api: Api, ledger: Ledger, at_s: int, most_values: int = MOST_VALUES, most_s: float = PAST_S
    ) -> None:
        """Book the steps that were missed, or the past at the start, by range; a few at a time.

        A fleet of many thousands, and one whose questions are slow, begins with a shorter past: all of it would take
        Prometheus and us half a minute.
        """
        step_s = ledger.step_s
        steps = ledger.points + ledger.window_s // step_s
        oldest_s = at_s - max(LEAST_STEPS, min(steps, most_values // max(1, self._rows))) * step_s
        if self._step_took_s:
            in_time = max(ledger.window_s // step_s + 1, int(min(most_s / (2 * self._step_took_s), steps)))
            oldest_s = max(oldest_s, at_s - in_time * step_s)
        start_s = oldest_s if ledger.at_s is None else max(oldest_s, ledger.at_s + step_s)
        at_once = self._at_once() if self._rows else 4
        while start_s < at_s:
            end_s = min(start_s + (at_once - 1) * step_s, at_s - step_s)
            self._book_range(api, ledger, start_s, end_s)
            at_once = self._at_once()
            start_s = end_s + step_s

    def _at_once(self) -> int:
        """Give how many steps one question may be about: no answer so long, and no server at work for so long."""
        few = VALUES_AT_ONCE // max(1, self._rows)
        if self._step_took_s:
            few = min(few, int(QUESTION_S / self._step_took_s))
        return max(1, few)

    def book_now(self, api: Api, ledger: Ledger, at_s: int, seen: Column, about: Key | None = None) -> None:
        """Book the newest step, whose counters were asked for. ``about``: whose labels are looked at in any case."""
        # Large answers are gone before the next question is asked: the most that is held at once is never given back.
        readings, values = seen
        gauges_s: dict[str, float] = {}
        self._identity = {}
        new = list({id(r.target): r.target for r in readings if r.target.at_s < 0}.values())
        up: dict[str, list[dict[str, str]]] = {BEFORE: [], NOW_UP: []}
        whole: list[tuple[Mapping[str, str], float]] = []
        sampled, rest = _times(ledger, api.query(self._sampled_with(seen, new, ledger.at_s, at_s, about), at_s))
        for row in rest:
            at, metric = float(row.value[1]), row.metric if PART_MARK in row.text else {}
            part = metric.get(PART, "")
            if part.startswith(GAUGE_TIME):
                gauges_s[part.removeprefix(GAUGE_TIME)] = at
            elif part in (BEFORE, NOW_UP):
                up[part] += [metric] if part == NOW_UP or at == 1 else []
            elif part == COPIES:
                whole.append((metric, at))
            elif not part:
                handle = ledger.register.handle(row)
                self._identify(row, handle, at)
                sampled[handle] = max(sampled.get(handle, 0.0), at)
        self._tell(ledger)
        self._find_copies(ledger, whole, at_s)
        ledger.conflicts.doubled |= doubled(up[NOW_UP])
        places = {(metric.get("job", ""), metric.get("instance", "")) for metric in up[BEFORE]}
        for target in new:
            if (target.labels.get("job", ""), target.labels.get("instance", "")) in places:
                target.zero_s = ledger.at_s
        ledger.ingest(at_s, readings, values, sampled)
        ledger.forget()
        self.levels.take(self._gauge_rows, self.owners.owner, gauges_s)
        self.alerts.take(api, self._alert_rows, self.owners.owner)
        self._gauge_rows, self._alert_rows = [], []

    def ask_alerts(self, api: Api) -> None:
        """Ask for alerts alone, while there is nothing else: that may be what they say."""
        self.alerts.take(api, api.query(self._alerts()) if self.knows_services else (), self.owners.owner)

    def _find_copies(self, ledger: Ledger, whole: Sequence[tuple[Mapping[str, str], float]], at_s: int) -> None:
        """Keep what whole series tell: others are looked at in the next tick, and nothing must come and go by that."""
        for job, several in copied(whole).items():
            self._copied[job] = (several, at_s)
        for found, values in clusters(whole).items():
            self._clusters.setdefault(found, {}).update(dict.fromkeys(values, at_s))
        since_s = at_s - WHOLE_S
        ledger.conflicts.doubled = {job: one for job, (one, told_s) in self._copied.items() if told_s >= since_s}
        told = {of: sorted(v for v, told_s in at.items() if told_s >= since_s) for of, at in self._clusters.items()}
        ledger.conflicts.clusters = {
            job: Several(label, tuple(values)) for (job, label), values in told.items() if len(values) > 1
        }

    def _sampled_with(
        self, seen: Column, new: Sequence[Target], before_s: int | None, at_s: int, about: Key | None
    ) -> str:
        """Ask when all were sampled; of targets that are new also whether they were scraped a step ago.

        All that a counter shows came since then, if its target was. Of some it is asked how often they are there.
        """
        few = 0 < len(new) <= MOST_BIRTHS and before_s is not None
        ago_s = at_s - (before_s or 0) if few else 0
        born = [target.labels for target in new] if few else ()
        some = self._some(seen, at_s)
        more = dialects.newcomers(self.matchers.text, ago_s, born, some)
        assert self.introduction is not None
        own = [reading.target for reading in seen[0] if about is not None and reading.target.owner == about]
        first = list({id(target): target.labels for target in own}.values())[: MOST_WHOLE // 2]
        whole = dialects.whole(self.introduction.families, self.matchers.text, (first + some[::-1])[:MOST_WHOLE])
        return " or ".join(filter(None, (self._sampled(now=True), more, whole)))

    def _some(self, seen: Column, at_s: int) -> list[dict[str, str]]:
        """Give a few targets of each job, others at each tick."""
        readings = seen[0]
        first = at_s % len(readings) if len(readings) > SOME_READINGS else 0
        found: dict[str, dict[str, dict[str, str]]] = {}
        for reading in readings[first : first + SOME_READINGS]:
            labels = reading.target.labels
            of_job = found.setdefault(labels.get("job", ""), {})
            if len(of_job) < SOME_TARGETS and labels.get("instance") and reading.target.owner is not None:
                of_job[labels["instance"]] = labels
        return [labels for of_job in found.values() for labels in of_job.values()][:MOST_SOME]

    def _book_range(self, api: Api, ledger: Ledger, start_s: int, end_s: int) -> None:
        sampled: dict[int, dict[Handle, float]] = {}
        for track in api.query_range(self._sampled(), start_s, end_s, ledger.step_s):
            handle = ledger.register.handle(track)
            values = track.values
            self._identify(track, handle, float(values[-1][1]))
            for at, text in values:
                times = sampled.setdefault(round(at), {})
                times[handle] = max(times.get(handle, 0.0), float(text))
        self._tell(ledger)
        rows, self._rows = self._rows_by_step(api, ledger, start_s, end_s)
        self._find_past_births(api, ledger.step_s)
        for step_s in range(start_s, end_s + 1, ledger.step_s):
            readings, counts = rows.pop(step_s, ([], array("d")))
            ledger.ingest(step_s, readings, counts, sampled.pop(step_s, {}))

    def _rows_by_step(self, api: Api, ledger: Ledger, start_s: int, end_s: int) -> tuple[dict[int, Column], int]:
        """Ask for the counters of some steps; give them by step, and how many series there were, at least one."""
        rows: dict[int, Column] = {}
        tracks = api.query_range(self._counters(), start_s, end_s, ledger.step_s)
        self._firsts = {}
        for track in tracks:
            reading, samples = ledger.register.reading(track), track.values
            if reading.target.at_s < 0 and samples:
                self._firsts[reading.target] = min(round(samples[0][0]), self._firsts.get(reading.target, end_s))
            for at, text in samples:
                readings, values = rows.setdefault(round(at), ([], array("d")))
                readings.append(reading)
                values.append(float(text))
        if ledger.at_s is None:
            # What was there at the very first step may have been there for hours.
            self._firsts = {target: first_s for target, first_s in self._firsts.items() if first_s > start_s}
        return rows, max(len(tracks), 1)

    def _find_past_births(self, api: Api, step_s: int) -> None:
        """Look whether targets that are new in a range were scraped a step before their first series."""
        firsts, self._firsts = self._firsts, {}
        if not 0 < len(firsts) <= MOST_BIRTHS:
            return
        question = dialects.scraped(self.matchers.text, [target.labels for target in firsts])
        if not question:
            return
        before = {target: first_s - step_s for target, first_s in firsts.items()}
        up: set[tuple[str, str, int]] = set()
        for track in api.query_range(question, min(before.values()), max(before.values()), step_s):
            job, instance = track.metric.get("job", ""), track.metric.get("instance", "")
            up.update((job, instance, round(at)) for at, text in track.values if text == "1")
        for target, before_s in before.items():
            if (target.labels.get("job", ""), target.labels.get("instance", ""), before_s) in up:
                target.zero_s = before_s

    def _tell(self, ledger: Ledger) -> None:
        assert self.introduction is not None
        ledger.know(self.owners, self._identity)
        ledger.conflicts.guards = self.introduction.guards

    def _identify(self, series: Labelled, handle: Handle, at: float) -> None:
        """Note what target_info says of a target; only the newest counts, since an address finds a new owner."""
        if IDENTITY_MARK not in series.text:
            return
        told = self._identity.setdefault(handle, [])
        newest = max((float(one["at"]) for one in told), default=-math.inf)
        if at > newest:
            told.clear()
        if at >= newest:
            told.append({**series.metric, "at": str(at)})

    @property
    def _asked_for(self) -> frozenset[str]:
        """The namespaces that go into a question; none where series may be of one and say another."""
        assert self.introduction is not None
        return frozenset() if self.introduction.exported else self._namespaces

    def _counters(self) -> str:
        assert self.introduction is not None
        known = self.introduction
        return dialects.counters(known.families, self.matchers.text, self._asked_for, self._names, known.native)

    def _gauges(self) -> str:
        assert self.introduction is not None
        return dialects.gauges(self.introduction.gauges, self.matchers.text, self._namespaces)

    def _alerts(self) -> str:
        only = selectors.in_namespaces("namespace", self._namespaces).lstrip(",")
        return alerts.question(",".join(filter(None, (only, self.matchers.text))))

    def _sampled(self, *, now: bool = False) -> str:
        assert self.introduction is not None
        known = self.introduction
        of, gauges = self._asked_for, known.gauges if now else ()
        return dialects.sampled(known.families, gauges, self.matchers.text, of, self._names, known.native)


def _times(ledger: Ledger, rows: Sequence[Row]) -> tuple[dict[Handle, float], Sequence[Row]]:
    """Give when processes were sampled, and the rows that are to be looked at one by one."""
    handles, rest = ledger.register.handles(rows)
    times = [float(row.value[1]) for row in rows[: len(handles)]]
    sampled = dict(zip(handles, times, strict=True))
    if len(sampled) < len(handles):
        for handle, at_s in zip(handles, times, strict=True):
            sampled[handle] = max(sampled[handle], at_s)
    return sampled, rest

"""Getting to know a Prometheus: what it is, how its clock goes, what it holds and how often it scrapes."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound, TimedOut, Unauthorized
from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live import dialects, natives, unreadable
from kmon_tui.live.guards import Guards, guards_of
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.gauges import GAUGES, Gauges
from kmon_tui.live.parts import CLOCK, EXPORTED, PART, UNREAD
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.live.prometheus_answers import Row, Track

REFRESH_S = 300
"""What a Prometheus holds is looked at anew so often."""
UNKNOWN_SCRAPE_S = 15.0
NOTED_SKEW_S = 30.0
"""Clocks that differ by less are not spoken of."""
_NEWEST = 4
"""Samples that are looked at: of the three intervals between them one may be that of a missed scrape."""
LOOK_BACK_S = 900
"""Where nothing is counted now, it is looked whether anything was in this time."""
LONGEST_WAY_S = 0.5
"""To Prometheus and back; what a question takes beyond that is work on it."""
REFUSED_FOR_S = 3600
"""What callers saw is not asked for so long after a question with it failed."""
_JOB = re.compile(r"^-\s+job_name:\s*(\S+)[^\n]*\n(?:[ \t][^\n]*\n)*?  scrape_interval:\s*(\S+)", re.MULTILINE)
"""A job of a configuration; a line of it fits in one way only, or the search in a job without it would never end."""
NO_GUARDS: Guards = guards_of({})
MOST_SERIES = 100_000
"""A family in front of the pods that has more series is left out."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What one Prometheus is like."""

    families: tuple[Family, ...]
    """Best first."""
    guards: Mapping[Family, frozenset[Guards]]
    """Which clusters and replicas the series of each family come from, those of strangers included."""
    skew_s: float
    """Its clock minus ours."""
    version: str = ""
    retention: str = ""
    gauges: tuple[Gauges, ...] = ()
    """Those that have series now."""
    notes: tuple[str, ...] = ()
    """What is left out, and why."""
    native: frozenset[str] = natives.NONE
    """Histograms that are there in one series each, by the name of that."""
    exported: bool = False
    """Whether some series have another namespace than their own where it is usually told, as behind a federation."""

    @property
    def words(self) -> tuple[str, ...]:
        """What a person should know of it: what is left out, and that its clock is another one."""
        off_s = abs(self.skew_s)
        if off_s < NOTED_SKEW_S:
            return self.notes
        much = f"{off_s:.0f} s" if off_s < 120 else f"{off_s / 60:.0f} min"
        where = "ahead of" if self.skew_s > 0 else "behind"
        return (f"its clock is {much} {where} this machine's: ages are right, times are its own", *self.notes)


class Front:
    """Whether what is counted before the pods may be asked for: a mesh may have more series than a server bears."""

    def __init__(self) -> None:
        self._refused = ""
        self._until_s = 0.0

    def asked(self, now_s: float) -> bool:
        """Whether it is asked for now."""
        return now_s >= self._until_s

    def refuse(self, words: str, now_s: float) -> None:
        """A question with it failed: go on without it for a while."""
        self._refused, self._until_s = words, now_s + REFUSED_FOR_S

    def allow(self) -> None:
        """Ask for it again."""
        self._until_s = 0.0

    def notes(self, now_s: float) -> tuple[str, ...]:
        """Say why it is not known."""
        return () if self.asked(now_s) else (f"what callers saw is not known: {self._refused}",)


def introduce(
    api: Api,
    matchers: str,
    known: Introduction | None = None,
    front: Front | None = None,
    now: Callable[[], float] = time.time,
) -> Introduction:
    """Ask what it is and which families it has: one question. Raises BackendError when it is no Prometheus.

    Where the question fails with what is counted before the pods in it, the next one is without that: at once, if
    another one may be asked.
    """
    front = front or Front()
    if front.asked(now()):
        try:
            return _introduced(api, matchers, known, front, tuple(Scope), now)
        except (BadAnswer, TimedOut) as error:
            front.refuse(error.message, now())
            if api.turn.over or not api.left:
                raise
    try:
        return _introduced(api, matchers, known, front, (Scope.PODS,), now)
    except BackendError:
        front.allow()  # it is not what was asked
        raise


def _introduced(
    api: Api,
    matchers: str,
    known: Introduction | None,
    front: Front,
    scopes: tuple[Scope, ...],
    now: Callable[[], float],
) -> Introduction:
    # Before the first query: its answer tells how VictoriaMetrics must be asked.
    version = known.version if known else _text(api, "status/buildinfo", "version")
    before_s = now()
    rows = api.query(dialects.probe(matchers, scopes))
    after_s = now()
    parts = {part: [row for row in rows if row.metric.get(PART) == part] for part in (EXPORTED, UNREAD, CLOCK)}
    counted = [row for row in rows if row.metric.get(PART) not in parts]
    guards, notes = not_too_many(counted)
    # Other programs have histograms of the same name.
    foreign = natives.COUNTED - {natives.base_of(row.metric["__name__"]) for row in counted}
    odd = {row.metric["__name__"] for row in parts[UNREAD]} - foreign
    pods = {name for dialect in DIALECTS.values() if dialect.scope is Scope.PODS for name in dialect.requests}
    if not guards.keys() & pods:
        # The only model may have been scaled to zero, or its target may have died: then its past tells.
        guards |= {
            name: {NO_GUARDS}
            for name in _counted_lately(api, matchers, after_s + skew_of(parts[CLOCK], before_s, after_s))
        }
    found = {
        family: frozenset(one for name in dialect.requests for one in guards.get(name, ()))
        for family, dialect in DIALECTS.items()
    }
    return Introduction(
        families=tuple(family for family, seen in found.items() if seen),
        guards=found,
        skew_s=skew_of(parts[CLOCK], before_s, after_s),
        version="VictoriaMetrics" if api.is_victoria else version,
        retention=known.retention if known else _text(api, "status/runtimeinfo", "storageRetention"),
        gauges=tuple(pack for pack in GAUGES if any(name in guards for name in pack.levels)),
        notes=(*notes, *unreadable.words(odd), *front.notes(after_s)),
        native=frozenset(odd.intersection(natives.NAMES)),
        exported=bool(parts[EXPORTED]),
    )


def nothing_counted(matchers: Matchers) -> str:
    """Say that there is no family at all, and what may be the reason."""
    if matchers.text:
        return f"this Prometheus has no request metrics of models with {matchers.text}: are the matchers right?"
    return "this Prometheus has no request metrics of models: does it scrape them?"


def not_too_many(rows: Iterable[Row], most_series: int = MOST_SERIES) -> tuple[dict[str, set[Guards]], tuple[str, ...]]:
    """Give whose series there are by metric. A mesh may have more of them than anybody can be asked each tick."""
    front = {name for dialect in DIALECTS.values() if dialect.scope is Scope.USERS for name in dialect.requests}
    found: dict[str, set[Guards]] = {}
    counts: dict[str, float] = {}
    for row in rows:
        metric = row.metric
        name = metric["__name__"]
        found.setdefault(name, set()).add(guards_of(metric))
        counts[name] = counts.get(name, 0.0) + float(row.value[1])
    large = {name for name in front if counts.get(name, 0.0) > most_series}
    notes = tuple(f"{name} has {counts[name]:,.0f} series: too many to be asked each tick" for name in sorted(large))
    return {name: seen for name, seen in found.items() if name not in large}, notes


def _counted_lately(api: Api, matchers: str, now_s: float) -> list[str]:
    """Ask the index which metrics of pods had samples lately; none where the server has no index."""
    selectors = [quote(one) for one in dialects.probed(matchers)]
    path = (
        f"label/__name__/values?match[]={'&match[]='.join(selectors)}&start={now_s - LOOK_BACK_S:.0f}&end={now_s:.0f}"
    )
    try:
        names = api.read(path)
    except (NotFound, BadAnswer, Forbidden):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def scrape_interval(api: Api, matchers: str, metrics: Collection[Mapping[str, str]], at_s: int) -> float | None:
    """Measure the seconds between two samples of these series (with ``__name__``), the slowest; None: none yet.

    By range, because that is answered also by servers that refuse raw samples, and because a tick has few questions.
    """
    if not metrics:
        return None
    question = dialects.sample_times(matchers, metrics)
    try:
        return _slowest(api.query_range(question, at_s - LOOK_BACK_S, at_s, 1))
    except (BadAnswer, Forbidden, NotFound, TimedOut):
        return None  # a target may have so many series that this takes too long, and nothing else does


def _slowest(tracks: Iterable[Track]) -> float | None:
    """Give the slowest interval of the newest samples: it may have been another one some minutes ago."""
    medians = []
    for track in tracks:
        times = sorted({float(text) for _, text in track.values})[-_NEWEST:]
        if len(times) > 1:
            medians.append(statistics.median(b - a for a, b in pairwise(times)))
    return max(1.0, round(max(medians), 1)) if medians else None


def skew_of(rows: Sequence[Row], before_s: float, after_s: float) -> float:
    """Compare the clocks. Prometheus looks at its own when the question arrives, however long it works on it then."""
    arrived_s = before_s + min(after_s - before_s, LONGEST_WAY_S) / 2
    return float(rows[0].value[1]) - arrived_s if rows else 0.0


def _text(api: Api, path: str, name: str) -> str:
    """Read one text of the status pages, which many compatible servers do not have."""
    try:
        found = api.read(path)
    except (NotFound, BadAnswer, Forbidden, Unauthorized):
        return ""
    return str(found.get(name, "")) if isinstance(found, dict) else ""


def configured_interval(api: Api) -> float | None:
    """Read the global interval from the configuration, which Thanos and Mimir do not show."""
    config = _text(api, "status/config", "yaml")
    match = re.search(r"^\s*scrape_interval:\s*(\S+)", config, re.MULTILINE)
    return duration_s(match[1]) if match else None


def configured_of(api: Api, jobs: Collection[str]) -> float | None:
    """Read the longest interval of these jobs from the configuration: there it is at once, while samples come late."""
    config = _text(api, "status/config", "yaml")
    found = [duration_s(match[2]) for match in _JOB.finditer(config) if match[1].strip("\"'") in jobs]
    return max((one for one in found if one is not None), default=None)


def duration_s(text: str) -> float | None:
    """Read a duration as Prometheus writes it: ``1m30s``."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    parts = re.findall(r"(\d+)(ms|[smhd])", text)
    return sum(int(number) * units[unit] for number, unit in parts) if parts else None

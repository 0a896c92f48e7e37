"""Getting to know a Prometheus: what it is, how its clock goes, what it holds and how often it scrapes."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound, Unauthorized
from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live import dialects
from kmon_tui.live.dialects import EXPORTED, PART, Guards, guards_of
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.gauges import GAUGES, Gauges
from kmon_tui.live.prometheus import Api
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.live.prometheus_answers import Row

REFRESH_S = 300
"""What a Prometheus holds is looked at anew so often."""
UNKNOWN_SCRAPE_S = 15.0
NOTED_SKEW_S = 30.0
"""Clocks that differ by less are not spoken of."""
_NEWEST = 4
"""Samples that are looked at: of the three intervals between them one may be that of a missed scrape."""
LOOK_BACK_S = 900
"""Where nothing is counted now, it is looked whether anything was in this time."""
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


def introduce(api: Api, matchers: str, known: Introduction | None = None) -> Introduction:
    """Ask what it is and which families it has. Raises BackendError when it is no Prometheus."""
    asking = introducing(api, matchers, known)
    while True:
        try:
            next(asking)
        except StopIteration as end:
            found: Introduction = end.value
            return found


def introducing(api: Api, matchers: str, known: Introduction | None = None) -> Generator[None, None, Introduction]:
    """Do the same with a pause before each question but the first, for those who may not ask all of them at once."""
    rows = api.query(dialects.probe(matchers))
    exported = any(row.metric.get(PART) == EXPORTED for row in rows)
    guards = _guards(row for row in rows if row.metric.get(PART) != EXPORTED)
    if not guards:
        # The only model may have been scaled to zero, or its target may have died: then its past tells.
        guards = {name: {NO_GUARDS} for name in _counted_lately(api, matchers)}
    yield
    front, notes = in_front(api, matchers)
    guards |= front
    yield
    found = {
        family: frozenset(one for name in dialect.requests for one in guards.get(name, ()))
        for family, dialect in DIALECTS.items()
    }
    return Introduction(
        families=tuple(family for family, seen in found.items() if seen),
        guards=found,
        skew_s=_skew(api),
        version=known.version if known else _text(api, "status/buildinfo", "version"),
        retention=known.retention if known else _text(api, "status/runtimeinfo", "storageRetention"),
        gauges=tuple(pack for pack in GAUGES if any(name in guards for name in pack.levels)),
        notes=notes,
        exported=exported,
    )


def nothing_counted(matchers: Matchers) -> str:
    """Say that there is no family at all, and what may be the reason."""
    if matchers.text:
        return f"this Prometheus has no request metrics of models with {matchers.text}: are the matchers right?"
    return "this Prometheus has no request metrics of models: does it scrape them?"


def _guards(rows: Iterable[Row]) -> dict[str, set[Guards]]:
    found: dict[str, set[Guards]] = {}
    for row in rows:
        metric = row.metric
        found.setdefault(metric["__name__"], set()).add(guards_of(metric))
    return found


def in_front(api: Api, matchers: str, most_series: int = MOST_SERIES) -> tuple[dict[str, set[Guards]], tuple[str, ...]]:
    """Ask for what is counted before the pods. A mesh may have more series than anybody can be asked each tick."""
    try:
        rows = api.query(dialects.probe(matchers, Scope.USERS))
    except BackendError as error:
        return {}, (f"what callers saw is not known: {error.message}",)
    counts: dict[str, float] = {}
    for row in rows:
        name = row.metric["__name__"]
        counts[name] = counts.get(name, 0.0) + float(row.value[1])
    large = {name for name, count in counts.items() if count > most_series}
    notes = tuple(f"{name} has {counts[name]:,.0f} series: too many to be asked each tick" for name in sorted(large))
    return {name: seen for name, seen in _guards(rows).items() if name not in large}, notes


def _counted_lately(api: Api, matchers: str) -> list[str]:
    """Ask the index which metrics of pods had samples lately; none where the server has no index."""
    now_s = time.time()
    selectors = [quote(one) for one in dialects.probed(matchers)]
    path = (
        f"label/__name__/values?match[]={'&match[]='.join(selectors)}&start={now_s - LOOK_BACK_S:.0f}&end={now_s:.0f}"
    )
    try:
        names = api.read(path)
    except (NotFound, BadAnswer, Forbidden):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def scrape_interval(api: Api, matchers: str, metrics: Collection[Mapping[str, str]], at_s: float) -> float | None:
    """Measure the seconds between two samples of these series (with ``__name__``), the slowest; None: none yet."""
    rows: list[Row] = []
    for metric in metrics:
        chosen = ",".join(f"{k}={dialects.quoted(v)}" for k, v in metric.items() if k != "__name__")
        selector = f"{metric['__name__']}{{{chosen}{',' if matchers else ''}{matchers}}}"
        rows += api.query(f"{selector}[15m]", at_s)[:5]
    return _slowest(rows)


def interval_again(api: Api, matchers: str, metrics: Sequence[Mapping[str, str]], at_s: float) -> float | None:
    """Measure the same with one question."""
    if not metrics:
        return None
    names = sorted({name for metric in metrics for name in metric})
    chosen = ",".join(f"{name}=~{dialects.quoted_choice({one.get(name, '') for one in metrics})}" for name in names)
    return _slowest(api.query(f"{{{chosen}{',' if matchers else ''}{matchers}}}[15m]", at_s))


def _slowest(rows: Iterable[Row]) -> float | None:
    """Give the slowest interval of the newest samples: it may have been another one some minutes ago."""
    medians = []
    for row in rows:
        times = [at for at, _ in row.values][-_NEWEST:]
        if len(times) > 1:
            medians.append(statistics.median(b - a for a, b in pairwise(times)))
    return max(1.0, round(max(medians), 1)) if medians else None


def _skew(api: Api) -> float:
    """Compare the clocks in the middle of one question."""
    before = time.time()
    rows = api.query("vector(time())")
    after = time.time()
    return float(rows[0].value[1]) - (before + after) / 2 if rows else 0.0


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


def duration_s(text: str) -> float | None:
    """Read a duration as Prometheus writes it: ``1m30s``."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    parts = re.findall(r"(\d+)(ms|[smhd])", text)
    return sum(int(number) * units[unit] for number, unit in parts) if parts else None

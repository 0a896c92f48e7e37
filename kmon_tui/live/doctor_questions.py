"""What the doctor asks about series: all of it as one instant query, since a tick leaves few. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from kmon_tui.domain.doctor.facts import PodFacts, Suspects
from kmon_tui.domain.service import InferenceService
from kmon_tui.domain.traffic import Scope
from kmon_tui.live import dialects, natives
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import NAMES, TARGET, also
from kmon_tui.live.parts import CLOCK, PART
from kmon_tui.live.prometheus_answers import Row
from kmon_tui.live.selectors import quoted, quoted_choice

OUR_JOBS = "kserve-.*"
MOST_PODS = 20
FAMILIES, FRONT = "families", "families of callers"
COUNTS, TARGETS, SERIES, BOUNDS = "targets of our jobs", "targets", "series", "bounds"
"""PART of each, and of CLOCK."""
FRESH_S = 90
"""Whoever scrapes our jobs, every 15 s as they say it or once a minute, has newer samples than that."""
_APART = ((CLOCK, COUNTS, TARGETS), (FAMILIES, SERIES, BOUNDS), (FRONT,))
"""What is asked together where all at once is refused: the cheap ones first, what a mesh has many of last."""

Questions = Mapping[str, str]
"""By PART."""


def questions(matchers: str, suspects: Suspects) -> Questions:
    """Give what is to be asked; of a Prometheus whose families are known neither these nor the time."""
    found = {} if suspects.families is not None else _about_itself(matchers)
    places = of_pods(suspects.pods)
    found[COUNTS] = f"count by (job) ({_our_targets(matchers)})"
    targets = [f"up{{{where}{also(matchers)}}}" for where in places]
    found[TARGETS] = " or ".join(targets) or f"(up{{job=~{quoted(OUR_JOBS)}{also(matchers)}}} == 0)"
    if suspects.isvc is not None:
        found[SERIES] = _series(matchers, suspects.isvc, places)
        if places:
            found[BOUNDS] = _bounds(matchers, places)
    return found


def fresh_counts(matchers: str) -> str:
    """Ask for COUNTS without jobs that were taken away: a query finds the last samples of those for five minutes."""
    return f"count by (job) (count_over_time({_our_targets(matchers)}[{FRESH_S}s]))"


def _our_targets(matchers: str) -> str:
    return f"up{{job=~{quoted(OUR_JOBS)}{also(matchers)}}}"


def at_once(asked: Questions) -> str:
    """Make one question of all of them."""
    return " or ".join(f'label_replace(({question}), "{PART}", "{part}", "", "")' for part, question in asked.items())


def apart(asked: Questions) -> Sequence[Questions]:
    """Give them in few groups, each a question that may be refused alone."""
    groups = ({part: asked[part] for part in group if part in asked} for group in _APART)
    return [group for group in groups if group]


def by_part(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Sort rows of an answer by what they answer."""

    def part(row: Row) -> str:
        return row.metric.get(PART, "")

    return {of: list(some) for of, some in groupby(sorted(rows, key=part), key=part)}


def families_of(rows: Iterable[Row], scope: Scope) -> tuple[str, ...]:
    """Give the families that are there."""
    there = {row.metric.get("__name__", "") for row in rows}
    ours = {family: dialect for family, dialect in DIALECTS.items() if dialect.scope is scope}
    return tuple(str(family) for family, dialect in ours.items() if there & set(dialect.requests))


def of_pods(pods: tuple[PodFacts, ...]) -> list[str]:
    """Give matchers for the targets of these pods: by a label with their name, and by their address."""
    some = [pod for pod in pods if pod.phase == "Running"][:MOST_PODS]
    names = {pod.name for pod in some}
    addresses = "|".join(sorted(re.escape(f"[{pod.ip}]" if ":" in pod.ip else pod.ip) for pod in some if pod.ip))
    found = [f"{label}=~{quoted_choice(names)}" for label in ("pod", "kubernetes_pod_name") if names]
    if addresses:
        found.append(f"instance=~{quoted(f'({addresses}):[0-9]+')}")
    return found


def _about_itself(matchers: str) -> dict[str, str]:
    return {
        CLOCK: "vector(time())",
        FAMILIES: dialects.present(matchers, Scope.PODS),
        FRONT: dialects.present(matchers, Scope.USERS),
    }


def _series(matchers: str, isvc: InferenceService, of: Iterable[str]) -> str:
    """Ask for the counters that its pods or its name lead to, and whether their labels lead back to it."""
    pods = [dialect for dialect in DIALECTS.values() if dialect.scope is Scope.PODS]
    names = {name for dialect in pods for name in (*dialect.requests, *natives.counted(dialect))}
    counters = "|".join(sorted(names))
    by = ", ".join(("__name__", *TARGET, *NAMES))
    name = re.escape(isvc.key.name)
    places = [*of, f"service_name=~{quoted(f'{name}(-(predictor|transformer|explainer)(-default)?)?')}"]
    parts = (f'count by ({by}) ({{__name__=~"({counters}|target_info)",{where}{also(matchers)}}})' for where in places)
    return " or ".join(parts)


def _bounds(matchers: str, of: Iterable[str]) -> str:
    """Ask where the histograms of its pods end."""
    names = "|".join(sorted({dialect.latency.series for dialect in DIALECTS.values() if dialect.latency}))
    return " or ".join(f'count by (__name__, le) ({{__name__=~"{names}",{where}{also(matchers)}}})' for where in of)

"""What Prometheus' raw samples say of a pod of each family, worked out without the program."""

from __future__ import annotations

import json
import math
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kmon_tui.domain.quantile import quantile
from kmon_tui.domain.traffic import Family
from tests.e2e.family_cases import CASES, Case
from tests.e2e.family_pods import FamilyPod

WINDOW_S = 60


def raw(url: str, selector: str, pod: FamilyPod, family: Family, at_s: float) -> list[dict[str, Any]]:
    """Give the raw samples of a selector, of the scrape job that the family belongs to."""
    job = "kserve-metrics" if family is Family.ALIAS else "kserve-model-metrics"
    name, _, matchers = selector.partition("{")
    own = f'job="{job}",service_name="{pod.name}"'
    return samples(url, f"{name}{{{own}{',' if matchers else ''}{matchers.rstrip('}')}}}", at_s)


def samples(url: str, selector: str, at_s: float) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": f"{selector}[{WINDOW_S + 300}s]", "time": at_s})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:
        return list(json.load(answer)["data"]["result"])


def gained(series: list[list[Any]], end_s: float) -> float:
    """Increase since a moment, from raw samples; from the first one when it is younger."""
    values = [(float(at), float(value)) for at, value in series]
    before = [value for at, value in values if at <= end_s - WINDOW_S] or [values[0][1]]
    return values[-1][1] - before[-1]


def slope(series: list[list[Any]]) -> float:
    """Increase per second in the window, from the first and the last raw sample in it."""
    young = [(float(at), float(value)) for at, value in series if at > series[-1][0] - WINDOW_S]
    (first_s, first), (last_s, last) = young[0], young[-1]
    return (last - first) / (last_s - first_s)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a screen should show of a service, worked out from the raw samples."""

    per_s: float
    failed_percent: float
    quantiles_ms: tuple[tuple[float, float], ...]
    """Each a little lower and a little higher: a rank that falls on a bound is in either of two buckets."""
    top_ms: float
    """The last finite bound."""


def lent(case: Case) -> Case:
    """Give the case whose failures are shown: the alias of the SDK has none, so that the SDK's own are told there."""
    own = [one for one in CASES if one.pod is case.pod and one.family is Family.SDK]
    return own[0] if own else case


def drawable(url: str, case: Case) -> Truth:
    """Work out anew what there is to draw; the pages grow evenly, so that it is the same at each moment."""
    end_s = time.time() - 2
    found = [one for name in case.requests for one in raw(url, name, case.pod, case.family, end_s)]
    errors = lent(case)
    base = sum_of(url, errors.base or errors.requests, errors, end_s)
    bounds, own = counts(url, case, end_s) if case.buckets else ([], [])

    def at(q: float) -> float:
        return (quantile(q, bounds, own) or 0.0) * case.to_ms

    return Truth(
        sum(slope(one["values"]) for one in found),
        100 * sum_of(url, errors.failed or (), errors, end_s) / base,
        tuple((at(q - 0.004), at(q + 0.004)) for q in (0.5, 0.9, 0.99)),
        bounds[-2] * case.to_ms if bounds else math.inf,
    )


def sum_of(url: str, selectors: tuple[str, ...], case: Case, end_s: float) -> float:
    """Increase of all series of some selectors; those with a minus are taken away."""
    total = 0.0
    for selector in selectors:
        sign = -1.0 if selector.startswith("-") else 1.0
        found = raw(url, selector.lstrip("-"), case.pod, case.family, end_s)
        total += sign * sum(gained(one["values"], end_s) for one in found)
    return total


def counts(url: str, case: Case, end_s: float) -> tuple[list[float], list[float]]:
    """Give bounds, ascending, and how many requests fell below each but not below the one before."""
    cumulative: dict[float, float] = {}
    for one in raw(url, case.buckets, case.pod, case.family, end_s):
        le = float(one["metric"]["le"])
        cumulative[le] = cumulative.get(le, 0.0) + gained(one["values"], end_s)
    bounds = sorted(cumulative)
    return bounds, [b - a for a, b in pairwise([0.0, *(cumulative[bound] for bound in bounds)])]

"""Answers about buckets, added up: how much of some services fell below each bound in the rate window."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from kmon_tui.domain.quantile import parse_le
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family
from kmon_tui.live import natives
from kmon_tui.live.looks import Place
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.parts import FIRST_TOKEN, NEW, NEXT_TOKEN, PART
from kmon_tui.live.prometheus_answers import Row
from kmon_tui.live.target import Target

Sums = Mapping[str, Mapping[Key, Mapping[float, float]]]
"""Cumulative counts by bound of each service, by PART of the question."""

_PLACES = dict.fromkeys(name for dialect in DIALECTS.values() for name in dialect.place_labels)
_LABELS = msgspec.json.Decoder(
    # Not a dict: of the 1,500 rows of a screen that would take twice the time.
    msgspec.defstruct("Labels", [(name, str, "") for name in (PART, "le", *_PLACES)], gc=False)
)


class _Meant(NamedTuple):
    """What a value of PART says."""

    part: str
    family: Family
    of_new: bool
    """Whether all is meant that a new target ever counted."""
    place: Callable[[Any], Place]


def is_new(target: Target, since_s: float) -> bool:
    """Whether all that it counted came since then."""
    return target.zero_s is not None and target.zero_s >= since_s


def sums_by_part(
    asked: Mapping[Family, Mapping[Place, tuple[Key, Target]]], rows: Iterable[Row], since_s: float
) -> Sums:
    """Add up cumulative buckets of the targets of each service; two spellings of one bound are one bucket.

    Of a new target it is the larger one of what it gained and all it counted: it may have restarted since.
    """
    by_place: dict[tuple[str, Place], tuple[Key, dict[float, float]]] = {}
    for row in rows:
        labels: Any = _LABELS.decode(row.raw)
        meant = _meant(labels.kmon_part)
        if meant is None:
            continue
        part, family, of_new, place = meant
        where = place(labels)
        found = asked[family].get(where)
        if found is None or (of_new and not is_new(found[1], since_s)):
            continue
        if (part, where) not in by_place:
            by_place[part, where] = (found[0], {})
        bounds = by_place[part, where][1]
        for le, value in _bounds_of(row, labels.le, family, part):
            if math.isfinite(value):
                bounds[le] = max(bounds.get(le, 0.0), value)
    sums: dict[str, dict[Key, dict[float, float]]] = {}
    for (part, _), (key, bounds) in by_place.items():
        of_key = sums.setdefault(part, {}).setdefault(key, {})
        for le, value in bounds.items():
            of_key[le] = of_key.get(le, 0.0) + value
    return sums


@cache
def _meant(told: str) -> _Meant | None:
    if not told:
        return None
    part = told.removesuffix(NEW)
    family = Family(part.partition(" ")[0])
    return _Meant(part, family, part != told, attrgetter(*DIALECTS[family].place_labels))


_bound = lru_cache(maxsize=1024)(parse_le)


def _bounds_of(row: Row, le_text: str, family: Family, part: str) -> Iterable[tuple[float, float]]:
    """Give bounds and cumulative counts of a row: a bucket, or a native histogram that holds all of them."""
    if row.histogram is None:
        le = _bound(le_text)
        return () if le is None else ((le, float(row.value[1])),)
    dialect = DIALECTS[family]
    tokens = {FIRST_TOKEN: dialect.first_token, NEXT_TOKEN: dialect.next_token}
    one = tokens.get(part.partition(" ")[2], dialect.latency)
    base = natives.base_of(one.series) if one is not None else ""
    return ((le, count) for _, le, count in natives.cumulative(base, row.histogram[1]))

"""Series at even looks, and at which of them Prometheus only remembered: it answers for five minutes what was last.

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from kmon_tui.live.packs.dialect import TARGET, Dialect
from kmon_tui.live.parts import SAMPLED

Looks: TypeAlias = Sequence[tuple[Mapping[str, str], Sequence[float]]]
"""Series: their labels, and one value per look."""
Place = tuple[str, ...]
"""The TARGET labels of a series."""


class Fresh(NamedTuple):
    """When the looks were, and how old a sample may be at one."""

    start_s: float
    step_s: float
    within_s: float


def place_of(labels: Mapping[str, str], dialect: Dialect | None = None) -> Place:
    """Give the labels by which a target is known again."""
    return tuple([labels.get(name, "") for name in (dialect.place_labels if dialect else TARGET)])


def missed(looks: Looks, dialect: Dialect, fresh: Fresh | None) -> dict[Place, set[int]]:
    """Find the looks at which a target was not sampled any more, from the first one on that had nothing new.

    ``fresh`` None: nobody remembers anything.
    """
    if fresh is None:
        return {}
    return {
        place_of(metric, dialect): _late(sampled, fresh)
        for metric, sampled in looks
        if metric.get(SAMPLED) == dialect.family
    }


def _late(sampled: Sequence[float], fresh: Fresh) -> set[int]:
    """Find the looks before which nothing came for a whole step, and for longer than between two scrapes of now: in the
    past these may have been rarer.
    """
    ages = [fresh.start_s + i * fresh.step_s - at_s for i, at_s in enumerate(sampled)]
    nothing = {i for i in range(1, len(sampled)) if sampled[i] == sampled[i - 1]}
    late = {i for i, age_s in enumerate(ages) if age_s > fresh.within_s and (age_s > fresh.step_s or i in nothing)}
    for i in range(len(sampled) - 2, 0, -1):
        # The last look before those: of its step only a part was seen, or nothing.
        if i + 1 in late and (ages[i] > fresh.within_s or {i, i + 1} <= nothing):
            late.add(i)
    return late


def away(looks: Looks, dialect: Dialect, unseen: Mapping[Place, Collection[int]]) -> frozenset[int]:
    """Find the looks at which of all targets nothing but a memory was there: Prometheus itself was away."""
    rows = [(unseen.get(place_of(one, dialect), ()), at) for one, at in looks if one.get(SAMPLED) == dialect.family]
    found = []
    for i in range(max((len(sampled) for _, sampled in rows), default=0)):
        told = [late for late, sampled in rows if not math.isnan(sampled[i])]
        if told and all(i in late for late in told):
            found.append(i)
    return frozenset(found)


def answered(looks: Looks, unseen: Mapping[Place, Collection[int]]) -> dict[Place, Sequence[float]]:
    """Give by process whether it answered; at looks that it missed nobody knows."""
    found: dict[Place, Sequence[float]] = {
        (metric.get("job", ""), metric.get("instance", "")): values
        for metric, values in looks
        if "__name__" not in metric and SAMPLED not in metric
    }
    for place, late in unseen.items():
        if late and place[:2] in found:
            found[place[:2]] = [math.nan if i in late else value for i, value in enumerate(found[place[:2]])]
    return found

"""Gauges of one service over time, and how often its first pod came ready. Pure."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Sequence
from itertools import pairwise

from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Series
from kmon_tui.live.levels import OwnerOf, level_of
from kmon_tui.live.looks import Looks
from kmon_tui.live.packs.gauges import Level

_SHOWN = (Level.WANTED, Level.READY, Level.CONCURRENCY, Level.RUNNING, Level.WAITING, Level.KV_CACHE)


def gauges_over_time(
    looks: Looks, key: Key, owner_of: OwnerOf, end_s: int, step_s: int, away: Collection[int] = ()
) -> dict[str, Series]:
    """Give the gauges that are drawn, by name; of pods those of the better source.

    ``away``: steps at whose ends Prometheus only remembered.
    """
    found: dict[tuple[Level, str], list[Sequence[float]]] = {}
    for metric, values in looks:
        known = level_of(metric, owner_of)
        if known is not None and known[2] == key and known[0] in _SHOWN:
            told = [math.nan if i in away else value for i, value in enumerate(values[1:])]
            found.setdefault((known[0], known[1]), []).append(told)
    series: dict[str, Series] = {}
    for (level, _), rows in sorted(found.items()):  # "autoscaler" sorts before "kube-state-metrics"
        if level.value not in series:
            series[level.value] = Series(end_s, step_s, _added(rows, mean=level is Level.KV_CACHE))
    return series


def cold_starts(ready: Series | None) -> int | None:
    """Count how often pods came ready after there were none; None when nobody counts them."""
    if ready is None:
        return None
    known = [value for value in ready.values if not math.isnan(value)]
    return sum(1 for before, now in pairwise(known) if before == 0 < now)


def _added(rows: Sequence[Sequence[float]], *, mean: bool) -> array[float]:
    """Add up rows step by step; what is not known of one of them counts as nothing, of all of them as a gap."""
    found = array("d")
    for column in zip(*rows, strict=True):
        known = [value for value in column if not math.isnan(value)]
        found.append(math.fsum(known) / (len(known) if mean else 1) if known else math.nan)
    return found

"""What goes up and down: pods wanted and ready, requests in flight, and what language models do now, by service."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime

from kmon_tui.domain.beside import Scaling
from kmon_tui.domain.service import Key
from kmon_tui.live.guards import Guards, guards_of
from kmon_tui.live.packs.gauges import BY_GAUGE, Gauges, Level
from kmon_tui.live.parts import PART
from kmon_tui.live.prometheus_answers import Labelled, Row

OwnerOf = Callable[[Mapping[str, str]], Key | None]
_MARK = b'"kmon_part":"gauge '
_SOURCES = ("autoscaler", "kube-state-metrics")
"""The first one that knows a service tells its pods."""


def is_gauge(series: Labelled) -> bool:
    """Whether a row is one of a gauge; our question marks them."""
    return _MARK in series.text


class Levels:
    """The gauges of all services at the newest tick."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Gauges, Level, dict[str, str], Guards, Key | None]] = {}
        self._values: dict[Key, dict[str, dict[Level, list[float]]]] = {}
        self._labels: dict[Key, list[tuple[Gauges, dict[str, str]]]] = {}
        self._guards: dict[tuple[Key, str], set[Guards]] = {}
        self._times: Mapping[str, float] = {}

    def forget_owners(self) -> None:
        """Find the owners anew: the fleet is another one."""
        self._known = {}

    def take(self, rows: Iterable[Row], owner_of: OwnerOf, times: Mapping[str, float]) -> None:
        """Take in one tick; ``times``: when each source was sampled last."""
        self._values, self._labels, self._guards, self._times = {}, {}, {}, times
        known, self._known = self._known, {}
        for row in rows:
            text = row.text
            found = self._known[text] = known.get(text) or _read(row.metric, owner_of)
            gauges, level, labels, guards, owner = found
            value = float(row.value[1])
            if owner is None or not math.isfinite(value):
                continue
            self._values.setdefault(owner, {}).setdefault(gauges.source, {}).setdefault(level, []).append(value)
            self._labels.setdefault(owner, []).append((gauges, labels))
            self._guards.setdefault((owner, gauges.source), set()).add(guards)

    def scaling(self, key: Key) -> Scaling | None:
        """Give how many pods a service should have and has; None when nobody says so, or several clusters do."""
        told = self._values.get(key, {})
        source = next((one for one in _SOURCES if one in told), None)
        if source is None or len(self._guards[key, source]) > 1:
            return None
        levels, at_s = told[source], self._times.get(source)
        panic = levels.get(Level.PANIC)
        targets = levels.get(Level.TARGET_CONCURRENCY)
        return Scaling(
            source,
            wanted=_sum(levels.get(Level.WANTED)),
            ready=_sum(levels.get(Level.READY)),
            concurrency=_sum(levels.get(Level.CONCURRENCY)),
            target_concurrency=max(targets) if targets else None,
            queued=_sum(levels.get(Level.QUEUED)),
            at_activator=_sum(levels.get(Level.AT_ACTIVATOR)),
            panic=None if panic is None else any(panic),
            sampled_at=None if at_s is None else datetime.fromtimestamp(at_s, UTC),
        )

    def llm(self, key: Key) -> Mapping[Level, Sequence[float]]:
        """Give what the pods of a language model say, one value a pod; empty for other models."""
        if len(self._guards.get((key, "vllm"), ())) > 1:
            return {}
        return self._values.get(key, {}).get("vllm", {})

    def labels_of(self, key: Key) -> dict[int, tuple[Gauges, list[dict[str, str]]]]:
        """Give the labels of the series of one service, by pack."""
        found: dict[int, tuple[Gauges, list[dict[str, str]]]] = {}
        for gauges, labels in self._labels.get(key, ()):
            found.setdefault(id(gauges), (gauges, []))[1].append(labels)
        return found

    def keys(self) -> Set[Key]:
        """Give the services of which anything is known."""
        return self._values.keys()


def level_of(metric: Mapping[str, str], owner_of: OwnerOf) -> tuple[Level, str, Key | None] | None:
    """Tell what a series of an answer shows, who says so, and of whom; None when it is no gauge of ours."""
    gauges = BY_GAUGE.get(metric.get("__name__", ""))
    if gauges is None:
        return None
    return gauges.levels[metric["__name__"]], gauges.source, owner_of(gauges.whose(metric))


def _read(metric: dict[str, str], owner_of: OwnerOf) -> tuple[Gauges, Level, dict[str, str], Guards, Key | None]:
    name = metric.pop("__name__")
    metric.pop(PART, None)
    gauges = BY_GAUGE[name]
    return gauges, gauges.levels[name], metric, guards_of(metric), owner_of(gauges.whose(metric))


def _sum(values: Sequence[float] | None) -> float | None:
    return None if values is None else sum(values)

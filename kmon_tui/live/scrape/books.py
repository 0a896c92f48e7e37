"""The books of one service whose pods are scraped directly: the same ledger and tables as for Prometheus."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from kmon_tui.domain.counters import gain
from kmon_tui.domain.quantile import parse_le
from kmon_tui.domain.service import InferenceService
from kmon_tui.domain.traffic import Buckets, Family, Traffic
from kmon_tui.live.closeup import Tables, closer, latency_of
from kmon_tui.live.detail import tabulate
from kmon_tui.live.flow import Latency
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.levels import Levels
from kmon_tui.live.looks import Place as Spot
from kmon_tui.live.owners import Owners
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.dialect import Histogram
from kmon_tui.live.packs.gauges import BY_GAUGE
from kmon_tui.live.prometheus_answers import Labelled, Row
from kmon_tui.live.register import Reading
from kmon_tui.live.scrape.exposition import COUNTERS, Series
from kmon_tui.live.scrape.pages import Place
from kmon_tui.live.target import Handle, Target, handle_of
from kmon_tui.live.telling import traffic_of

POINTS = 120
WINDOW_STEPS = 4
_ENCODER = msgspec.json.Encoder()
_UP = "up"


class Books:
    """Ring buffers of one service, one step a scrape."""

    def __init__(self, isvc: InferenceService, step_s: int, family: Family | None) -> None:
        self.key = isvc.key
        self.step_s = step_s
        self.family = family
        self._ledger = Ledger(step_s, WINDOW_STEPS * step_s, POINTS, float(step_s), family)
        self._levels = Levels()
        self._owners = Owners((isvc,))
        self._series: dict[Series, dict[int, float]] = {}
        self._pods: set[str] = set()

    def know(self, isvc: InferenceService) -> None:
        """Learn what the service is like now."""
        self._owners = Owners((isvc,))
        self._levels.forget_owners()

    def book(self, at_s: int, pages: Sequence[tuple[Place, Mapping[Series, float]]]) -> None:
        """Book one scrape; ``at_s`` is on the grid of steps."""
        readings: list[Reading] = []
        values: list[float] = []
        gauges: list[Row] = []
        sampled: dict[Handle, float] = {}
        before_s = self._ledger.at_s
        self._ledger.know(self._owners, {})
        for place, series in pages:
            self._keep(_up(place), at_s, 1.0)
            for items, value in series.items():
                name = dict(items)["__name__"]
                self._keep(items, at_s, value)
                raw = msgspec.Raw(_ENCODER.encode(dict(items)))
                if name in BY_GAUGE:
                    gauges.append(Row(raw, (float(at_s), repr(value))))
                elif name in COUNTERS:
                    reading = self._ledger.register.reading(Labelled(raw))
                    readings.append(reading)
                    values.append(value)
                    sampled[handle_of(reading.target.labels)] = float(at_s)
                    if reading.target.at_s < 0 and place.pod in self._pods:
                        # It was scraped a step ago and had no such series: all that it counted came since.
                        reading.target.zero_s = before_s
        self._pods = {place.pod for place, _ in pages}
        self._ledger.ingest(at_s, readings, values, sampled)
        self._levels.take(gauges, self._owners.owner, {})
        self._forget(at_s)

    def told(self) -> tuple[Traffic, Buckets] | None:
        """Give what is known; None when no pod has any series of ours."""
        ledger, key = self._ledger, self.key
        if ledger.at_s is None or (key not in ledger.flows and key not in ledger.users):
            return None
        self._put_latency()
        traffic = traffic_of(ledger, self._levels, self._owners, key)
        steps = POINTS + WINDOW_STEPS
        start_s = ledger.at_s - steps * self.step_s
        looks = [(dict(items), values) for items, values in self._looks(start_s, ledger.at_s)]
        tables = {}
        for family in ledger.families_of(key):
            targets = {target.place: target for target in ledger.targets_of(key, start_s, family)}
            tables[family] = tabulate(looks, DIALECTS[family], steps, targets, self._born(start_s, targets))
        return traffic, closer(ledger, self._owners, key, Tables(looks, tables, ledger.at_s))

    def _born(self, start_s: int, targets: Mapping[Spot, Target]) -> Callable[[Spot], bool]:
        def born(spot: Spot) -> bool:
            born_s = self._owners.born_s(targets[spot].labels)
            return born_s is not None and born_s >= max(start_s, self._ledger.began_s or start_s)

        return born

    def _put_latency(self) -> None:
        for flow in (self._ledger.flows.get(self.key), self._ledger.users.get(self.key)):
            if flow is not None:
                flow.latency = self._latency(DIALECTS[flow.family].latency)
                vllm = DIALECTS[Family.VLLM]
                first = self._latency(vllm.first_token)
                following = self._latency(vllm.next_token)
                known = first.top_bound_ms is not None or following.top_bound_ms is not None
                flow.tokens = (first, following) if known else None

    def _latency(self, histogram: Histogram | None) -> Latency:
        """Find the quantiles of what fell into the buckets in the rate window."""
        if histogram is None or self._ledger.at_s is None:
            return Latency()
        since_s = self._ledger.at_s - WINDOW_STEPS * self.step_s
        bounds: dict[float, float] = {}
        for items, kept in self._series.items():
            labels = dict(items)
            le = parse_le(labels.get("le", ""))
            ours = labels["__name__"] in (histogram.series, histogram.older) and self._ledger.at_s in kept
            if le is None or not ours:
                continue
            times = sorted(at_s for at_s in kept if at_s >= since_s)
            bounds[le] = bounds.get(le, 0.0) + sum(gain(kept[before], kept[now]) for before, now in pairwise(times))
        return latency_of(bounds, histogram.to_ms)

    def _keep(self, items: Series, at_s: int, value: float) -> None:
        if math.isfinite(value):
            self._series.setdefault(items, {})[at_s] = value

    def _looks(self, start_s: int, end_s: int) -> Iterable[tuple[Series, list[float]]]:
        times = range(start_s, end_s + 1, self.step_s)
        for items, kept in self._series.items():
            bare = tuple(item for item in items if item != ("__name__", _UP))
            yield bare, [kept.get(at_s, math.nan) for at_s in times]

    def _forget(self, at_s: int) -> None:
        oldest_s = at_s - (POINTS + WINDOW_STEPS) * self.step_s
        for items, kept in list(self._series.items()):
            for old_s in [one for one in kept if one < oldest_s]:
                del kept[old_s]
            if not kept:
                del self._series[items]
        self._ledger.forget()


def _up(place: Place) -> Series:
    """Name the series that says that a pod answered; our tables know it by its missing name."""
    labels = {"job": place.labels["job"], "instance": place.labels["instance"], "__name__": _UP}
    return tuple(sorted(labels.items()))

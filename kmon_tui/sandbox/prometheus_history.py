"""The past of a Prometheus: series of pods as if they had been scraped for an hour, made when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kmon_tui.sandbox.models_front import FrontPod
from kmon_tui.sandbox.models_meter import Source, Values
from kmon_tui.sandbox.models_pod import ModelPod
from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.prometheus_discovery import discovered
from kmon_tui.sandbox.prometheus_scrape import Target, sample_labels, targets_of
from kmon_tui.sandbox.promql.samples import Past
from kmon_tui.sandbox.promql.values import NAME

_REPORTED = {
    "up": 1.0,
    "scrape_duration_seconds": 0.004,
    "scrape_samples_scraped": 200.0,
    "scrape_samples_post_metric_relabeling": 120.0,
    "scrape_series_added": 0.0,
}


class _Table:
    """What one source counted at each past scrape; worked out once, for all series that show a column of it."""

    def __init__(self, source: Source, times_ms: Sequence[int]) -> None:
        self._source = source
        self._times_ms = times_ms
        self._rows: list[Values | None] | None = None

    def column(self, number: int) -> tuple[list[int], list[float]]:
        """Give times and values of one column, without the scrapes at which it was not there."""
        if self._rows is None:
            self._rows = self._source.past([time_ms / 1000 for time_ms in self._times_ms])
        pairs = zip(self._times_ms, self._rows, strict=True)
        kept = [(time_ms, row[number]) for time_ms, row in pairs if row is not None]
        return [time_ms for time_ms, _ in kept], [value for _, value in kept]


def backfill(
    server: Prometheus, pod: dict[str, Any], servers: ModelPod | FrontPod, times_ms: Sequence[int], *, alive: bool
) -> None:
    """Give the series of one pod a past at these times; of a dead pod they end with a staleness marker."""
    if not times_ms:
        return
    tables: dict[int, _Table] = {}
    for target in _targets(server, pod, alive):
        if int(target.address.rpartition(":")[2]) not in servers.pages or target.path != servers.path:
            continue
        _backfill_target(server, target, servers, times_ms, tables)
        if not alive:
            for series in target.present:
                series.mark_stale(times_ms[-1] + _step_ms(times_ms))
        for name, value in _REPORTED.items():
            past = Past(_constant(times_ms, value), times_ms[-1], value)
            target_series = server.samples.series({NAME: name, **target.labels}, past)
            if not alive:
                target_series.mark_stale(times_ms[-1] + _step_ms(times_ms))


def _targets(server: Prometheus, pod: dict[str, Any], alive: bool) -> list[Target]:
    if alive:
        return server.targets_of_pod(pod)
    return targets_of([job for job in server.configuration.jobs if not job.static], list(discovered([pod])))


def _backfill_target(
    server: Prometheus,
    target: Target,
    servers: ModelPod | FrontPod,
    times_ms: Sequence[int],
    tables: dict[int, _Table],
) -> None:
    end_s = times_ms[-1] / 1000
    for family in servers.pages[int(target.address.rpartition(":")[2])].families:
        for lines in family.lines:
            if lines.source.read(end_s) is None:
                continue
            table = tables.setdefault(id(lines.source), _Table(lines.source, times_ms))
            for text, number in zip(lines.texts, lines.columns, strict=True):
                labels = sample_labels(text, target, server.reading)
                target.series[text] = None
                if labels is None:
                    continue
                past = Past(_column(table, number), times_ms[-1], float("-inf"))
                series = target.series[text] = server.samples.series(labels, past)
                target.present.add(series)


def _step_ms(times_ms: Sequence[int]) -> int:
    return times_ms[-1] - times_ms[-2] if len(times_ms) > 1 else 15_000


def _column(table: _Table, number: int) -> Any:
    return lambda: table.column(number)


def _constant(times_ms: Sequence[int], value: float) -> Any:
    return lambda: (times_ms, [value] * len(times_ms))

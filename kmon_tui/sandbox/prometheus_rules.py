"""Alerting rules of the sandbox's Prometheus: ALERTS and ALERTS_FOR_STATE as a real one writes them, and its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kmon_tui.sandbox.promql import Engine, Samples
from kmon_tui.sandbox.promql.values import NAME, LabelKey, Labels, Vector, key_of

_ALERTS, _SINCE = "ALERTS", "ALERTS_FOR_STATE"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert."""

    name: str
    expression: str
    for_s: float
    labels: Mapping[str, str]
    summary: str
    """With {number} and {percent} for the value."""


@dataclass(slots=True)
class _Active:
    labels: Labels
    since_ms: int
    value: float = 0.0
    states: set[str] = field(default_factory=set)
    """Those whose series have a sample and no end yet."""


def rules_of(entries: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Read rules from their file."""
    return tuple(Rule(one["alert"], one["expr"], one["for_s"], one["labels"], one["summary"]) for one in entries)


class Rules:
    """Evaluates rules now and then, and remembers what is active."""

    def __init__(self, rules: Sequence[Rule], engine: Engine, samples: Samples) -> None:
        self._rules, self._engine, self._samples = rules, engine, samples
        self._active: dict[tuple[str, LabelKey], _Active] = {}

    def evaluate(self, now_ms: int) -> None:
        """Evaluate all rules at a moment, and write what became of them."""
        seen: set[tuple[str, LabelKey]] = set()
        for rule in self._rules:
            found = self._engine.instant(rule.expression, now_ms)
            for row in found.rows if isinstance(found, Vector) else ():
                value = row.values[0]
                if value is None:
                    continue
                plain = {name: text for name, text in row.labels.items() if name != NAME}
                labels = {**plain, **rule.labels, "alertname": rule.name}
                place = (rule.name, key_of(labels))
                seen.add(place)
                active = self._active.setdefault(place, _Active(labels, now_ms))
                active.value = value
                self._write(active, rule, now_ms)
        for place in self._active.keys() - seen:
            self._end(self._active.pop(place), now_ms)

    def alerts(self) -> list[dict[str, Any]]:
        """Give what /api/v1/alerts tells."""
        by_name = {rule.name: rule for rule in self._rules}
        return [
            {
                "labels": active.labels,
                "annotations": {"summary": _filled(by_name[name].summary, active.value)},
                "state": "firing" if "firing" in active.states else "pending",
                "activeAt": datetime.fromtimestamp(active.since_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
                "value": f"{active.value:e}",
            }
            for (name, _), active in self._active.items()
        ]

    def _write(self, active: _Active, rule: Rule, now_ms: int) -> None:
        state = "firing" if now_ms - active.since_ms >= rule.for_s * 1000 else "pending"
        for old in active.states - {state}:
            self._samples.series({NAME: _ALERTS, **active.labels, "alertstate": old}).mark_stale(now_ms)
        active.states = {state}
        self._samples.series({NAME: _ALERTS, **active.labels, "alertstate": state}).append(now_ms, 1.0)
        self._samples.series({NAME: _SINCE, **active.labels}).append(now_ms, active.since_ms // 1000)

    def _end(self, active: _Active, now_ms: int) -> None:
        for state in active.states:
            self._samples.series({NAME: _ALERTS, **active.labels, "alertstate": state}).mark_stale(now_ms)
        self._samples.series({NAME: _SINCE, **active.labels}).mark_stale(now_ms)


def _filled(summary: str, value: float) -> str:
    return summary.format(number=f"{value:.0f}", percent=f"{value * 100:.1f} %")

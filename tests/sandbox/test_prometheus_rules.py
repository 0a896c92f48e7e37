"""The sandbox's alerting rules: pending, firing, gone, as a real Prometheus has them."""

from __future__ import annotations

from typing import Any

from kmon_tui.sandbox.prometheus_rules import Rules, rules_of
from kmon_tui.sandbox.promql import Engine, Samples
from kmon_tui.sandbox.promql.values import NAME, Vector

ENTRY: dict[str, Any] = {
    "alert": "Slow",
    "expr": "sum by (service_name) (x) > 5",
    "for_s": 60,
    "labels": {"severity": "warning"},
    "summary": "{number}, {percent}",
}
MINUTE_MS = 60_000


def told(engine: Engine, query: str, now_ms: int) -> dict[str, float | None]:
    """Give a vector by alertstate."""
    found = engine.instant(query, now_ms)
    assert isinstance(found, Vector)
    return {row.labels.get("alertstate", ""): row.values[0] for row in found.rows}


def test_an_alert_is_pending_first_then_fires_and_goes() -> None:
    samples = Samples()
    engine = Engine(samples)
    series = samples.series({NAME: "x", "service_name": "a"})
    rules = Rules(rules_of([ENTRY]), engine, samples)
    seen = []
    for minute, value in enumerate((9.0, 9.0, 1.0), 1):
        series.append(minute * MINUTE_MS, value)
        rules.evaluate(minute * MINUTE_MS)
        seen.append((told(engine, "ALERTS", minute * MINUTE_MS), told(engine, "ALERTS_FOR_STATE", minute * MINUTE_MS)))

    assert seen == [({"pending": 1.0}, {"": 60.0}), ({"firing": 1.0}, {"": 60.0}), ({}, {})]
    assert rules.alerts() == []


def test_the_api_tells_words_and_since_when() -> None:
    samples = Samples()
    samples.series({NAME: "x", "service_name": "a"}).append(MINUTE_MS, 9.0)
    rules = Rules(rules_of([ENTRY]), Engine(samples), samples)

    rules.evaluate(MINUTE_MS)

    (alert,) = rules.alerts()
    assert alert["labels"] == {"alertname": "Slow", "severity": "warning", "service_name": "a"}
    assert alert["annotations"] == {"summary": "9, 900.0 %"}
    assert alert["activeAt"] == "1970-01-01T00:01:00Z"
    assert alert["state"] == "pending"

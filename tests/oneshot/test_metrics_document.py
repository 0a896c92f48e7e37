"""What `kmon-tui metrics` prints of a measurement."""

from __future__ import annotations

import json
import math
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.beside import Llm, Scaling, Users
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.traffic import Buckets, Family, Prometheus, Series, Traffic
from kmon_tui.oneshot.metrics import document, window_s, write

KEY = Key(Kind.ISVC, "default", "iris")
END = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
END_S = int(END.timestamp())
PROMETHEUS = Prometheus("http://h:9090", "--prometheus", "3.5.0", scrape_interval_s=15.0, window_s=60, now=END)
FIELDS = [
    "family", "families", "means", "prometheus", "window_s", "step_s", "requests_per_s", "requests_in_window",
    "requests_by_class", "counter_sum", "error_ratio", "pods_error_ratio", "alerts", "problem", "age_s", "scope",
    "scrape_interval_s", "latency_ms", "mean_ms", "top_bound_ms", "users", "scaling", "llm", "cold_starts", "buckets",
]  # fmt: skip


def measurement() -> Measurement:
    counts = (array("d", [1.0, math.nan, 3.0]), array("d", [0.0, math.nan, 0.0]))
    return Measurement(
        KEY,
        PROMETHEUS,
        45,
        15,
        Traffic(
            Family.ALIAS,
            requests_per_s=0.1 + 0.2,
            requests=Series(END_S, 15, array("d", [math.nan, 0.3])),
            error_ratio=0.0,
            p50_ms=50.0,
            counter_sum=1234.0,
            sampled_at=END - timedelta(seconds=4),
        ),
        Buckets(KEY, Family.ALIAS, END_S, 15, (100.0, math.inf), counts),
        requests_in_window=5.0,
        bucket_totals=(5.0, 0.0),
    )


def test_it_has_the_fields_that_are_promised() -> None:
    assert list(document(measurement())) == FIELDS


def test_values_are_plain_numbers_and_gaps_are_null() -> None:
    told = document(measurement())

    assert told["requests_per_s"] == {
        "now": 0.3,
        "series": [[END_S - 30, None], [END_S - 15, None], [END_S, 0.3]],
    }
    assert told["latency_ms"] == {"p50": 50, "p90": None, "p99": None}
    assert (told["counter_sum"], told["age_s"], told["error_ratio"]) == (1234, 4, 0)


def test_the_last_bucket_has_no_bound() -> None:
    first, last = document(measurement())["buckets"]

    assert first == {"le_ms": 100, "count": 5, "series": [[END_S - 30, 1], [END_S - 15, None], [END_S, 3]]}
    assert last["le_ms"] is None


def test_alerts_are_told_with_since_when_and_nothing_is_told_where_nobody_was_asked() -> None:
    slow = Alert("KServeLatencyHigh", True, "warning", END, "p99 is 2 s")
    told = replace(measurement(), alerts=(slow, Alert("KServeNoData", False)))

    assert document(told)["alerts"] == [
        {
            "name": "KServeLatencyHigh",
            "state": "firing",
            "severity": "warning",
            "since": "2026-11-22T03:00:00Z",
            "summary": "p99 is 2 s",
        },
        {"name": "KServeNoData", "state": "pending", "severity": None, "since": None, "summary": None},
    ]
    assert "KServeLatencyHigh firing  warning  p99 is 2 s" in write(told, "table")
    assert document(measurement())["alerts"] is None


def unknown() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(write(Measurement(KEY, PROMETHEUS, 45, 15, problem="no series"), "json"))
    return told


def test_what_is_not_known_is_null() -> None:
    told = unknown()

    assert list(told) == FIELDS
    assert (told["family"], told["requests_in_window"], told["scope"], told["buckets"]) == (None, None, None, [])
    assert [value for _, value in told["requests_per_s"]["series"]] == [None] * 3


def test_the_table_says_the_same_in_words() -> None:
    text = write(measurement(), "table")

    assert "requests per second (over 1m)" in text
    assert "kserve-alias at http://h:9090" in text


def test_the_table_says_who_tells_what_is_beside_the_requests_and_how_old_that_is() -> None:
    told = measurement()
    assert told.traffic is not None
    before = END - timedelta(seconds=7)
    users, scaling = Users("istio", 2.0, sampled_at=before), Scaling("autoscaler", 2.0, 1.0, sampled_at=before)
    beside = told.traffic._replace(users=users, scaling=scaling, llm=Llm(3.0, sampled_at=before))

    text = write(replace(told, traffic=beside), "table")

    assert "(istio, 7s old)" in text
    assert "(autoscaler, 7s old)" in text
    assert "(vllm, 7s old)" in text


def test_the_table_of_nothing_has_question_marks() -> None:
    assert write(Measurement(KEY, PROMETHEUS, 45, 15), "table").count("?") >= 8


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("1h30m", 5400), ("90", 90), ("1d", 86400)])
def test_windows_are_read(text: str, seconds: int) -> None:
    assert window_s(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "15 m", "-5m", "1s", "99w", "5m!"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        window_s(text)

"""What is exported is what the panels draw, step by step."""

from __future__ import annotations

import csv
import json
from array import array

import pytest

from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.traffic import Buckets, Family, Prometheus, Series, Traffic
from kmon_tui.render.export import csv_text, json_document

KEY = Key(Kind.ISVC, "default", "std")
QUANTILE = Series(1000.0, 15.0, array("d", [1.0, 2.0, 3.0, 4.0]))
BUCKETS = Buckets(KEY, Family.ALIAS, 1000.0, 15.0, quantiles={"p50": QUANTILE})


def columns(buckets: Buckets, traffic: Traffic | None, name: str) -> list[str]:
    return [row.get(name, "no column") for row in csv.DictReader(csv_text(buckets, traffic).splitlines())]


@pytest.mark.parametrize("late_s", [0.0, 4.0, -4.0])
def test_requests_without_codes_have_a_column_too(late_s: float) -> None:
    traffic = Traffic(Family.ALIAS, requests=Series(1000.0 + late_s, 15.0, array("d", [0.5, float("nan"), 1.5])))

    assert columns(BUCKETS, traffic, "requests_per_s") == ["", "0.5", "", "1.5"]
    document = json.loads(json_document(KEY, BUCKETS, traffic, Prometheus(), (), 900))
    assert document["series"]["requests_per_s"] == [[970.0, 0.5], [985.0, None], [1000.0, 1.5]]


def test_longer_steps_show_the_newest_value_in_each() -> None:
    long = Buckets(
        KEY, Family.ALIAS, 1000.0, 60.0, quantiles={"p50": Series(1000.0, 60.0, array("d", [1.0, 2.0, 3.0]))}
    )
    traffic = Traffic(Family.ALIAS, requests=Series(1000.0, 15.0, array("d", [float(n) for n in range(8)])))

    assert columns(long, traffic, "requests_per_s") == ["", "3", "7"]


def test_where_codes_are_told_there_is_one_column_a_class() -> None:
    by_code = {"2xx": Series(1000.0, 15.0, array("d", [1.0, 1.0]))}
    buckets = Buckets(KEY, Family.ALIAS, 1000.0, 15.0, by_code=by_code)
    traffic = Traffic(Family.ALIAS, requests=Series(1000.0, 15.0, array("d", [1.0, 1.0])))

    assert columns(buckets, traffic, "requests_per_s 2xx") == ["1", "1"]
    assert columns(buckets, traffic, "requests_per_s") == ["no column", "no column"]


def test_a_service_without_traffic_has_no_such_column() -> None:
    assert columns(BUCKETS, None, "requests_per_s") == ["no column"] * 4

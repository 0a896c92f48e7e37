"""The evaluator against recorded answers of a real Prometheus 2.42 (recorded by tests/sandbox/promql_record.py)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import pytest

from kmon_tui.sandbox.promql import Engine
from tests.sandbox.promql_cases import HERE, families, samples_of
from tests.sandbox.promql_compare import Asked, difference

RECORDED = HERE / "prometheus-2.42.json.gz"


@cache
def recorded() -> list[dict[str, Any]]:
    """Give the recorded questions and answers."""
    found: list[dict[str, Any]] = json.loads(gzip.decompress(RECORDED.read_bytes()))
    return found


@cache
def engine() -> Engine:
    """Give an engine over the samples that the real Prometheus had."""
    return Engine(samples_of(families(seed=1)))


@pytest.mark.parametrize("number", range(len(recorded())), ids=lambda number: str(recorded()[number]["query"])[:60])
def test_a_query_is_answered_as_prometheus_did(number: int) -> None:
    case = recorded()[number]
    asked = Asked(case["query"], case["step_s"])

    ours = json.loads(json.dumps(asked.answer(engine())))

    assert difference(case["answer"], ours, ordered="k(" in asked.query or "sort" in asked.query) == ""

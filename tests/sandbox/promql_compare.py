"""Asks the evaluator and compares its answers with Prometheus'."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kmon_tui.sandbox.prometheus_json import instant_data, range_data
from kmon_tui.sandbox.promql import Engine, PromqlError
from tests.sandbox.promql_cases import START_S

RANGE_START_MS = START_S * 1000 + 900_500
RANGE_END_MS = START_S * 1000 + 5_000_500
INSTANT_MS = START_S * 1000 + 3_000_500


@dataclass(frozen=True, slots=True)
class Asked:
    """One query and how it is asked: by range with this step, or at one instant (None)."""

    query: str
    step_s: int | None

    def parameters(self) -> tuple[str, dict[str, object]]:
        """Give path and parameters of the HTTP API."""
        if self.step_s is None:
            return "query", {"query": self.query, "time": INSTANT_MS / 1000}
        start_s, end_s = RANGE_START_MS / 1000, RANGE_END_MS / 1000
        return "query_range", {"query": self.query, "start": start_s, "end": end_s, "step": self.step_s}

    def answer(self, engine: Engine) -> dict[str, Any]:
        """Answer as the HTTP API does."""
        try:
            if self.step_s is None:
                data = instant_data(engine.instant(self.query, INSTANT_MS), INSTANT_MS)
            else:
                step_ms = self.step_s * 1000
                vector = engine.range(self.query, RANGE_START_MS, RANGE_END_MS, step_ms)
                data = range_data(vector, RANGE_START_MS, step_ms)
        except PromqlError as error:
            return {"status": "error", "errorType": error.kind, "error": error.message}
        return {"status": "success", "data": data}


def difference(real: dict[str, Any], ours: dict[str, Any], *, ordered: bool) -> str:
    """Say in what two answers differ; empty when they agree within rounding."""
    if real["status"] != ours["status"]:
        return f"status: {str(real)[:300]} but {str(ours)[:300]}"
    if real["status"] == "error":
        same = (real["errorType"], _plain(real["error"])) == (ours["errorType"], _plain(ours["error"]))
        return "" if same else f"error: {real} but {ours}"
    if real["data"]["resultType"] != ours["data"]["resultType"]:
        return f"type: {real['data']['resultType']} but {ours['data']['resultType']}"
    if real["data"]["resultType"] in ("scalar", "string"):
        found = _points_differ([real["data"]["result"]], [ours["data"]["result"]])
        return str(found) if found else ""
    return _series_differ(real["data"]["result"], ours["data"]["result"], ordered)


def _plain(error: str) -> str:
    return error.removeprefix('invalid parameter "query": ')


def _series_differ(real: list[dict[str, Any]], ours: list[dict[str, Any]], ordered: bool) -> str:
    if not ordered:
        real, ours = (sorted(rows, key=lambda row: sorted(row["metric"].items())) for rows in (real, ours))
    if [row["metric"] for row in real] != [row["metric"] for row in ours]:
        return f"series: {[row['metric'] for row in real][:4]} but {[row['metric'] for row in ours][:4]}"
    for theirs, mine in zip(real, ours, strict=True):
        points = [row["values"] if "values" in row else [row["value"]] for row in (theirs, mine)]
        found = _points_differ(*points)
        if found:
            return f"{theirs['metric']}: {found}"
    return ""


def _points_differ(real: list[list[Any]], ours: list[list[Any]]) -> tuple[list[Any], list[Any]] | None:
    if [point[0] for point in real] != [point[0] for point in ours]:
        return real[:3], ours[:3]
    return next(((a, b) for a, b in zip(real, ours, strict=True) if not _close(a[1], b[1])), None)


def _close(real: str, ours: str) -> bool:
    if real == ours:
        return True
    try:
        a, b = float(real), float(ours)
    except ValueError:
        return False
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))

"""Results of queries as the JSON of Prometheus' HTTP API: numbers as text, NaN and infinities too."""

from __future__ import annotations

from typing import Any

from kmon_tui.sandbox.promql.arithmetic import sample_text
from kmon_tui.sandbox.promql.selectors import Windows
from kmon_tui.sandbox.promql.values import Labels, Row, Scalar, Value, Vector


def seconds(time_ms: int) -> int | float:
    """Give ms as the API writes times: whole seconds without a fraction."""
    return time_ms // 1000 if time_ms % 1000 == 0 else time_ms / 1000


def instant_data(value: Value | Windows, time_ms: int) -> dict[str, Any]:
    """Give ``data`` of an instant query's answer."""
    at = seconds(time_ms)
    if isinstance(value, str):
        return {"resultType": "string", "result": [at, value]}
    if isinstance(value, Scalar):
        return {"resultType": "scalar", "result": [at, sample_text(value.values[0])]}
    if isinstance(value, Windows):
        return {"resultType": "matrix", "result": _windows(value)}
    result = [
        {"metric": row.labels, "value": [at, sample_text(number)]}
        for row in value.rows
        if (number := row.values[0]) is not None
    ]
    return {"resultType": "vector", "result": result}


def range_data(vector: Vector, start_ms: int, step_ms: int) -> dict[str, Any]:
    """Give ``data`` of a range query's answer, ordered by labels."""
    rows = sorted(vector.rows, key=lambda row: sorted(row.labels.items()))
    result = [{"metric": row.labels, "values": _points(row, start_ms, step_ms)} for row in rows]
    return {"resultType": "matrix", "result": [series for series in result if series["values"]]}


def _points(row: Row, start_ms: int, step_ms: int) -> list[list[int | float | str]]:
    return [
        [seconds(start_ms + step * step_ms), sample_text(value)]
        for step, value in enumerate(row.values)
        if value is not None
    ]


def _windows(windows: Windows) -> list[dict[str, Any]]:
    result: list[tuple[Labels, list[list[int | float | str]]]] = []
    for track in windows.tracks:
        for first, last, _ in windows.cut(track):
            pairs = zip(track.times[first:last], track.values[first:last], strict=True)
            result.append((track.labels, [[seconds(time), sample_text(value)] for time, value in pairs]))
    result.sort(key=lambda series: sorted(series[0].items()))
    return [{"metric": labels, "values": values} for labels, values in result if values]

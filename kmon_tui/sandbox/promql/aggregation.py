"""Aggregation: sum, topk, count_values and the others, with by() and without()."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from kmon_tui.sandbox.promql.arithmetic import number_text, quantile, total, variance
from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.values import (
    NAME,
    Column,
    LabelKey,
    Labels,
    Row,
    Value,
    Vector,
    as_scalar,
    as_text,
    key_of,
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """What by() or without() says."""

    labels: frozenset[str] = frozenset()
    without: bool = False

    def of(self, labels: Labels) -> Labels:
        """Give the labels of the group to which a series belongs."""
        if self.without:
            return {n: v for n, v in labels.items() if n not in self.labels and n != NAME}
        return {n: v for n, v in labels.items() if n in self.labels}


@dataclass(slots=True)
class _Group:
    labels: Labels
    rows: list[Row]


def aggregated(operation: str, vector: Vector, parameter: Value | None, grouping: Grouping, steps: int) -> Vector:
    """Answer one aggregation over all steps."""
    groups: dict[LabelKey, _Group] = {}
    for row in vector.rows:
        labels = grouping.of(row.labels)
        groups.setdefault(key_of(labels), _Group(labels, [])).rows.append(row)
    if operation in ("topk", "bottomk", "limitk"):
        limits = as_scalar(parameter if parameter is not None else "")
        return Vector([row for group in groups.values() for row in _chosen(operation, group.rows, limits)])
    if operation == "count_values":
        label = as_text(parameter if parameter is not None else "")
        return Vector([row for group in groups.values() for row in _counted(label, group, steps)])
    if operation == "quantile":
        shares = as_scalar(parameter if parameter is not None else "")
        columns = [(group.labels, _quantiles(shares, group.rows)) for group in groups.values()]
        return Vector([Row(labels, column) for labels, column in columns])
    reduce = _REDUCERS.get(operation)
    if reduce is None:
        raise PromqlError(f"unexpected aggregation operator {operation}")
    return Vector([Row(group.labels, _reduced(reduce, group.rows, steps)) for group in groups.values()])


def _reduced(reduce: Callable[[list[float]], float], rows: list[Row], steps: int) -> Column:
    column: Column = []
    columns = [row.values for row in rows]
    for step in range(steps):
        present = [v for values in columns if (v := values[step]) is not None]
        column.append(reduce(present) if present else None)
    return column


def _quantiles(shares: list[float], rows: list[Row]) -> Column:
    column: Column = []
    for step, share in enumerate(shares):
        present = [v for row in rows if (v := row.values[step]) is not None]
        column.append(quantile(share, present) if present else None)
    return column


def _chosen(operation: str, rows: list[Row], limits: list[float]) -> list[Row]:
    """Keep the k largest, smallest or first of each step; ordered when there is one step only."""
    kept: list[Column] = [[None] * len(limits) for _ in rows]
    order: list[int] = []
    for step, limit in enumerate(limits):
        if math.isnan(limit):
            raise PromqlError("Parameter value is NaN")
        present = [i for i, row in enumerate(rows) if row.values[step] is not None]
        if operation != "limitk":
            sign = -1.0 if operation == "topk" else 1.0
            present.sort(key=lambda i: _rank(rows[i].values[step], sign))
        order = present[: max(0, int(limit))]
        for i in order:
            kept[i][step] = rows[i].values[step]
    if len(limits) > 1:
        order = [i for i, column in enumerate(kept) if any(value is not None for value in column)]
    return [Row(rows[i].labels, kept[i]) for i in order]


def _rank(value: float | None, sign: float) -> tuple[bool, float]:
    known = math.nan if value is None else value
    return math.isnan(known), sign * known


def _counted(label: str, group: _Group, steps: int) -> list[Row]:
    found: dict[str, Column] = {}
    for row in group.rows:
        for step, value in enumerate(row.values):
            if value is not None:
                column = found.setdefault(number_text(value), [None] * steps)
                column[step] = (column[step] or 0.0) + 1.0
    return [Row({**group.labels, label: text}, column) for text, column in found.items()]


def _smallest(values: list[float]) -> float:
    return min((v for v in values if not math.isnan(v)), default=math.nan)


def _largest(values: list[float]) -> float:
    return max((v for v in values if not math.isnan(v)), default=math.nan)


_REDUCERS: dict[str, Callable[[list[float]], float]] = {
    "sum": total,
    "avg": lambda values: total(values) / len(values),
    "min": _smallest,
    "max": _largest,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: math.sqrt(variance(values)),
    "stdvar": variance,
}

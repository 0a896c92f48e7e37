"""The engine: parses a query and evaluates its tree, all steps of a node at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import promql_parser

from kmon_tui.sandbox.promql.aggregation import Grouping, aggregated
from kmon_tui.sandbox.promql.binary import matching_of, operated
from kmon_tui.sandbox.promql.dialect import Dialect
from kmon_tui.sandbox.promql.errors import PromqlError, parse_error
from kmon_tui.sandbox.promql.functions import called
from kmon_tui.sandbox.promql.labels import absent
from kmon_tui.sandbox.promql.matchers import compiled
from kmon_tui.sandbox.promql.samples import Samples, Series
from kmon_tui.sandbox.promql.selectors import Track, Windows, instants, milliseconds, shifted, tracks_of
from kmon_tui.sandbox.promql.values import Row, Scalar, Steps, Value, Vector, as_scalar, as_vector, mapped
from kmon_tui.sandbox.promql.windows import (
    OVER_TIME,
    last_two,
    over_time,
    quantiles_over_time,
    rates,
    regression,
)

_WINDOWED = frozenset(
    {*OVER_TIME, "rate", "increase", "delta", "irate", "idelta", "deriv", "predict_linear"}
    | {"quantile_over_time", "absent_over_time"}
)


class Engine:
    """Answers queries over samples; times are integer milliseconds, as in Prometheus."""

    def __init__(self, samples: Samples, dialect: Dialect | None = None) -> None:
        self._samples = samples
        self._dialect = dialect or Dialect()
        self._parsed: dict[str, Any] = {}
        self._nodes: dict[type, Callable[[Any, Steps], Value]] = {
            promql_parser.NumberLiteral: lambda node, steps: Scalar([float(node.val)] * len(steps.times)),
            promql_parser.StringLiteral: lambda node, steps: str(node.val),
            promql_parser.ParenExpr: lambda node, steps: self._value(node.expr, steps),
            promql_parser.UnaryExpr: self._unary,
            promql_parser.VectorSelector: self._selector,
            promql_parser.Call: self._call,
            promql_parser.AggregateExpr: self._aggregation,
            promql_parser.BinaryExpr: self._binary,
        }

    def parse(self, query: str) -> Any:
        """Give the parser's tree; PromqlError when it is no PromQL."""
        known = self._parsed.get(query)
        if known is None:
            try:
                known = promql_parser.parse(query)
            except ValueError as error:
                raise parse_error(query, str(error)) from error
            if len(self._parsed) > 500:
                self._parsed.clear()
            self._parsed[query] = known
        return known

    def instant(self, query: str, time_ms: int) -> Value | Windows:
        """Evaluate at one instant; a range vector comes as windows with one bound."""
        tree = self.parse(query)
        steps = Steps((time_ms,), time_ms, time_ms)
        bare = _unwrapped(tree)
        if isinstance(bare, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            return self._windows(bare, steps)
        return self._value(tree, steps)

    def range(self, query: str, start_ms: int, end_ms: int, step_ms: int) -> Vector:
        """Evaluate at each step; a scalar comes as one row without labels."""
        tree = self.parse(query)
        if isinstance(_unwrapped(tree), promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            text = 'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
            raise PromqlError(text, "bad_data")
        value = self._value(tree, Steps(tuple(range(start_ms, end_ms + 1, step_ms)), start_ms, end_ms))
        if isinstance(value, str):
            text = 'invalid expression type "string" for range query, must be Scalar or instant Vector'
            raise PromqlError(text, "bad_data")
        return Vector([Row({}, list(value.values))]) if isinstance(value, Scalar) else value

    def matching(self, selector: str) -> list[Series]:
        """Give the series of a selector such as ``up{job="x"}``, whatever their age."""
        node = self.parse(selector)
        if not isinstance(node, promql_parser.VectorSelector):
            raise PromqlError('invalid parameter "match[]": 1:1: parse error: unexpected expression', "bad_data")
        return compiled(node).among(self._samples)

    def _value(self, node: Any, steps: Steps) -> Value:
        evaluate = self._nodes.get(type(node))
        if evaluate is None:
            raise PromqlError(f"unhandled expression of type {type(node).__name__}")
        return evaluate(node, steps)

    def _unary(self, node: Any, steps: Steps) -> Value:
        value = self._value(node.expr, steps)
        if isinstance(value, Scalar):
            return Scalar([-number for number in value.values])
        return mapped(as_vector(value), lambda number: -number)

    def _selector(self, node: Any, steps: Steps, *, as_times: bool = False) -> Vector:
        lookback, left_open = self._dialect.lookback_ms, self._dialect.left_open
        times = shifted(node, steps)
        return instants(compiled(node), self._samples, times, lookback, left_open=left_open, as_times=as_times)

    def _windows(self, node: Any, steps: Steps) -> Windows:
        if isinstance(node, promql_parser.SubqueryExpr):
            return self._subquery(node, steps)
        selector, length = node.vector_selector, milliseconds(node.range)
        bounds = [(end - length, end) for end in shifted(selector, steps)]
        return Windows(tracks_of(compiled(selector), self._samples), bounds, self._dialect)

    def _subquery(self, node: Any, steps: Steps) -> Windows:
        length = milliseconds(node.range)
        step = milliseconds(node.step) or self._dialect.subquery_step_ms
        bounds = [(end - length, end) for end in shifted(node, steps)]
        first = min(start for start, _ in bounds)
        aligned = -(-first // step) * step
        if self._dialect.left_open and aligned == first:
            aligned += step
        inner = Steps(tuple(range(aligned, max(end for _, end in bounds) + 1, step)), steps.start, steps.end)
        value = self._value(node.expr, inner)
        rows = [Row({}, list(value.values))] if isinstance(value, Scalar) else as_vector(value).rows
        return Windows([_track(row, inner.times) for row in rows], bounds, self._dialect)

    def _call(self, node: Any, steps: Steps) -> Value:
        name, arguments = node.func.name, list(node.args)
        if name in _WINDOWED:
            return self._windowed(name, arguments, steps)
        if name == "absent":
            bare = _unwrapped(arguments[0])
            equals = compiled(bare).equals if isinstance(bare, promql_parser.VectorSelector) else ()
            return absent(as_vector(self._value(bare, steps)), equals, len(steps.times))
        if name == "timestamp":
            bare = _unwrapped(arguments[0])
            if isinstance(bare, promql_parser.VectorSelector):
                return mapped(self._selector(bare, steps, as_times=True), lambda seconds: seconds)
            return _evaluation_times(as_vector(self._value(bare, steps)), steps)
        return called(name, [self._value(argument, steps) for argument in arguments], steps, self._dialect)

    def _windowed(self, name: str, arguments: list[Any], steps: Steps) -> Vector:
        ranged = _unwrapped(arguments[1] if name == "quantile_over_time" else arguments[0])
        windows = self._windows(ranged, steps)
        if name in ("rate", "increase", "delta"):
            return rates(windows, name)
        if name in ("irate", "idelta"):
            return last_two(windows, name)
        if name == "deriv":
            return regression(windows, None)
        if name == "predict_linear":
            return regression(windows, as_scalar(self._value(arguments[1], steps)))
        if name == "quantile_over_time":
            return quantiles_over_time(windows, as_scalar(self._value(arguments[0], steps)))
        if name == "absent_over_time":
            matrix = isinstance(ranged, promql_parser.MatrixSelector)
            equals = compiled(ranged.vector_selector).equals if matrix else ()
            return absent(over_time(windows, "present_over_time"), equals, len(steps.times))
        return over_time(windows, name)

    def _aggregation(self, node: Any, steps: Steps) -> Value:
        modifier = node.modifier
        grouping = Grouping()
        if modifier is not None:
            without = modifier.type == promql_parser.AggModifierType.Without
            grouping = Grouping(frozenset(modifier.labels), without)
        parameter = None if node.param is None else self._value(node.param, steps)
        vector = as_vector(self._value(node.expr, steps))
        return aggregated(str(node.op), vector, parameter, grouping, len(steps.times))

    def _binary(self, node: Any, steps: Steps) -> Value:
        left, right = self._value(node.lhs, steps), self._value(node.rhs, steps)
        return operated(str(node.op), left, right, matching_of(node.modifier))


def _unwrapped(node: Any) -> Any:
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    return node


def _evaluation_times(vector: Vector, steps: Steps) -> Vector:
    rows = []
    for row in vector.rows:
        column = [None if v is None else t / 1000 for v, t in zip(row.values, steps.times, strict=True)]
        rows.append(Row(row.labels, column))
    return mapped(Vector(rows), lambda seconds: seconds)


def _track(row: Row, times: tuple[int, ...]) -> Track:
    kept_times, values, resets = [], [], []
    last: float | None = None
    for time, value in zip(times, row.values, strict=True):
        if value is not None:
            if last is not None and value < last:
                resets.append((time, last))
            kept_times.append(time)
            values.append(value)
            last = value
    return Track(row.labels, kept_times, values, resets)

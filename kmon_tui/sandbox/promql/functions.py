"""Functions over instant vectors and scalars: mathematics, clamping, rounding, dates."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

from kmon_tui.sandbox.promql.arithmetic import guarded, logarithm
from kmon_tui.sandbox.promql.dialect import Dialect
from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.histograms import histogram_quantiles
from kmon_tui.sandbox.promql.labels import label_joined, label_replaced, sorted_by_label, sorted_by_value
from kmon_tui.sandbox.promql.values import (
    Row,
    Scalar,
    Steps,
    Value,
    Vector,
    as_scalar,
    as_text,
    as_vector,
    mapped,
    merged,
    without_name,
)


def called(name: str, arguments: list[Value], steps: Steps, dialect: Dialect) -> Value:
    """Answer a function whose arguments are instant vectors, scalars or strings."""
    if name in _MATHEMATICS:
        return mapped(as_vector(arguments[0]), _MATHEMATICS[name])
    if name in _DATES:
        moments = as_vector(arguments[0]) if arguments else Vector([Row({}, [t / 1000 for t in steps.times])])
        return mapped(moments, _dated(_DATES[name]))
    if name in ("label_replace", "label_join"):
        return _labelled(name, as_vector(arguments[0]), [as_text(a) for a in arguments[1:]], dialect)
    if name in _SPECIAL:
        return _SPECIAL[name](arguments, steps)
    if name in ("clamp", "clamp_min", "clamp_max", "round"):
        return _bounded(name, as_vector(arguments[0]), [as_scalar(argument) for argument in arguments[1:]])
    raise PromqlError(f'1:1: parse error: unknown function with name "{name}"', "bad_data")


def _labelled(name: str, vector: Vector, texts: list[str], dialect: Dialect) -> Vector:
    target = texts[0]
    if not dialect.any_label_name and re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", target) is None:
        raise PromqlError(f"invalid destination label name in {name}(): {target}")
    if name == "label_join":
        return label_joined(vector, target, texts[1], texts[2:])
    return label_replaced(vector, target, *texts[1:])


def _bounded(name: str, vector: Vector, bounds: list[list[float]]) -> Vector:
    rows = []
    for row in vector.rows:
        column = [
            None if value is None else _limited(name, value, [bound[step] for bound in bounds])
            for step, value in enumerate(row.values)
        ]
        rows.append(Row(without_name(row.labels), column))
    return merged(row for row in rows if any(value is not None for value in row.values))


def _limited(name: str, value: float, bounds: list[float]) -> float | None:
    if name == "round":
        inverse = 1.0 / (bounds[0] if bounds else 1.0)
        return math.floor(value * inverse + 0.5) / inverse if math.isfinite(value) else value
    if math.isnan(value) or any(math.isnan(bound) for bound in bounds):
        return math.nan
    if name == "clamp_min":
        return max(bounds[0], value)
    if name == "clamp_max":
        return min(bounds[0], value)
    return max(bounds[0], min(bounds[1], value)) if bounds[0] <= bounds[1] else None


def _scalar(vector: Vector, steps: int) -> Scalar:
    numbers = []
    for step in range(steps):
        present = [v for row in vector.rows if (v := row.values[step]) is not None]
        numbers.append(present[0] if len(present) == 1 else math.nan)
    return Scalar(numbers)


def _dated(read: Callable[[datetime], int]) -> Callable[[float], float]:
    def of(seconds: float) -> float:
        return float(read(datetime.fromtimestamp(seconds, UTC))) if math.isfinite(seconds) else math.nan

    return of


def _sign(value: float) -> float:
    return value if math.isnan(value) else float((value > 0) - (value < 0))


_MATHEMATICS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda v: float(math.ceil(v)) if math.isfinite(v) else v,
    "floor": lambda v: float(math.floor(v)) if math.isfinite(v) else v,
    "sqrt": guarded(math.sqrt),
    "exp": guarded(math.exp),
    "ln": logarithm(math.log),
    "log2": logarithm(math.log2),
    "log10": logarithm(math.log10),
    "sgn": _sign,
    "deg": math.degrees,
    "rad": math.radians,
    **{name: guarded(getattr(math, name)) for name in ("sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: guarded(getattr(math, name)) for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
}
_DATES: dict[str, Callable[[datetime], int]] = {
    "minute": lambda moment: moment.minute,
    "hour": lambda moment: moment.hour,
    "day_of_week": lambda moment: moment.isoweekday() % 7,
    "day_of_month": lambda moment: moment.day,
    "day_of_year": lambda moment: moment.timetuple().tm_yday,
    "days_in_month": lambda moment: calendar.monthrange(moment.year, moment.month)[1],
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}
_SPECIAL: dict[str, Callable[[list[Value], Steps], Value]] = {
    "time": lambda a, steps: Scalar([time / 1000 for time in steps.times]),
    "pi": lambda a, steps: Scalar([math.pi] * len(steps.times)),
    "vector": lambda a, steps: Vector([Row({}, list(as_scalar(a[0])))]),
    "scalar": lambda a, steps: _scalar(as_vector(a[0]), len(steps.times)),
    "sort": lambda a, steps: sorted_by_value(as_vector(a[0]), descending=False),
    "sort_desc": lambda a, steps: sorted_by_value(as_vector(a[0]), descending=True),
    "sort_by_label": lambda a, steps: sorted_by_label(as_vector(a[0]), [as_text(n) for n in a[1:]], descending=False),
    "sort_by_label_desc": lambda a, steps: sorted_by_label(
        as_vector(a[0]), [as_text(n) for n in a[1:]], descending=True
    ),
    "histogram_quantile": lambda a, steps: histogram_quantiles(as_scalar(a[0]), as_vector(a[1])),
}

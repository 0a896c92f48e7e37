"""What the nodes of a query evaluate to: a value for each step at once, so that labels are handled once a series."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from kmon_tui.sandbox.promql.errors import PromqlError

Labels: TypeAlias = dict[str, str]
"""Never changed after it was made."""
LabelKey: TypeAlias = frozenset[tuple[str, str]]
Column: TypeAlias = list[float | None]
"""One entry for each step; None: no sample there."""

NAME = "__name__"


@dataclass(slots=True)
class Row:
    """One series of a result."""

    labels: Labels
    values: Column


@dataclass(slots=True)
class Scalar:
    """One number for each step."""

    values: list[float]


@dataclass(slots=True)
class Vector:
    """Series that share the steps."""

    rows: list[Row]


Value: TypeAlias = Scalar | Vector | str


@dataclass(frozen=True, slots=True)
class Steps:
    """The instants, in ms, for which a node is evaluated, and what ``start()`` and ``end()`` mean."""

    times: tuple[int, ...]
    start: int
    end: int


def key_of(labels: Labels) -> LabelKey:
    """What makes two label sets the same."""
    return frozenset(labels.items())


def without_name(labels: Labels) -> Labels:
    """Give the labels without the metric name."""
    if NAME not in labels:
        return labels
    return {name: value for name, value in labels.items() if name != NAME}


def show(labels: Labels) -> str:
    """Write labels as Prometheus does in messages."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def merged(rows: Iterable[Row]) -> Vector:
    """Join rows that have got equal labels; an error when two have a value at the same step."""
    found: dict[LabelKey, Row] = {}
    for row in rows:
        key = key_of(row.labels)
        other = found.get(key)
        if other is None:
            found[key] = row
            continue
        if any(a is not None and b is not None for a, b in zip(other.values, row.values, strict=True)):
            raise PromqlError("vector cannot contain metrics with the same labelset")
        joined = [b if a is None else a for a, b in zip(other.values, row.values, strict=True)]
        found[key] = Row(other.labels, joined)
    return Vector(list(found.values()))


def mapped(vector: Vector, function: Callable[[float], float]) -> Vector:
    """Apply a function to every value; the metric name goes, as the values mean something else now."""
    return merged(
        Row(without_name(row.labels), [None if v is None else function(v) for v in row.values]) for row in vector.rows
    )


def as_vector(value: Value) -> Vector:
    """Take what must be an instant vector; the parser has checked the types."""
    if not isinstance(value, Vector):
        raise PromqlError("expected type instant vector")
    return value


def as_scalar(value: Value) -> list[float]:
    """Take what must be a scalar; the parser has checked the types."""
    if not isinstance(value, Scalar):
        raise PromqlError("expected type scalar")
    return value.values


def as_text(value: Value) -> str:
    """Take what must be a string; the parser has checked the types."""
    if not isinstance(value, str):
        raise PromqlError("expected type string")
    return value

"""Binary operators: scalars, vectors matched by labels, and the set operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import promql_parser

from kmon_tui.sandbox.promql.arithmetic import ARITHMETIC, COMPARISONS
from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.values import (
    NAME,
    Column,
    Labels,
    Row,
    Scalar,
    Value,
    Vector,
    as_scalar,
    as_vector,
    key_of,
    merged,
    show,
    without_name,
)

_CARD = promql_parser.VectorMatchCardinality
Signature = tuple[str, ...] | frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Matching:
    """How the two sides find each other: on(), ignoring(), group_left() and bool."""

    on: bool = False
    labels: tuple[str, ...] = ()
    group: str = ""
    """``left``, ``right``: the side that has many; empty: one to one."""
    include: tuple[str, ...] = ()
    returns_bool: bool = False

    def signature(self, labels: Labels) -> Signature:
        """Give what must be equal on both sides."""
        if self.on:
            return tuple(labels.get(name, "") for name in self.labels)
        return frozenset((n, v) for n, v in labels.items() if n != NAME and n not in self.labels)


def matching_of(modifier: Any) -> Matching:
    """Read the modifier of the parser's node; None for none."""
    if modifier is None:
        return Matching()
    how = modifier.matching
    groups = ((_CARD.ManyToOne, "left"), (_CARD.OneToMany, "right"))  # the parser's values have no hash
    return Matching(
        on=how is not None and how.type == promql_parser.LabelModifierType.Include,
        labels=tuple(how.labels) if how is not None else (),
        group=next((side for card, side in groups if modifier.card == card), ""),
        include=tuple(modifier.group_labels or ()),
        returns_bool=bool(modifier.return_bool),
    )


def operated(operator: str, left: Value, right: Value, matching: Matching) -> Value:
    """Answer one binary operation over all steps."""
    if operator in ("and", "or", "unless"):
        return _set_operation(operator, as_vector(left), as_vector(right), matching)
    keep = operator in COMPARISONS and not matching.returns_bool
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        function = _calculation(operator, scalars=True)
        pairs = zip(left.values, right.values, strict=True)
        return Scalar([number for a, b in pairs if (number := function(a, b)) is not None])
    function = _calculation(operator, scalars=matching.returns_bool)
    if isinstance(left, Vector) and isinstance(right, Vector):
        return _matched(left, right, matching, function, keep_name=keep)
    return _with_scalar(left, right, function, keep_name=keep)


def _calculation(operator: str, *, scalars: bool) -> Callable[[float, float], float | None]:
    """Give a function of two numbers; comparisons answer 0 or 1 between scalars, else the left number or None."""
    if operator in ARITHMETIC:
        return ARITHMETIC[operator]
    compare = COMPARISONS[operator]
    if scalars:
        return lambda a, b: float(compare(a, b))
    return lambda a, b: a if compare(a, b) else None


def _with_scalar(
    left: Value, right: Value, function: Callable[[float, float], float | None], *, keep_name: bool
) -> Vector:
    rows = []
    if isinstance(left, Vector):
        numbers = as_scalar(right)
        for row in left.rows:
            pairs = zip(row.values, numbers, strict=True)
            rows.append(Row(row.labels, [None if v is None else function(v, number) for v, number in pairs]))
    else:
        numbers = as_scalar(left)
        for row in as_vector(right).rows:
            pairs = zip(row.values, numbers, strict=True)
            column: Column = [None if v is None else function(number, v) for v, number in pairs]
            if keep_name:  # a comparison keeps the vector's number, on whichever side it stands
                column = [None if c is None else v for c, v in zip(column, row.values, strict=True)]
            rows.append(Row(row.labels, column))
    present = [row for row in rows if any(value is not None for value in row.values)]
    return Vector(present) if keep_name else merged(Row(without_name(r.labels), r.values) for r in present)


def _set_operation(operator: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    if operator == "or":
        taken = _presence(left, matching)
        extra = [Row(row.labels, _masked(row, taken, matching, keep=False)) for row in right.rows]
        return merged(row for row in [*left.rows, *extra] if any(v is not None for v in row.values))
    others = _presence(right, matching)
    rows = [Row(row.labels, _masked(row, others, matching, keep=operator == "and")) for row in left.rows]
    return Vector([row for row in rows if any(value is not None for value in row.values)])


def _presence(vector: Vector, matching: Matching) -> dict[Signature, list[bool]]:
    found: dict[Signature, list[bool]] = {}
    for row in vector.rows:
        here = [value is not None for value in row.values]
        signature = matching.signature(row.labels)
        known = found.get(signature)
        found[signature] = here if known is None else [a or b for a, b in zip(known, here, strict=True)]
    return found


def _masked(row: Row, others: dict[Signature, list[bool]], matching: Matching, *, keep: bool) -> Column:
    mask = others.get(matching.signature(row.labels))
    if mask is None:
        return [None] * len(row.values) if keep else row.values
    return [value if there is keep else None for value, there in zip(row.values, mask, strict=True)]


def _matched(
    left: Vector,
    right: Vector,
    matching: Matching,
    function: Callable[[float, float], float | None],
    *,
    keep_name: bool,
) -> Vector:
    many, one = (right, left) if matching.group == "right" else (left, right)
    if not many.rows:
        return Vector([])
    ones: dict[Signature, list[Row]] = {}
    for row in one.rows:
        ones.setdefault(matching.signature(row.labels), []).append(row)
    _one_at_a_time(ones, matching)
    results: list[Row] = []
    used: dict[Signature, list[bool]] = {}
    for row in many.rows:
        signature = matching.signature(row.labels)
        for partner in ones.get(signature, ()):
            column = _pairwise(row, partner, function, swap=matching.group == "right")
            if matching.group == "":
                _only_once(used.setdefault(signature, [False] * len(column)), column)
            if any(value is not None for value in column):
                results.append(Row(_result_labels(row.labels, partner.labels, matching, keep_name), column))
    return _unique(results, matching)


def _pairwise(row: Row, partner: Row, function: Callable[[float, float], float | None], *, swap: bool) -> Column:
    column: Column = []
    for mine, other in zip(row.values, partner.values, strict=True):
        if mine is None or other is None:
            column.append(None)
        else:
            column.append(function(other, mine) if swap else function(mine, other))
    return column


def _one_at_a_time(ones: dict[Signature, list[Row]], matching: Matching) -> None:
    """Refuse a side that should have one series for each match group and has more at some step."""
    for rows in sorted((rows for rows in ones.values() if len(rows) > 1), key=lambda rows: show(rows[0].labels)):
        for step in range(len(rows[0].values)):
            present = sorted((row.labels for row in rows if row.values[step] is not None), key=show)
            if len(present) > 1:
                raise _duplicates(present[0], present[1], matching)


def _duplicates(first: Labels, second: Labels, matching: Matching) -> PromqlError:
    side = "left" if matching.group == "right" else "right"
    shared = {n: v for n, v in first.items() if (n in matching.labels) is matching.on and n != NAME}
    return PromqlError(
        f"found duplicate series for the match group {show(shared)} on the {side} hand-side of the operation: "
        f"[{show(second)}, {show(first)}];"
        "many-to-many matching not allowed: matching labels must be unique on one side"
    )


def _only_once(used: list[bool], column: Column) -> None:
    for step, value in enumerate(column):
        if value is None:
            continue
        if used[step]:
            raise PromqlError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )
        used[step] = True


def _result_labels(mine: Labels, other: Labels, matching: Matching, keep_name: bool) -> Labels:
    labels = mine if keep_name else without_name(mine)
    if matching.group == "":
        if matching.on:
            return {n: v for n, v in labels.items() if n in matching.labels}
        return {n: v for n, v in labels.items() if n not in matching.labels}
    labels = dict(labels)
    for name in matching.include:
        if other.get(name):
            labels[name] = other[name]
        else:
            labels.pop(name, None)
    return labels


def _unique(rows: list[Row], matching: Matching) -> Vector:
    try:
        return merged(rows)
    except PromqlError as error:
        if matching.group and len({key_of(row.labels) for row in rows}) < len(rows):
            text = "multiple matches for labels: grouping labels must ensure unique matches"
            raise PromqlError(text) from error
        raise

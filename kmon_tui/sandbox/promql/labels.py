"""Functions that change labels or order: label_replace, label_join, absent, sort."""

from __future__ import annotations

import math
import re

from kmon_tui.sandbox.promql.errors import PromqlError
from kmon_tui.sandbox.promql.values import NAME, Labels, Row, Vector, merged

_REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


def expanded(template: str, match: re.Match[str]) -> str:
    """Fill ``$1``, ``${name}`` and ``$$`` in as Go's Regexp.Expand does; an unknown group is empty."""

    def value(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(value, template)


def label_replaced(vector: Vector, target: str, template: str, source: str, pattern: str) -> Vector:
    """Answer label_replace()."""
    try:
        regex = re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise PromqlError(f"invalid regular expression in label_replace(): {pattern}") from error
    rows = []
    for row in vector.rows:
        match = regex.fullmatch(row.labels.get(source, ""))
        rows.append(Row(_with_label(row.labels, target, expanded(template, match)), row.values) if match else row)
    return merged(rows)


def label_joined(vector: Vector, target: str, separator: str, sources: list[str]) -> Vector:
    """Answer label_join()."""
    return merged(
        Row(_with_label(row.labels, target, separator.join(row.labels.get(s, "") for s in sources)), row.values)
        for row in vector.rows
    )


def _with_label(labels: Labels, name: str, value: str) -> Labels:
    changed = dict(labels)
    changed.pop(name, None)
    if value:
        changed[name] = value
    return changed


def absent(vector: Vector, equals: tuple[tuple[str, str], ...], steps: int) -> Vector:
    """Answer absent() and absent_over_time(): 1 where nothing is there, with the labels that ``=`` names."""
    present = [any(row.values[step] is not None for row in vector.rows) for step in range(steps)]
    if all(present):
        return Vector([])
    return Vector([Row(dict(equals), [None if there else 1.0 for there in present])])


def sorted_by_value(vector: Vector, *, descending: bool) -> Vector:
    """Answer sort() and sort_desc(); only an instant query has an order."""
    sign = -1.0 if descending else 1.0

    def rank(row: Row) -> tuple[bool, float]:
        value = row.values[0]
        return (True, 0.0) if value is None or math.isnan(value) else (False, sign * value)

    if any(len(row.values) > 1 for row in vector.rows):
        return vector
    return Vector(sorted(vector.rows, key=rank))


def sorted_by_label(vector: Vector, names: list[str], *, descending: bool) -> Vector:
    """Answer sort_by_label() and sort_by_label_desc(), in natural order."""

    def natural(text: str) -> list[tuple[int, int, str]]:
        parts = re.split(r"(\d+)", text)
        return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts if p]

    wanted = names or [NAME]
    return Vector(sorted(vector.rows, key=lambda r: [natural(r.labels.get(n, "")) for n in wanted], reverse=descending))

"""What was measured, as a table that people can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, what it should reach, what it was."""

    what: str
    reach: str
    """As words; empty for a figure that only helps to read the others."""
    measured: str
    good: bool | None = None
    """Whether it is within reach; None when there is nothing to reach."""


def at_most(what: str, value: float, limit: float, unit: str = "", note: str = "") -> Row:
    """Give the row of a figure that should not be above a limit."""
    told = f"{number(value)}{unit}" + (f"  ({note})" if note else "")
    return Row(what, f"<= {number(limit)}{unit}", told, value <= limit)


def number(value: float) -> str:
    """Write a figure with three digits that matter."""
    if value and abs(value) < 10:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:,.1f}".removesuffix(".0") if abs(value) < 100 else f"{value:,.0f}"


def lines(rows: Iterable[Row]) -> list[str]:
    """Give the table as lines of text."""
    marks = {True: "  ", False: "! ", None: "  "}
    cells = [(marks[row.good] + row.what, row.reach, row.measured) for row in rows]
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(2)]
    return [f"{what:<{widths[0]}}  {reach:<{widths[1]}}  {measured}" for what, reach, measured in cells]

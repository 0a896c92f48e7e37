"""Requests per second of all services, step by step: a column for each step, which all who were told of it share.

An array for each of ten thousand services would be written anew at each tick, beside those that the screen still shows.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import overload


class Sheet:
    """The steps that are kept, oldest first. Only the newest column is written, until it is told of."""

    def __init__(self) -> None:
        self._columns: tuple[array[float], ...] = ()
        self._free: list[int] = []
        self._rows = 0

    def row(self) -> int:
        """Give a row for a service; what is in its older columns is another's."""
        if self._free:
            return self._free.pop()
        self._rows += 1
        return self._rows - 1

    def give_up(self, row: int) -> None:
        """Let another service have this row from the next step on."""
        self._free.append(row)

    def begin(self, points: int) -> None:
        """Begin a step, of which nothing is known yet, and keep so many."""
        self._columns = (*self._columns[max(0, len(self._columns) - points + 1) :], array("d", [math.nan]) * self._rows)

    def put(self, row: int, value: float | None) -> None:
        """Write a value of the newest step."""
        newest = self._columns[-1]
        if row >= len(newest):
            newest.extend([math.nan] * (self._rows - len(newest)))
        newest[row] = math.nan if value is None else value

    def thin(self) -> None:
        """Keep every second step, counted from the newest."""
        self._columns = self._columns[::-2][::-1]

    def last(self, row: int, steps: int) -> Strand:
        """Give the newest steps of a row."""
        return Strand(self._columns, row, min(steps, len(self._columns)))


class Strand(Sequence[float]):
    """One row of some columns, oldest first: read where it lies, and never changed."""

    __slots__ = ("_columns", "_row", "_steps")
    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __init__(self, columns: tuple[array[float], ...], row: int, steps: int) -> None:
        self._columns, self._row, self._steps = columns, row, steps

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[float]:
        return iter(self._between(0, self._steps))

    @overload
    def __getitem__(self, at: int) -> float: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[float]: ...
    def __getitem__(self, at: int | slice) -> float | Sequence[float]:
        if isinstance(at, slice):
            start, stop, pace = at.indices(self._steps)
            return self._between(start, stop) if pace == 1 else array("d", self)[at]
        if not -self._steps <= at < self._steps:
            raise IndexError(at)
        column = self._columns[at if at < 0 else at - self._steps]
        return column[self._row] if self._row < len(column) else math.nan

    def _between(self, start: int, stop: int) -> array[float]:
        row, before = self._row, len(self._columns) - self._steps
        columns = self._columns[before + start : before + max(start, stop)]
        return array("d", [column[row] if row < len(column) else math.nan for column in columns])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

"""Answers whose rows are known from a tick ago, by their places: only their values are new."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from kmon_tui.live.prometheus_answers import Labelled

T = TypeVar("T")
L = TypeVar("L", bound=Labelled)


class Roll(Generic[T]):
    """What the rows of one question were found to be; seldom they are others than a tick ago, or in another order.

    Labels are known again by marks of 64 bits, as in the ledger.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Look at all rows of the next answer."""
        self._marks = array("q")
        self._found: list[T] = []

    def call(self, rows: Sequence[L], find: Callable[[L, bytes], T | None]) -> tuple[list[T], Sequence[L]]:
        """Give what the first rows are, in their order and never to be changed; and the rows from the first on that is
        nothing.

        ``find`` tells what a row is by its labels alone; None: it is to be looked at anew each time.
        """
        known, found = self._marks, self._found
        # Texts of ten thousand rows at once would be the most that a tick holds.
        if not known or array("q", [hash(bytes(row.raw)) for row in rows[: len(known)]]) != known:
            self._marks, self._found = known, found = array("q"), []
            for row in rows:
                text = bytes(row.raw)
                if (one := find(row, text)) is None:
                    break
                found.append(one)
                known.append(hash(text))
        return found, rows[len(found) :]

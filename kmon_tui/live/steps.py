"""The steps of one rate window, packed: objects of ten thousand services would take seven times the room."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kmon_tui.live.packs.dialect import Role

Coded = tuple[tuple[str, float], ...]


class Gain(NamedTuple):
    """What one step brought."""

    requests: float
    covered_s: float
    """Between the samples that it was taken from; 0 when there was no new sample, which is no proof of silence."""
    bad: float = 0.0
    """Answers 5xx; in the SDK's family executions that failed."""
    base: float | None = None
    """What ``bad`` is a share of; None where nobody counts what went wrong."""
    coded: Coded = ()
    """Requests by class of their answers, where they have one."""
    extra: Mapping[Role, float] | None = None
    """What else was counted: time, tokens."""


_AT, _REQUESTS, _COVERED, _BAD, _BASE, _WIDTH = range(6)


class Steps:
    """Gains with their times, oldest first."""

    __slots__ = ("_code", "_more", "_packed")

    def __init__(self) -> None:
        self._packed = array("d")
        self._code = ""
        """The class of all requests in steps that have no entry in ``_more``; empty where none is known."""
        self._more: dict[int, tuple[Coded, Mapping[Role, float] | None]] | None = None
        """By time, what some steps brought beyond numbers that all have."""

    def __len__(self) -> int:
        return len(self._packed) // _WIDTH

    def go_on(self, at_s: int, gain: Gain | None, until_s: float) -> None:
        """Add the newest step, if anything is known of it, and drop those up to ``until_s``."""
        packed, old = self._packed, 0
        much = len(packed)
        while old < much and packed[old] <= until_s:
            old += _WIDTH
        if old:
            packed = packed[old:]
            if self._more:
                self._more = {then_s: more for then_s, more in self._more.items() if then_s > until_s} or None
        if gain is None:
            self._packed = packed
            return
        requests, covered_s, bad, base, coded, extra = gain
        if not packed:
            self._code = coded[0][0] if len(coded) == 1 else ""
        # Made anew and not grown: growing reserves room for more.
        self._packed = packed + array("d", (at_s, requests, covered_s, bad, math.nan if base is None else base))
        plain: Coded = ((self._code, requests),) if self._code else ()
        if extra or coded != plain:
            self._more = {**(self._more or {}), at_s: (coded, extra)}

    def clear(self) -> None:
        """Drop all steps."""
        self._packed, self._more = array("d"), None

    @property
    def has_extra(self) -> bool:
        """Whether some step brought more than requests: time, tokens."""
        return self._more is not None and any(extra is not None for _, extra in self._more.values())

    def sums(self) -> tuple[float, float, float, float | None]:
        """Add up requests, the time that is known, what went wrong, and what that is a share of."""
        packed = self._packed
        base = sum(packed[_BASE::_WIDTH])
        share: float | None = base if packed else None
        if base != base:  # some steps do not know it
            known = [one for one in packed[_BASE::_WIDTH] if not math.isnan(one)]
            share = sum(known) if known else None
        return sum(packed[_REQUESTS::_WIDTH]), sum(packed[_COVERED::_WIDTH]), sum(packed[_BAD::_WIDTH]), share

    def coded(self) -> dict[str, float]:
        """Give requests by class of their answers."""
        found: dict[str, float] = {}
        for at_s, requests, _, _ in self._each():
            plain: Coded = ((self._code, requests),) if self._code else ()
            for code, value in (self._more or {}).get(at_s, (plain, None))[0]:
                found[code] = found.get(code, 0.0) + value
        return found

    def beside(self, role: Role) -> tuple[float, float, float]:
        """Give how much of something else was counted, and the good requests and the seconds of steps that say so."""
        much = good = covered_s = 0.0
        for at_s, of_step, covered, bad in self._each() if self._more else ():
            extra = (self._more or {}).get(at_s, ((), None))[1]
            if extra is not None and role in extra:
                much, good, covered_s = much + extra[role], good + max(0.0, of_step - bad), covered_s + covered
        return much, good, covered_s

    def _each(self) -> Iterator[tuple[int, float, float, float]]:
        packed = self._packed
        for at in range(0, len(packed), _WIDTH):
            yield int(packed[at + _AT]), packed[at + _REQUESTS], packed[at + _COVERED], packed[at + _BAD]

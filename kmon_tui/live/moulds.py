"""The conditions of served objects, of which most objects of a fleet differ in the times alone.

What thousands have alike is read once, as a mould; of each object its times are kept beside it, a sixth of what all its
conditions would take, and no more is read of them than tells whether it serves.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast, overload

import msgspec

from kmon_tui.domain.conditions import Hearing, Told, hear, times
from kmon_tui.domain.service import Condition
from kmon_tui.live.codec import fit
from kmon_tui.live.shapes import Cond
from kmon_tui.live.wishes import Wishes

Cut = Callable[[bytes], tuple[bytes, ...]]
MOST_MOULDS = 256
_ALIKE_IN_LENGTH = 4
_BEFORE = b'"lastTransitionTime":"'
_WIDTH = len("2026-08-21T09:01:12Z")
_OPEN = _WIDTH - 1
"""So much of a time is open: its Z is alike in all of them."""
_join = b"".join
_new = tuple.__new__
_read = datetime.fromisoformat


class _Holder(msgspec.Struct):
    conditions: tuple[Cond, ...] | None = None


_DECODER = msgspec.json.Decoder(tuple[Cond, ...] | None)


class Moulds:
    """Reads conditions, and knows what it has read so far."""

    def __init__(self) -> None:
        self.wishes = Wishes()
        """The same of specs."""
        self._by_length: dict[int, list[Mould]] = {}
        self._count = 0

    def read(self, found: msgspec.Raw) -> tuple[Condition, ...] | Hearing:
        """Read ``status.conditions`` as the API server wrote it."""
        raw = bytes(found)
        for mould in self._by_length.get(len(raw), ()):
            if mould.cut(raw) == mould.alike:
                written = _join(mould.cut_times(raw)).decode("ascii", "replace")
                if '"' not in written:  # else a shorter time stood there, and something else
                    return MouldedConditions(mould, written)
        conditions = read_conditions(raw)
        new = mould_of(raw, conditions)
        if new is None:
            return conditions
        self._keep(len(raw), new)
        return MouldedConditions(new, _join(new.cut_times(raw)).decode())

    def _keep(self, length: int, mould: Mould) -> None:
        if self._count >= MOST_MOULDS:
            # Failures tell of names: so many are of one object each, and those that many share are soon here again.
            self._by_length, self._count = {}, 0
        alike = self._by_length.setdefault(length, [])
        if len(alike) < _ALIKE_IN_LENGTH:
            self._count += 1
        else:
            del alike[0]
        alike.append(mould)


class Mould:
    """Conditions of which only the times are open."""

    __slots__ = ("alike", "conditions", "cut", "cut_times", "heard", "moving", "slices", "verdicts")

    def __init__(self, widths: Sequence[int], raw: bytes, conditions: tuple[Condition, ...]) -> None:
        """``widths``: of the parts around the times."""
        self.cut, self.cut_times = _cuts(tuple(widths))
        self.alike = self.cut(raw)
        dated = [at for at, condition in enumerate(conditions) if condition.since is not None]
        places = {at: slice(place * _WIDTH, place * _WIDTH + _WIDTH) for place, at in enumerate(dated)}
        self.slices = tuple([places.get(at) for at in range(len(conditions))])
        """Where among all times that of a condition stands."""
        self.conditions = tuple([condition._replace(since=None) for condition in conditions])
        self.heard = hear(conditions)
        moving = [places[at] for at in self.heard.moving]
        self.moving = itemgetter(*moving, moving[0]) if moving else None
        self.verdicts: dict[object, Any] = {}

    def at(self, number: int, written: str) -> Condition:
        """Give one condition with its time."""
        condition, place = self.conditions[number], self.slices[number]
        if place is None:
            return condition
        type_, status, reason, message, severity, _ = condition
        return _new(Condition, (type_, status, reason, message, severity, _moment(written[place])))


class MouldedConditions(Hearing):
    """The conditions of one object, read anew at every access."""

    __slots__ = ("_mould", "_times")

    def __init__(self, mould: Mould, written: str) -> None:
        """``written``: the times, one after the other."""
        self._mould, self._times = mould, written

    @property
    def verdicts(self) -> dict[object, Any]:
        """What was concluded of all of this mould."""
        return self._mould.verdicts

    def times(self, at: int | None) -> tuple[datetime | None, datetime | None]:
        """Tell when one of them last changed, if one is named, and when the rollout last moved."""
        mould, written = self._mould, self._times
        place = None if at is None else mould.slices[at]
        try:
            since = None if place is None else _read(written[place])
            # What is written alike is in the order of its letters.
            return since, None if mould.moving is None else _read(max(mould.moving(written)))
        except ValueError:
            return times(tuple(self), at)

    def told(self) -> Told:
        """Tell what they say together."""
        roll_up, stopped, failed, ailing, _ = self._mould.heard
        _, moved = self.times(None)
        ready, ill = (None if at is None else self[at] for at in (roll_up, ailing))
        return Told(ready, stopped, failed, ill, moved)

    def __len__(self) -> int:
        return len(self._mould.conditions)

    def __iter__(self) -> Iterator[Condition]:
        for number in range(len(self)):
            yield self._mould.at(number, self._times)

    @overload
    def __getitem__(self, index: int) -> Condition: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Condition]: ...
    def __getitem__(self, index: int | slice) -> Condition | Sequence[Condition]:
        if isinstance(index, int) and index >= 0:
            return self._mould.at(index, self._times)
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MouldedConditions) and other._mould is self._mould:
            return other._times == self._times
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@lru_cache(MOST_MOULDS)
def _cuts(widths: tuple[int, ...]) -> tuple[Cut, Cut]:
    """Make what cuts the parts that are alike out of conditions, each with the Z of the time before it, and the times.

    Thousands that fail tell of their names, and most names are as long as others.
    """
    first, *more = widths
    alike = [first, *(width + 1 for width in more)]
    cut = struct.Struct(f"{_OPEN}x".join(f"{width}s" for width in alike))
    cut_times = struct.Struct(f"{_WIDTH}s".join(f"{width}x" for width in widths))
    return cut.unpack, cut_times.unpack


def read_conditions(raw: bytes) -> tuple[Condition, ...]:
    """Read conditions strictly, or leniently where one is odd."""
    try:
        found = _DECODER.decode(raw) if raw else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = fit({"conditions": json.loads(raw.decode("utf-8", "replace"))}, _Holder).conditions
    # A Cond has the fields of a Condition under the same names, and is made six times faster.
    return cast(tuple[Condition, ...], found or ())


def mould_of(raw: bytes, conditions: tuple[Condition, ...]) -> Mould | None:
    """Make a mould; None where times are written as they seldom are, or not at all."""
    before, *after = raw.split(_BEFORE)
    if not after or len(after) != sum(condition.since is not None for condition in conditions):
        return None
    if not all(part[_OPEN : _OPEN + 2] == b'Z"' for part in after):
        return None
    widths = [len(before) + len(_BEFORE), *(len(part) - _WIDTH + len(_BEFORE) for part in after)]
    widths[-1] -= len(_BEFORE)
    told = [Condition(c.type, c.status, c.reason, c.message, c.severity, c.since) for c in conditions]
    return Mould(widths, raw, tuple(told))


def _moment(text: str) -> datetime | None:
    try:
        return _read(text)
    except ValueError:
        return None

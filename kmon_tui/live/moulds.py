"""The conditions of served objects, of which most objects of a fleet differ in the times alone.

What thousands have alike is read once, as a mould; of each object its times are kept beside it, a sixth of what all its
conditions would take, and no more is read of them than tells whether it serves.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import cast, overload

import msgspec

from kmon_tui.domain.conditions import Hearing, Told, hear, listen
from kmon_tui.domain.service import Condition
from kmon_tui.live.codec import fit
from kmon_tui.live.shapes import Cond

MOST_MOULDS = 256
_ALIKE_IN_LENGTH = 4
_BEFORE = b'"lastTransitionTime":"'
_WIDTH = len("2026-08-21T09:01:12Z")
_new = tuple.__new__


class _Holder(msgspec.Struct):
    conditions: tuple[Cond, ...] | None = None


_DECODER = msgspec.json.Decoder(tuple[Cond, ...] | None)


class Moulds:
    """Reads conditions, and knows what it has read so far."""

    def __init__(self) -> None:
        self._by_length: dict[int, list[Mould]] = {}
        self._count = 0

    def read(self, written: msgspec.Raw) -> Sequence[Condition]:
        """Read ``status.conditions`` as the API server wrote it."""
        raw = bytes(written)
        for mould in self._by_length.get(len(raw), ()):
            parts = mould.cut(raw)
            if parts[::2] == mould.alike:
                return MouldedConditions(mould, parts[1::2])
        conditions = read_conditions(raw)
        new = mould_of(raw, conditions)
        if new is None:
            return conditions
        self._keep(len(raw), new)
        return MouldedConditions(new, new.cut(raw)[1::2])

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

    __slots__ = ("_moved", "_ready", "_ready_at", "alike", "conditions", "cut", "heard", "places")

    def __init__(self, layout: struct.Struct, raw: bytes, conditions: tuple[Condition, ...]) -> None:
        self.cut = layout.unpack
        """Cuts what the API server wrote into the parts that are alike and, between them, the times."""
        self.alike = self.cut(raw)[::2]
        dated = [at for at, condition in enumerate(conditions) if condition.since is not None]
        self.places = {at: place for place, at in enumerate(dated)}
        """Which of all times is that of a condition."""
        self.conditions = tuple([condition._replace(since=None) for condition in conditions])
        self.heard = heard = hear(conditions)
        moving = [self.places[at] for at in heard.moving]
        self._moved = itemgetter(*moving, moving[0]) if moving else None
        self._ready = None if heard.roll_up is None else self.conditions[heard.roll_up][:-1]
        self._ready_at = None if heard.roll_up is None else self.places.get(heard.roll_up)

    def at(self, number: int, times: Sequence[bytes]) -> Condition:
        """Give one condition with its time."""
        condition, place = self.conditions[number], self.places.get(number)
        if place is None:
            return condition
        type_, status, reason, message, severity, _ = condition
        return _new(Condition, (type_, status, reason, message, severity, _moment(times[place])))

    def told(self, times: Sequence[bytes]) -> Told | None:
        """Tell what they say together; None when a time cannot be read."""
        _, stopped, failed, ailing, _ = self.heard
        since = None
        if self._moved is not None and (since := _moment(max(self._moved(times)))) is None:
            return None
        ready = None
        if self._ready is not None:
            place = self._ready_at
            ready = _new(Condition, (*self._ready, None if place is None else _moment(times[place])))
        return _new(Told, (ready, stopped, failed, None if ailing is None else self.at(ailing, times), since))


class MouldedConditions(Hearing):
    """The conditions of one object, read anew at every access."""

    __slots__ = ("_mould", "_times", "_told")

    def __init__(self, mould: Mould, times: tuple[bytes, ...]) -> None:
        self._mould, self._times = mould, b"".join(times)
        # A row is made of it at once, as a rule: that is not looked for twice, and not kept.
        self._told = mould.told(times)

    def told(self) -> Told:
        """Tell what they say together."""
        told, self._told = self._told, None
        return told or self._mould.told(self._parts()) or listen(tuple(self))

    def _parts(self) -> list[bytes]:
        times = self._times
        return [times[at : at + _WIDTH] for at in range(0, len(times), _WIDTH)]

    def __len__(self) -> int:
        return len(self._mould.conditions)

    def __iter__(self) -> Iterator[Condition]:
        times = self._parts()
        for number in range(len(self)):
            yield self._mould.at(number, times)

    @overload
    def __getitem__(self, index: int) -> Condition: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Condition]: ...
    def __getitem__(self, index: int | slice) -> Condition | Sequence[Condition]:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MouldedConditions) and other._mould is self._mould:
            return other._times == self._times
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


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
    if not all(part[_WIDTH - 1 : _WIDTH + 1] == b'Z"' for part in after):
        return None
    widths = [len(before) + len(_BEFORE), *(len(part) - _WIDTH + len(_BEFORE) for part in after)]
    widths[-1] -= len(_BEFORE)
    layout = struct.Struct(f"{_WIDTH}s".join(f"{width}s" for width in widths))
    told = [Condition(c.type, c.status, c.reason, c.message, c.severity, c.since) for c in conditions]
    return Mould(layout, raw, tuple(told))


@lru_cache(maxsize=4096)
def _moment(text: bytes) -> datetime | None:
    """Read a time; those that are asked for together are often the same one."""
    try:
        return datetime.fromisoformat(text.decode())
    except ValueError:
        return None

"""What the gains of some counters mean together: requests, those that failed, codes, tokens. Worked out once per set.

All but a few services of a fleet count the same things, so each tick only has to add up numbers by their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from kmon_tui.live.packs.dialect import FAILED, Role

Slot: TypeAlias = tuple[Role, str]
"""What is counted, and the class of the code."""
Places: TypeAlias = tuple[int, ...]
Coded: TypeAlias = tuple[tuple[str, float], ...]

_EXTRA = frozenset(
    {
        Role.DURATION, Role.PROMPT_TOKENS, Role.GENERATION_TOKENS, Role.PREFIX_QUERIES, Role.PREFIX_HITS,
        Role.PREEMPTIONS,
    }
)  # fmt: skip


class Reckoning(NamedTuple):
    """Where among some numbers those stand that are added up."""

    requests: Places
    coded: tuple[tuple[str, int], ...]
    """Requests by class of their answers, where they have one."""
    bad: Places
    good: Places
    """What is taken away from ``bad``."""
    base: Places | None
    """What those that failed are a share of; None where nobody counts what went wrong."""
    extra: tuple[tuple[Role, int], ...]

    def of(self, gains: Sequence[float]) -> tuple[float, float, float | None, Coded]:
        """Give requests, how many went wrong, of how many, and requests by code."""
        requests = sum([gains[place] for place in self.requests])
        coded = tuple([(code, gains[place]) for code, place in self.coded])
        if self.base is None:
            return requests, 0.0, None, coded
        bad = sum([gains[place] for place in self.bad]) if self.bad else 0.0
        if self.good:
            bad -= sum([gains[place] for place in self.good])
        base = requests if self.base is self.requests else sum([gains[place] for place in self.base])
        return requests, bad, base, coded

    def beside(self, gains: Sequence[float]) -> dict[Role, float]:
        """Give what else was counted: time, tokens."""
        return {role: gains[place] for role, place in self.extra}


@lru_cache(maxsize=1024)
def reckoning_of(slots: tuple[Slot, ...]) -> Reckoning:
    """Work out what counters mean together."""

    def of(*wanted: Role) -> Places:
        return tuple([place for place, (role, _) in enumerate(slots) if role in wanted])

    requests = of(Role.REQUESTS)
    coded = tuple([(slots[place][1], place) for place in requests if slots[place][1]])
    bad: Places = ()
    good: Places = ()
    base: Places | None = None
    if coded:
        bad, base = tuple([place for wrong in ("5xx", FAILED) for code, place in coded if code == wrong]), requests
    elif attempts := of(Role.ATTEMPTS):
        bad, good, base = attempts, of(Role.SUCCESSES), attempts
    elif answers := of(Role.ANSWERS):
        bad, base = tuple([place for place in answers if slots[place][1] == "5xx"]), answers
    elif of(Role.FAILURES, Role.FINE):
        bad, base = of(Role.FAILURES), requests
    extra = tuple([(role, place) for place, (role, _) in enumerate(slots) if role in _EXTRA])
    return Reckoning(requests, coded, bad, good, base, extra)

"""One of several copies: a process whose series are there under other guards too is to be asked for once. Pure.

A hub may hold what it scrapes by itself beside what it got of the same pods from elsewhere, with a label more. The
books take one of the two; a question about pods, which adds up whatever has their labels, must do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Family
from kmon_tui.live.guards import BY, quoted
from kmon_tui.live.packs.dialect import also
from kmon_tui.live.target import Target


def one_copy(matchers: str, targets: Iterable[Target], key: Key, families: Collection[Family]) -> dict[Family, str]:
    """Give the matchers for each family of a service that leave one copy of its processes, the same at each tick."""
    own: dict[Family, list[Target]] = {family: [] for family in families}
    for target in targets:
        if target.owner == key and target.dialect.family in own:
            own[target.dialect.family].append(target)
    return {family: (matchers + _only(found)).lstrip(",") for family, found in own.items()}


def _only(own: list[Target]) -> str:
    """Tell the copy that most processes have from the others; nothing where each is there once."""
    if len({target.guards for target in own}) < 2:
        return ""
    newest = max(target.seen_s or 0 for target in own)
    there = [target for target in own if target.seen_s == newest]
    copies = Counter(target.guards for target in there)
    if len(copies) < 2 or len({target.place for target in there}) == len(there):
        return ""
    best = max(sorted(copies), key=copies.__getitem__)
    apart = (i for i in range(len(BY)) if any(guards[i] != best[i] for guards in copies))
    return "".join(also(f"{BY[i]}={quoted(best[i])}") for i in apart)

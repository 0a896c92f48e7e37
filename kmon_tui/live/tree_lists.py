"""Lists for many services at once: by namespace while there are few, and of the whole cluster when there are many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.tree import Blind, Why
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec, Thing, Wanted
from kmon_tui.live.raw_list import list_pages
from kmon_tui.live.resource import LONGEST_VALUE
from kmon_tui.live.tree_parts import Part

MOST_PAGES = 4
FEW_PLACES = 4
"""In so many namespaces lists are made one by one."""
LONGEST_SELECTOR = 3000
"""Characters of names in one selector: proxies refuse longer URLs."""


@dataclass(slots=True)
class Found:
    """What came of some lists."""

    things: list[Thing] = field(default_factory=list)
    blind: dict[Blind, None] = field(default_factory=dict)
    partial: bool = False
    """Whether there may be more: too many pages, or only some namespaces may be listed."""
    left: set[str] = field(default_factory=set)
    """Namespaces that were not read: another reading may begin with them."""


class Lists:
    """Makes lists and counts them."""

    def __init__(self, client: KubeClient, groups: Groups, order: Sequence[str] = ()) -> None:
        """``order``: which namespaces come first where not all can be read, so that all kinds are read of the same."""
        self._client, self._groups = client, groups
        self._ranks = {space: rank for rank, space in enumerate(order)}
        self.asked = 0

    async def read(
        self, part: Part, spaces: Sequence[str], wanted: Wanted | None = None, *, wide: bool = False
    ) -> Found:
        """List one kind in these namespaces, those with the most services first; ``wide``: it has no namespace.

        Of what is not wanted nothing is kept: two thousand whole objects would take 25 MB for a moment, and a
        process never gives all of it back. Raises BackendError when nobody answers.
        """
        base = self._groups.base(part.group, part.versions)
        if not base:
            return Found(blind={Blind(part.kind, Why.ABSENT): None})
        codec = RawCodec(part.kind, base.removeprefix("/apis/").removeprefix("/api/"), wanted, managed=False)
        found = Found()
        if not wide and len(spaces) <= FEW_PLACES:
            for space in spaces:
                await self._list(part, base, space, codec, found)
            return found
        refusal = await self._list(part, base, None, codec, found)
        if isinstance(refusal, Forbidden) and not wide:
            ranked = sorted(spaces, key=lambda space: self._ranks.get(space, len(self._ranks)))
            found = Found(left=set(ranked[FEW_PLACES:]))
            for space in ranked[:FEW_PLACES]:
                await self._list(part, base, space, codec, found)
        return found

    async def _list(
        self, part: Part, base: str, space: str | None, codec: RawCodec, found: Found
    ) -> BackendError | None:
        self.asked += 1
        try:
            things, complete = await list_pages(self._client, part.resource(base), space, codec, MOST_PAGES)
        except NotFound as error:
            found.blind[Blind(part.kind, Why.ABSENT, error.message)] = None
            return error
        except Forbidden as error:
            found.blind[Blind(part.kind, Why.FORBIDDEN, error.message)] = None
            return error
        except BackendError as error:
            if error.status == 0:
                raise  # nobody answers
            found.blind[Blind(part.kind, Why.FAILED, error.message)] = None
            return error
        found.things += [thing for thing in things if thing.object]
        found.partial |= not complete
        return None


def called(names: Iterable[tuple[str, str]]) -> Wanted:
    """Want objects by namespace and name; what is cluster-wide has an empty namespace."""
    known = frozenset(names)
    return lambda peek: (peek.metadata.namespace, peek.metadata.name) in known


def most_first(spaces: Iterable[str]) -> list[str]:
    """Give each namespace once, the one that is named most often first."""
    counts: dict[str, int] = {}
    for space in spaces:
        counts[space] = counts.get(space, 0) + 1
    return sorted(counts, key=lambda space: (-counts[space], space))


def selected(part: Part, name: str, values: Iterable[str], before: str = "") -> list[Part]:
    """Give parts that together choose all objects with one of these values of a label, and with ``before``.

    None for a value that is too long for a label, which would spoil the others.
    """
    chunks: list[list[str]] = []
    length = LONGEST_SELECTOR
    for value in sorted({value for value in values if len(value) <= LONGEST_VALUE}):
        if length + len(value) + 1 > LONGEST_SELECTOR:
            chunks.append([])
            length = 0
        chunks[-1].append(value)
        length += len(value) + 1
    start = f"{before}," if before else ""
    return [replace(part, selector=f"{start}{name} in ({','.join(chunk)})") for chunk in chunks]

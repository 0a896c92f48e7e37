"""What many services refer to, read once for all: by name while it is little, by lists when it is much."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from kmon_tui.domain.peek import label, name_of, text
from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import Blind, Object, Ref, Why
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.tree_lists import Lists, called, most_first, selected
from kmon_tui.live.tree_parts import Part
from kmon_tui.live.tree_refs import MAY_BE_GONE, Refs, Wish

FEW = 3
"""So many objects of a kind are asked for by name."""
_Bundle = tuple[str, str, tuple[str, ...], str]
"""Kind, group, versions, plural."""


class Shared:
    """What was read for the wishes of many services."""

    def __init__(self, client: KubeClient, groups: Groups, lists: Lists) -> None:
        self._refs, self._lists = Refs(client, groups), lists
        self._objects: dict[str, list[Object]] = {}
        self._blind: dict[str, list[Blind]] = {}
        self._partial: set[str] = set()
        self._left: dict[str, set[str]] = {}
        """By kind the namespaces that were not read."""
        self._absent: set[Ref] = set()

    async def ask(self, asked: Iterable[Wish]) -> None:
        """Read what all of these ask for. Raises BackendError when nobody answers."""
        bundles: dict[_Bundle, dict[Wish, None]] = {}
        for wish in asked:
            bundles.setdefault(wish[:4], {})[wish] = None
        for (kind, group, versions, plural), wishes in bundles.items():
            if len(wishes) <= FEW:
                await self._each(kind, wishes)
            else:
                await self._all(Part(kind, group, versions, plural), wishes)

    def of(self, wishes: Iterable[Wish]) -> tuple[Object, ...]:
        """Give what these ask for, as far as it is there."""
        found = [one for wish in wishes for one in self._objects.get(wish.kind, ()) if _meant(one, wish)]
        return tuple({id(one): one for one in found}.values())

    def blind(self, wishes: Iterable[Wish]) -> tuple[Blind, ...]:
        """Give what of these could not be read and would be missed."""
        told = [
            one
            for wish in wishes
            for one in self._blind.get(wish.kind, ())
            if not (wish.quiet and one.why is Why.FORBIDDEN)
        ]
        return tuple(dict.fromkeys(told))

    def partial(self, wishes: Iterable[Wish]) -> bool:
        """Say whether some of what these ask for may not have been read."""
        return any(wish.kind in self._partial or wish.namespace in self._left.get(wish.kind, ()) for wish in wishes)

    def absent(self, wishes: Iterable[Wish]) -> tuple[Ref, ...]:
        """Give the nodes and quotas of these that do not exist."""
        named = dict.fromkeys(wish.ref for wish in wishes if wish.kind in MAY_BE_GONE and wish.name)
        return tuple(ref for ref in named if ref in self._refs.absent or ref in self._absent)

    async def _each(self, kind: str, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            self._lists.asked += 1
            things, blind = await self._refs.one(wish)
            self._objects.setdefault(kind, []).extend(thing.object for thing in things)
            self._blind.setdefault(kind, []).extend([] if blind is None else [blind])

    async def _all(self, part: Part, wishes: Collection[Wish]) -> None:
        spaces = most_first(wish.namespace for wish in wishes if wish.namespace is not None)
        values = {value for wish in wishes for value in wish.values}
        names = {(wish.namespace or "", wish.name) for wish in wishes if wish.name}
        everything = any(not wish.name for wish in wishes)
        name = next((wish.label for wish in wishes if wish.label), "")
        for one in selected(part, name, values) if name else [part]:
            found = await self._lists.read(one, spaces, None if everything else called(names), wide=not spaces)
            self._objects.setdefault(part.kind, []).extend(thing.object for thing in found.things)
            self._blind.setdefault(part.kind, []).extend(found.blind)
            if found.partial:
                self._partial.add(part.kind)
            self._left.setdefault(part.kind, set()).update(found.left)
            if part.kind in MAY_BE_GONE and not (found.blind or found.partial):
                known = {(thing.metadata.namespace, thing.metadata.name) for thing in found.things}
                read = [wish.ref for wish in wishes if wish.name and wish.namespace not in found.left]
                self._absent |= {ref for ref in read if (ref.namespace, ref.name) not in known}


def _meant(found: Object, wish: Wish) -> bool:
    if wish.namespace is not None and text(found, "metadata", "namespace") != wish.namespace:
        return False
    if not text(found, "apiVersion").startswith(wish.group):
        return False
    if wish.label:
        return label(found, wish.label) in wish.values
    return not wish.name or name_of(found) == wish.name


def union(wishes: Mapping[Key, list[Wish]]) -> list[Wish]:
    """Give all wishes of all services, each once."""
    return list(dict.fromkeys(wish for asked in wishes.values() for wish in asked))

"""One reading of services in trouble, as deep as an opened one's, in a number of lists that hardly grows with them.

A few lists come first and tell most causes (the services, their pods, revisions and Deployments, the warnings); then
come the other kinds, what is referred to, the last words of containers and what the models say themselves.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.peek import is_ready, kind_of, label, name_of, of_kind, text
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode
from kmon_tui.domain.tree import Blind, Object, ObjectTree
from kmon_tui.live.discovery import PLURALS, VERSIONS
from kmon_tui.live.groups import Groups
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import Thing, Wanted
from kmon_tui.live.tree_events import EventFilter, last_seen
from kmon_tui.live.tree_lists import FEW_PLACES, Found, Lists, called, most_first, selected
from kmon_tui.live.tree_owned import of_one, owned
from kmon_tui.live.tree_parts import KSERVE, LABELS, OF_LLM, OF_MESH, Part, mode_of, parts_of, pods_part
from kmon_tui.live.tree_refs import Wish, wishes
from kmon_tui.live.tree_shared import FEW, Shared, union
from kmon_tui.live.tree_standin import stand_in
from kmon_tui.live.tree_words import Words

_TELLING = frozenset({"Pod", "Revision", "Deployment"})
_EVENTS = Part("Event", "", ("v1",), "events", fields="type=Warning")
_WITH_STEPS = ("Pod", "LeaderWorkerSet", "PersistentVolumeClaim")
"""Kinds that tell by events which are no warnings what they wait for, or why they begin anew."""
_Way = tuple[Part, str]
"""A kind without its selector, and the label that chooses: empty when the service's own name does."""


class Round:
    """One reading; `first()` comes before `rest()`. Both raise BackendError when nobody answers."""

    def __init__(self, client: KubeClient, groups: Groups, rows: Sequence[InferenceService], words: Words) -> None:
        self.rows, self._words = rows, words
        self._client = client
        self._lists = Lists(client, groups, most_first(row.key.namespace for row in rows))
        self._shared = Shared(client, groups, self._lists)
        self._roots: dict[Key, Object] = {}
        self._below: dict[Key, list[Object]] = {row.key: [] for row in rows}
        self._blind: dict[Key, dict[Blind, None]] = {row.key: {} for row in rows}
        self._partial: set[Key] = set()
        self.left: set[Key] = set()
        """Those in namespaces that were not read: another round may begin with them."""
        self._ways: dict[_Way, list[Key]] = {}
        self._wishes: dict[Key, list[Wish]] = {}
        self._refs: dict[Key, tuple[Object, ...]] = {}
        self._events: list[Object] = []

    @property
    def asked(self) -> int:
        """How many requests it has made."""
        return self._lists.asked

    async def first(self) -> dict[Key, ObjectTree]:
        """Give what a few lists tell of each."""
        await self._read_roots()
        self._find_ways()
        for way in [one for one in self._ways if one[0].kind in _TELLING]:
            await self._children(way, self._ways.pop(way))
        spaces = most_first(row.key.namespace for row in self.rows)
        found = await self._lists.read(_EVENTS, spaces)
        self._events = [thing.object for thing in found.things]
        self._note(found, self._below, partial=False)  # old warnings are lost in any case
        return self._trees(shallow=True)

    async def rest(self) -> dict[Key, ObjectTree]:
        """Give everything; what could not all be read says that it is shallow."""
        for way, keys in self._ways.items():
            await self._children(way, keys)
        await self._read_owned()
        self._wishes = {key: wishes(key, self._roots.get(key), tuple(self._below[key])) for key in self._below}
        await self._shared.ask(union(self._wishes))
        for key, asked in self._wishes.items():
            self._refs[key] = self._shared.of(asked)
            self._blind[key].update(dict.fromkeys(self._shared.blind(asked)))
            if self._shared.partial(asked):
                self._partial.add(key)
        await self._read_steps()
        self._lists.asked += await self._words.read(
            {key: (self._roots.get(key), (*self._below[key], *self._refs[key])) for key in self._below}
        )
        self._partial |= self._words.unread
        return self._trees(shallow=False)

    def _trees(self, *, shallow: bool) -> dict[Key, ObjectTree]:
        events = self._by_service()
        words = {row.key: self._words.tree(row.key) for row in self.rows}
        return {
            row.key: replace(
                words[row.key],
                absent=(*words[row.key].absent, *self._shared.absent(self._wishes.get(row.key, ()))),
                root=self._roots.get(row.key) or stand_in(row),
                objects=(*self._below[row.key], *self._refs.get(row.key, ()), *self._words.holders(row.key)),
                events=events.get(row.key, ()),
                blind=tuple(dict.fromkeys([*self._blind[row.key], *self._words.blind(row.key)])),
                synced=True,
                shallow=shallow or row.key in self._partial or row.key in self.left,
                health=Health(Status.LIVE),
            )
            for row in self.rows
        }

    async def _read_roots(self) -> None:
        for kind in dict.fromkeys(row.key.kind for row in self.rows):
            wanted = [row.key for row in self.rows if row.key.kind is kind]
            part = Part(str(kind), KSERVE, VERSIONS[kind], PLURALS[kind])
            found = await self._by_name(part, wanted)
            self._note(found, wanted)
            self._roots |= {Key(kind, t.metadata.namespace, t.metadata.name): t.object for t in found.things}

    async def _read_owned(self) -> None:
        """Read the children of those that no label leads to, in a few namespaces: those renamed first."""
        bare = [key for key, below in self._below.items() if not below and key in self._roots]
        renamed = [key.namespace for key in bare if text(self._roots[key], "spec", "labels", LABELS[Kind.LLM])]
        places = dict.fromkeys([*most_first(renamed), *most_first(key.namespace for key in bare)])
        for space in list(places)[:FEW_PLACES]:
            here = [key for key in bare if key.namespace == space]
            found, asked = await owned(self._client, space, [self._roots[key] for key in here])
            self._lists.asked += asked
            for key in here:
                self._below[key] += of_one(self._roots[key], found)

    async def _read_steps(self) -> None:
        objects = [*self._below.values(), *self._refs.values()]
        for kind in _WITH_STEPS:
            things = [one for some in objects for one in of_kind(some, kind) if not _settled(one)]
            names = frozenset(name_of(one) for one in things)
            if names:
                spaces = most_first(text(one, "metadata", "namespace") for one in things)
                part = replace(_EVENTS, fields=f"type=Normal,involvedObject.kind={kind}")
                found = await self._lists.read(part, spaces, _about(names))
                self._events += [thing.object for thing in found.things]

    def _find_ways(self) -> None:
        known: dict[tuple[Kind, Mode], tuple[_Way, ...]] = {}
        for row in self.rows:
            key, root = row.key, self._roots.get(row.key)
            mode = row.mode if root is None else mode_of(key, root)
            if (key.kind, mode) not in known:
                known[key.kind, mode] = _ways_of(key, mode)
            for way in known[key.kind, mode]:
                self._ways.setdefault(way, []).append(key)

    async def _children(self, way: _Way, keys: Sequence[Key]) -> None:
        part, name = way
        if not name:
            found = await self._by_name(part, keys)
        else:
            found = Found()
            for one in _choosing(part, name, keys):
                more = await self._lists.read(one, most_first(key.namespace for key in keys))
                found.things += more.things
                found.blind |= more.blind
                found.partial |= more.partial
                found.left |= more.left
        self._note(found, keys)
        owners = _owners(name, keys)
        for thing in found.things:
            for key in owners.get(_owner(name, thing), ()):
                self._below[key].append(thing.object)

    async def _by_name(self, part: Part, keys: Sequence[Key]) -> Found:
        """Read what is called like the services: one by one while they are few."""
        if len(keys) > FEW:
            names = {(key.namespace, key.name) for key in keys}
            return await self._lists.read(part, most_first(key.namespace for key in keys), called(names))
        found = Found()
        for key in keys:
            one = await self._lists.read(replace(part, fields=f"metadata.name={key.name}"), [key.namespace])
            found.things += one.things
            found.blind |= one.blind
        return found

    def _note(self, found: Found, keys: Iterable[Key], *, partial: bool = True) -> None:
        """Keep what could not be read of these."""
        for key in keys:
            self._blind[key].update(found.blind)
        if partial and found.partial:
            self._partial |= set(keys)
        self.left.update([key for key in keys if key.namespace in found.left])

    def _by_service(self) -> Mapping[Key, tuple[Object, ...]]:
        """Give each service the warnings about it and about what is or was below it."""
        owners: dict[tuple[str, str, str], list[Key]] = {}
        for key in self._below:
            claims = of_kind(self._refs.get(key, ()), "PersistentVolumeClaim")
            names = {(kind_of(found), name_of(found)) for found in (*self._below[key], *claims)}
            for kind, name in names | {(str(key.kind), key.name)}:
                owners.setdefault((key.namespace, kind, name), []).append(key)
        filters: dict[str, list[tuple[Key, EventFilter]]] = {}
        for key in self._below:
            filters.setdefault(key.namespace, []).append((key, EventFilter(key.name)))
        told: dict[Key, list[Object]] = {}
        for event in self._events:
            space = text(event, "metadata", "namespace")
            kind, name = text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
            known = owners.get((space, kind, name))
            gone = (key for key, chooser in filters.get(space, ()) if chooser.looks_own(kind, name))
            for key in known or [key for key in [next(gone, None)] if key is not None]:
                told.setdefault(key, []).append(event)
        return {key: tuple(sorted(events, key=last_seen)) for key, events in told.items()}


def _settled(one: Object) -> bool:
    """Say whether an object waits for nothing."""
    return is_ready(one) or text(one, "status", "phase") == "Bound"


def _about(names: Container[str]) -> Wanted:
    """Want events about objects of these names."""
    return lambda peek: peek.involved is not None and peek.involved.name in names


def _ways_of(key: Key, mode: Mode) -> tuple[_Way, ...]:
    """Give how all that is below a service is found; the same for all services of a kind that are run alike."""
    return tuple(
        (
            replace(part, selector="", fields="", watched=True),
            "" if part.fields else OF_MESH if part.selector == OF_MESH else LABELS[key.kind],
        )
        for part in (pods_part(key, mode), *parts_of(key, mode))
    )


def _choosing(part: Part, name: str, keys: Sequence[Key]) -> list[Part]:
    if name == OF_MESH:
        return [replace(part, selector=OF_MESH)]
    # The label of an LLMInferenceService is one that everybody uses.
    before = OF_LLM if keys[0].kind is Kind.LLM else ""
    return selected(part, name, [key.name for key in keys], before)


def _owners(name: str, keys: Iterable[Key]) -> dict[tuple[str, str], list[Key]]:
    """Give the services by what tells that something is theirs; the pods of ModelMesh are everybody's there."""
    found: dict[tuple[str, str], list[Key]] = {}
    for key in keys:
        found.setdefault((key.namespace, "" if name == OF_MESH else key.name), []).append(key)
    return found


def _owner(name: str, thing: Thing) -> tuple[str, str]:
    if name == OF_MESH:
        return thing.metadata.namespace, ""
    return thing.metadata.namespace, label(thing.object, name) if name else thing.metadata.name

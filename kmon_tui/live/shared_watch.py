"""Watches that many forwards share: the API server sees one for each kind and namespace, not one for each forward."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from kmon_tui.live.codec import Codec
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.resource import Resource, labelled
from kmon_tui.live.shelf import Shelf, T, name_of
from kmon_tui.live.sink import Name
from kmon_tui.live.watch import Around, Follower

GATHER_S = 0.02
"""Those who ask within so long are asked for together."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to follow. Questions that differ in ``value`` alone share a watch."""

    base: str
    plural: str
    namespace: str
    selector: str = ""
    """A labelSelector that all of them have."""
    label: str = ""
    """The label that must have the value; empty: ``value`` is the name of the object."""
    value: str = ""
    """Empty: whatever the selector gives."""
    together: bool = True
    """Whether several names are found by listing the whole namespace; else each has a watch of its own."""

    def alike(self) -> tuple[str, ...]:
        """Give what questions have in common that share a watch."""
        own = "" if self.together else self.value
        return (self.base, self.plural, self.namespace, self.selector, self.label, own)

    def resource(self, values: set[str]) -> Resource:
        """Give what answers the questions with these values."""
        only = next(iter(values)) if len(values) == 1 else ""
        selector, fields = self.selector, ""
        if self.label:
            own = labelled(self.label, *values)
            selector = f"{selector},{own}" if selector else own
        elif only:
            fields = f"metadata.name={only}"
        return Resource(self.base, self.plural, selector=selector, fields=fields)


@dataclass(eq=False, slots=True)
class _User(Generic[T]):
    """Somebody who follows."""

    shelf: Shelf[T]
    wants: Callable[[T], bool]
    changed: Callable[[], None]
    failed: asyncio.Future[None]


@dataclass(eq=False)
class _Shared(Generic[T]):
    """One watch and those who share it; the Sink of its follower."""

    question: Question
    values: set[str] = field(default_factory=set)
    users: set[_User[T]] = field(default_factory=set)
    things: dict[Name, T] = field(default_factory=dict)
    follower: Follower[T] | None = None
    task: asyncio.Task[None] | None = None

    def put(self, thing: T) -> Name:
        """Keep it, and give it to those who want it."""
        name = name_of(thing)
        self.things[name] = thing
        for user in self.users:
            if user.wants(thing):
                user.shelf.put(thing)
            else:
                user.shelf.gone(thing)
        return name

    def gone(self, thing: T) -> None:
        """Forget it everywhere."""
        self.things.pop(name_of(thing), None)
        for user in self.users:
            user.shelf.gone(thing)

    def doubt(self) -> None:
        """Hear that a known version may say something else: all are kept as they come."""

    def only(self, names: set[Name]) -> None:
        """Forget all but these everywhere."""
        self.things = {name: thing for name, thing in self.things.items() if name in names}
        for user in self.users:
            user.shelf.only(names)

    def tell(self, user: _User[T]) -> None:
        """Tell how it stands."""
        if self.follower is not None:
            user.shelf.listed = user.shelf.listed or self.follower.listed
            user.shelf.health = self.follower.health
            user.changed()


class SharedWatches:
    """The watches of one cluster's forwards."""

    def __init__(self, client: KubeClient, around: Around) -> None:
        self._client, self._around = client, around
        self._shared: dict[tuple[str, ...], _Shared[Any]] = {}

    async def follow(
        self,
        question: Question,
        codec: Codec[T],
        shelf: Shelf[T],
        wants: Callable[[T], bool],
        changed: Callable[[], None],
    ) -> None:
        """Keep the shelf filled until cancelled. Raises NotFound and Forbidden, which no waiting of ours ends."""
        shared: _Shared[T] = self._shared.setdefault(question.alike(), _Shared(question))
        user = _User(shelf, wants, changed, asyncio.get_running_loop().create_future())
        shared.users.add(user)
        for thing in filter(wants, shared.things.values()):
            shelf.put(thing)
        if shared.task is None or question.value not in shared.values:
            shared.values.add(question.value)
            self._begin(shared, codec)
        else:
            shared.tell(user)
        try:
            await user.failed
        finally:
            shared.users.discard(user)
            if not shared.users:
                self._shared.pop(question.alike(), None)
                if shared.task is not None:
                    shared.task.cancel()
                    await asyncio.wait((shared.task,))

    def _begin(self, shared: _Shared[T], codec: Codec[T]) -> None:
        """Follow anew, with the values of all who share it."""
        if shared.task is not None:
            shared.task.cancel()
        shared.follower = None
        name = f"shared watch of {shared.question.plural} in {shared.question.namespace}"
        task = shared.task = asyncio.create_task(self._run(shared, codec), name=name)
        task.add_done_callback(lambda done: _ended(shared, done))

    async def _run(self, shared: _Shared[T], codec: Codec[T]) -> None:
        await asyncio.sleep(GATHER_S)

        def changed() -> None:
            if shared.follower is follower:
                for user in tuple(shared.users):
                    shared.tell(user)

        resource = shared.question.resource(shared.values)
        namespace = shared.question.namespace
        follower = Follower(self._client, resource, namespace, codec, shared, changed, self._around)
        shared.follower = follower
        await follower.run()


def _ended(shared: _Shared[Any], task: asyncio.Task[None]) -> None:
    """Tell all who share a watch why it has ended."""
    if task.cancelled() or task is not shared.task:
        return
    shared.task = None
    error = task.exception()
    for user in shared.users:
        if error is not None and not user.failed.done():
            user.failed.set_exception(error)

"""Where the objects of one kind are kept that somebody follows."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from kmon_tui.domain.health import Health
from kmon_tui.live.sink import Name


class HasName(Protocol):
    """Metadata of an object that can be watched."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def namespace(self) -> str:
        """Namespace."""

    @property
    def version(self) -> str:
        """The resourceVersion."""


class Thing(Protocol):
    """Anything with such metadata."""

    @property
    def metadata(self) -> HasName:
        """The metadata."""


T = TypeVar("T", bound=Thing)


def name_of(thing: Thing) -> Name:
    """Give namespace and name."""
    return (thing.metadata.namespace, thing.metadata.name)


class Shelf(Generic[T]):
    """Keeps the objects of one kind; the Sink of a Follower."""

    def __init__(self, *, needed: bool = True) -> None:
        self.needed = needed
        """Nothing can be said of the target without them."""
        self.things: dict[Name, T] = {}
        self.listed = False
        """All of them were listed once."""
        self.health = Health()

    def put(self, thing: T) -> Name:
        """Keep this object, new or changed, and say its name."""
        name = name_of(thing)
        self.things[name] = thing
        return name

    def gone(self, thing: T) -> None:
        """Forget this object."""
        self.things.pop(name_of(thing), None)

    def doubt(self) -> None:
        """Hear that a known version may say something else: all are kept as they come."""

    def only(self, names: set[Name]) -> None:
        """Forget all objects but these: a list is complete."""
        for name in self.things.keys() - names:
            del self.things[name]

    def forget(self) -> None:
        """Know nothing."""
        self.things.clear()
        self.listed = False

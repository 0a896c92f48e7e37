"""What takes the objects of one kind as they are listed and watched, and what such objects have in common."""

from __future__ import annotations

from typing import Protocol, TypeVar


class HasName(Protocol):
    """Metadata."""

    @property
    def namespace(self) -> str:
        """The namespace; empty when there is none."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def version(self) -> str:
        """The resourceVersion."""


class Shape(Protocol):
    """What can be watched: anything with metadata."""

    @property
    def metadata(self) -> HasName:
        """The metadata."""


T = TypeVar("T", bound=Shape)
T_contra = TypeVar("T_contra", contravariant=True)
Name = tuple[str, ...]
"""What a sink knows an object by: namespace and name, as a rule."""


class Sink(Protocol[T_contra]):
    """Takes the objects of one kind."""

    def put(self, thing: T_contra) -> Name:
        """Keep this object, new or changed, and say its name."""

    def gone(self, thing: T_contra) -> None:
        """Forget this object."""

    def doubt(self) -> None:
        """Hear that the same version may say something else in the next list: it is of another history."""

    def only(self, names: set[Name]) -> None:
        """Forget all objects but these: a list is complete."""

"""Objects of any kind as the JSON that they came as: what a diagnosis reads has no shape of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from kmon_tui.domain.observed import lags
from kmon_tui.live.codec import Codec, Event, ListMeta, NotReadable, Page, Trouble, fit

Wanted = Callable[["Peek"], bool]


class RawMeta(msgspec.Struct, frozen=True):
    """Of ``metadata`` what watching needs."""

    name: str = ""
    namespace: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")


class Involved(msgspec.Struct, frozen=True):
    """``involvedObject`` of an event."""

    kind: str = ""
    name: str = ""


class Peek(msgspec.Struct, frozen=True):
    """What tells whether an object is worth reading."""

    metadata: RawMeta = RawMeta()
    involved: Involved | None = msgspec.field(name="involvedObject", default=None)


class Thing(msgspec.Struct, frozen=True):
    """One object."""

    metadata: RawMeta = RawMeta()
    object: Mapping[str, Any] = {}
    """Whole, with kind and apiVersion; empty when it was not wanted."""


class _RawPage(msgspec.Struct):
    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | None = None


class _RawEvent(msgspec.Struct):
    type: str
    object: msgspec.Raw


class RawCodec(Codec[Thing]):
    """Reads lists and watch events of one kind; items of lists of built-in kinds do not say what they are."""

    def __init__(self, kind: str, api_version: str, wanted: Wanted | None = None, *, managed: bool = True) -> None:
        """``managed``: with managedFields, which take as much room as all else, and tell only who wrote what.

        Without, they are kept of what its controller has yet to look at: they tell for how long.
        """
        super().__init__(Thing)
        self._kind, self._api_version, self._wanted, self._managed = kind, api_version, wanted, managed
        self._pages = msgspec.json.Decoder(_RawPage)
        self._events = msgspec.json.Decoder(_RawEvent)
        self._peeks = msgspec.json.Decoder(Peek)

    def page(self, body: bytes | bytearray) -> Page[Thing]:
        """Read one page of a list. Raises NotReadable."""
        try:
            page = self._pages.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            tree = _tree(body)
            if not isinstance(items := tree.get("items", []), list | None):
                raise NotReadable("no list") from None
            things = [self._from_tree(item) for item in items or [] if isinstance(item, dict)]
            return Page(fit(tree.get("metadata"), ListMeta), things)
        return Page(page.metadata, [self.thing(item) for item in page.items or ()])

    def thing(self, body: bytes | msgspec.Raw) -> Thing:
        """Read one object. Raises NotReadable."""
        try:
            peek = self._peeks.decode(body)
            if self._wanted is not None and not self._wanted(peek):
                return Thing(peek.metadata)
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return self._from_tree(_tree(bytes(body)))
        return self._named(peek.metadata, found)

    def event(self, line: bytes) -> Event[Thing] | Event[Trouble]:
        """Read one line of a watch; one of type ERROR holds a Trouble. Raises NotReadable."""
        try:
            event = self._events.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            tree = _tree(line)
            kind, found = tree.get("type"), tree.get("object")
            if not isinstance(kind, str) or not isinstance(found, dict):
                raise NotReadable("no watch event") from None
            return Event(kind, fit(found, Trouble)) if kind == "ERROR" else Event(kind, self._from_tree(found))
        if event.type == "ERROR":
            return Event(event.type, fit(_tree(bytes(event.object)), Trouble))
        return Event(event.type, self.thing(event.object))

    def _from_tree(self, found: dict[str, Any]) -> Thing:
        peek = fit(found, Peek)
        if self._wanted is not None and not self._wanted(peek):
            return Thing(peek.metadata)
        return self._named(peek.metadata, found)

    def _named(self, meta: RawMeta, found: Any) -> Thing:
        if not isinstance(found, dict):
            raise NotReadable("no object")
        found.setdefault("kind", self._kind)
        found.setdefault("apiVersion", self._api_version)
        if not self._managed and isinstance(metadata := found.get("metadata"), dict) and not lags(found):
            metadata.pop("managedFields", None)
        return Thing(meta, found)


def _tree(body: bytes | bytearray) -> dict[str, Any]:
    """Parse with the standard library: slower, but lone surrogates and bad UTF-8 are survived."""
    try:
        tree = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotReadable("no JSON") from error
    if not isinstance(tree, dict):
        raise NotReadable("no object")
    return tree

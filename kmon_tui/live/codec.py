"""From the bytes of a list or a watch to shapes: strictly and fast, or leniently where one object is odd.

An object that breaks its own schema (a number as text, a list where a map belongs) loses the odd
part only, never its row, and never the rows beside it.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec import inspect

T = TypeVar("T")


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    """``metadata`` of a list."""

    version: str = msgspec.field(name="resourceVersion", default="")
    more: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    metadata: ListMeta
    items: list[T]


class Event(msgspec.Struct, Generic[T], frozen=True):
    """One line of a watch."""

    type: str
    object: T


class Trouble(msgspec.Struct, frozen=True):
    """A Kubernetes Status that tells of a failure; what an ERROR event holds."""

    code: int = 0
    reason: str = ""
    message: str = ""


class NotReadable(ValueError):
    """The bytes are not JSON of the expected outline."""


class Codec(Generic[T]):
    """Reads lists and watch events of objects of one shape."""

    def __init__(self, shape: type[T]) -> None:
        self._shape = shape
        self._page = msgspec.json.Decoder(Page[shape])  # type: ignore[valid-type]  # the shape is known at run time only
        self._event = msgspec.json.Decoder(Event[shape])  # type: ignore[valid-type]  # the shape is known at run time only

    def page(self, body: bytes | bytearray) -> Page[T]:
        """Read one page of a list. Raises NotReadable."""
        try:
            return self._page.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            tree = _tree(body)
        if not isinstance(tree, dict) or not isinstance(tree.get("items", []), list | None):
            raise NotReadable("no list")
        items = [fit(item, self._shape) for item in tree.get("items") or [] if isinstance(item, dict)]
        return Page(fit(tree.get("metadata"), ListMeta), items)

    def thing(self, body: bytes) -> T:
        """Read one object. Raises NotReadable."""
        tree = _tree(body)
        if not isinstance(tree, dict):
            raise NotReadable("no object")
        return fit(tree, self._shape)

    def event(self, line: bytes) -> Event[T] | Event[Trouble]:
        """Read one line of a watch; one of type ERROR holds a Trouble. Raises NotReadable."""
        try:
            event = self._event.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            tree = _tree(line)
        else:
            if event.type != "ERROR":
                return event
            tree = _tree(line)
        if not isinstance(tree, dict) or not isinstance(kind := tree.get("type"), str):
            raise NotReadable("no watch event")
        if kind == "ERROR":
            return Event(kind, fit(tree.get("object"), Trouble))
        return Event(kind, fit(tree.get("object"), self._shape))


def fit(value: object, shape: type[T]) -> T:
    """Fill the shape with what fits of the value; the rest keeps its default. Every field of it must have one."""
    fitted = _fit(value, _outline(cast(Hashable, shape)))
    return shape() if fitted is _NOTHING else cast(T, fitted)


_NOTHING = object()


@cache
def _outline(shape: Hashable) -> inspect.Type:
    return inspect.type_info(shape)


def _tree(body: bytes | bytearray) -> object:
    """Parse with the standard library: slower, but lone surrogates and bad UTF-8 are survived."""
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise NotReadable("no JSON") from error


def _fit(value: object, info: inspect.Type) -> Any:
    match info:
        case inspect.StructType():
            return _fit_struct(value, info)
        case inspect.UnionType():
            inner = next((t for t in info.types if not isinstance(t, inspect.NoneType)), None)
            return None if value is None or inner is None else _fit(value, inner)
        case inspect.ListType():
            items = value if isinstance(value, list) else []
            return [got for item in items if (got := _fit(item, info.item_type)) is not _NOTHING]
        case inspect.VarTupleType():
            return tuple(_fit(value, inspect.ListType(info.item_type)))
        case inspect.DictType():
            pairs = value.items() if isinstance(value, dict) else ()
            return {_text(k): got for k, v in pairs if (got := _fit(v, info.value_type)) is not _NOTHING}
        case inspect.StrType() | inspect.LiteralType():
            return _text(value) if isinstance(value, str | int | float) else _NOTHING
        case inspect.IntType():
            return _number(value)
        case inspect.BoolType():
            return value if isinstance(value, bool) else str(value).lower() == "true"
        case inspect.DateTimeType():
            return _time(value)
        case inspect.RawType():
            return msgspec.Raw(json.dumps(value).encode())
    return _NOTHING


def _fit_struct(value: object, info: inspect.StructType) -> Any:
    if not isinstance(value, dict):
        return _NOTHING
    fields: dict[str, Any] = {}
    for field in info.fields:
        if field.encode_name in value:
            got = _fit(value[field.encode_name], field.type)
            if got is not _NOTHING:
                fields[field.name] = got
    return info.cls(**fields)


def _text(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode()


def _number(value: object) -> Any:
    if isinstance(value, bool):
        return _NOTHING
    if isinstance(value, str | int | float):
        try:
            return int(value)
        except (ValueError, OverflowError):
            return _NOTHING
    return _NOTHING


def _time(value: object) -> Any:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return _NOTHING
    if time is None:
        return _NOTHING
    return time if time.tzinfo else time.replace(tzinfo=UTC)

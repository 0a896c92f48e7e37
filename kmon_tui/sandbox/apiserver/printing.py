"""Table answers: columns and cells as the server prints them for kubectl."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kmon_tui.sandbox.apiserver.durations import age_of
from kmon_tui.sandbox.apiserver.jsonpath import find
from kmon_tui.sandbox.apiserver.kinds import Column
from kmon_tui.sandbox.apiserver.printers import PRINTERS
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, encode

_NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow "
    "a client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_AGE_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_AGE = Column("Age", "date", ".metadata.creationTimestamp", _AGE_TEXT)

Cells = Callable[[JsonObject], list[Json]]


def table(
    target: Target,
    entries: Iterable[Entry],
    metadata: JsonObject,
    include: str = "Metadata",
    headers: bool = True,
) -> JsonObject:
    """Write entries as a Table; ``include`` says how much of each object comes along: None, Metadata or Object."""
    columns, cells = _columns(target), _cells(target)
    rows = [_row(target, entry, cells, include) for entry in entries]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns if headers else None,
        "rows": rows,
    }


def partial(entry: Entry) -> JsonObject:
    """Write an entry as PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": entry.object["metadata"],
    }


def _row(target: Target, entry: Entry, cells: Cells, include: str) -> JsonObject:
    row: JsonObject = {"cells": cells(entry.object)}
    if include == "Object":
        row["object"] = {**entry.object, "apiVersion": target.api_version}
    elif include != "None":
        row["object"] = partial(entry)
    return row


def _columns(target: Target) -> list[JsonObject]:
    printer = None if target.kind.custom else PRINTERS.get(target.kind.key)
    if printer is not None:
        return [_definition(column, column.description) for column in printer.columns]
    described = [
        _definition(
            column, column.description or f"Custom resource definition column (in JSONPath format): {column.path}"
        )
        for column in _printed(target)
    ]
    return [_definition(Column("Name", "string", "", _NAME_TEXT), _NAME_TEXT), *described]


def _printed(target: Target) -> tuple[Column, ...]:
    return target.version.columns or (_AGE,)


def _definition(column: Column, description: str) -> JsonObject:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": description,
        "priority": column.priority,
    }


def _cells(target: Target) -> Cells:
    printer = None if target.kind.custom else PRINTERS.get(target.kind.key)
    if printer is not None:
        return printer.cells
    columns = _printed(target)
    return lambda obj: [obj["metadata"]["name"], *(_cell(column, obj) for column in columns)]


def _cell(column: Column, obj: JsonObject) -> Json:
    found = find(obj, column.path)
    if not found or found[0] is None:
        return None
    value = found[0]
    if column.type == "date":
        return age_of(value) if isinstance(value, str) else None
    if column.type == "string":
        return _text(value)
    if column.type == "boolean":
        return value if isinstance(value, bool) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return encode(value).decode() if isinstance(value, dict | list) else str(value)

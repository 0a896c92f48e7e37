"""Sets of fields as managedFields writes them: f:name, k:{"name":"x"}, v:"x" and the dot for a field itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from kmon_tui.sandbox.apiserver.kinds import Kind, Version
from kmon_tui.sandbox.apiserver.values import Json, JsonObject, encode

Path = tuple[str, ...]

_UNOWNED = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "selfLink",
            "managedFields",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        )
    ),
}
"""What nobody owns: the server's own fields, and those that name the object."""

SET = ("",)
"""The key of a list that is a set of plain values."""
_BUILTIN_KEYS: dict[str, tuple[str, ...]] = {
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_METADATA_KEYS = {"ownerReferences": ("uid",), "finalizers": SET}
_ATOMIC_MAPS = ("selector", "nodeSelector", "involvedObject", "claimRef", "targetRef", "scaleTargetRef")
"""Maps of built-in kinds that are owned as a whole."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How the lists and maps of one kind are merged and owned."""

    kind: Kind
    version: Version

    def list_keys(self, path: Path, items: list[Json]) -> tuple[str, ...]:
        """Return the fields that tell a list's items apart; SET for sets, nothing for lists owned as a whole."""
        name = path[-1].removeprefix("f:")
        if path[0] == "f:metadata":
            return _METADATA_KEYS.get(name, ())
        if self.kind.custom:
            schema = self._schema(path)
            if schema.get("x-kubernetes-list-type") == "set":
                return SET
            return tuple(schema.get("x-kubernetes-list-map-keys") or ())
        if name == "ports" and items and isinstance(items[0], dict):
            return ("containerPort", "protocol") if "containerPort" in items[0] else ("port", "protocol")
        return _BUILTIN_KEYS.get(name, ())

    def is_atomic(self, path: Path) -> bool:
        """Say whether a map is owned as a whole."""
        if self.kind.custom:
            return self._schema(path).get("x-kubernetes-map-type") == "atomic"
        return path[-1].removeprefix("f:") in _ATOMIC_MAPS and path != ("f:spec",)

    def _schema(self, path: Path) -> dict[str, Any]:
        schema: dict[str, Any] = dict(self.version.schema or {})
        for element in path:
            if element.startswith("f:"):
                properties = schema.get("properties") or {}
                inner = properties.get(element[2:]) or schema.get("additionalProperties") or {}
            else:
                inner = schema.get("items") or {}
            schema = inner if isinstance(inner, dict) else {}
        return schema


@dataclass(frozen=True, slots=True)
class Container:
    """Stands for a map or keyed list itself where a set of fields names it besides what is in it."""


CONTAINER = Container()


def members(structure: Structure, obj: JsonObject) -> dict[Path, Json]:
    """Return every field that can be owned with its value, and CONTAINER for what holds others."""
    found: dict[Path, Json] = {}
    _collect(structure, (), obj, found)
    return {path: value for path, value in found.items() if path not in _UNOWNED}


def leaves(fields: dict[Path, Json]) -> dict[Path, Json]:
    """Leave out maps and lists themselves, yet not the items of keyed lists: what an apply owns."""
    return {path: value for path, value in fields.items() if value is not CONTAINER or path[-1].startswith("k:")}


def _collect(structure: Structure, path: Path, value: Json, found: dict[Path, Json]) -> None:
    if isinstance(value, dict) and value and not (path and structure.is_atomic(path)):
        if path:
            found[path] = CONTAINER
        for name, inner in value.items():
            inner_path = (*path, f"f:{name}")
            if inner_path not in _UNOWNED or inner_path == ("f:metadata",):
                _collect(structure, inner_path, inner, found)
    elif isinstance(value, list) and value and (keys := structure.list_keys(path, value)):
        found[path] = CONTAINER
        for item in value:
            _collect(structure, (*path, element(item, keys)), item, found)
    else:
        found[path] = value


def element(item: Json, keys: tuple[str, ...]) -> str:
    """Write the path element of a list item."""
    if keys == SET or not isinstance(item, dict):
        return "v:" + encode(item).decode()
    named = {key: item.get(key, "TCP" if key == "protocol" else None) for key in keys}
    return "k:" + encode(dict(sorted(named.items()))).decode()


def item_keys(path_element: str) -> JsonObject:
    """Read the keys back from the path element of a keyed item."""
    keys: JsonObject = msgspec.json.decode(path_element[2:])
    return keys


def to_fields(paths: Iterable[Path]) -> JsonObject:
    """Write a set of fields as fieldsV1."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node[""] = True
    return _written(root)


def _written(node: dict[str, Any]) -> JsonObject:
    inner = {part: _written(child) for part, child in node.items() if part}
    return {".": {}, **inner} if inner and "" in node else inner


def from_fields(fields: JsonObject) -> set[Path]:
    """Read fieldsV1 as a set of fields."""
    return set(_read(fields, ()))


def _read(fields: JsonObject, path: Path) -> Iterator[Path]:
    if not fields and path:
        yield path
    for part, inner in fields.items():
        if part == ".":
            yield path
        else:
            yield from _read(inner, (*path, part))

"""How server-side apply changes an object: what is applied goes in, what was given up comes out."""

from __future__ import annotations

from collections.abc import Iterable

from kmon_tui.sandbox.apiserver.fields import SET, Path, Structure, element, item_keys
from kmon_tui.sandbox.apiserver.values import Json, JsonObject


def merge(structure: Structure, path: Path, live: JsonObject, patch: JsonObject) -> None:
    """Merge what is applied into an object, in place: maps field by field, keyed lists item by item."""
    for name, value in patch.items():
        inner = (*path, f"f:{name}")
        present = live.get(name)
        if isinstance(value, dict) and isinstance(present, dict) and not structure.is_atomic(inner):
            merge(structure, inner, present, value)
        elif isinstance(value, list) and isinstance(present, list) and (keys := structure.list_keys(inner, value)):
            live[name] = _merge_list(structure, inner, present, value, keys)
        else:
            live[name] = value


def _merge_list(
    structure: Structure, path: Path, live: list[Json], patch: list[Json], keys: tuple[str, ...]
) -> list[Json]:
    merged = {element(item, keys): item for item in live}
    for item in patch:
        key = element(item, keys)
        if keys != SET and key in merged:
            merge(structure, (*path, key), merged[key], item)
        else:
            merged[key] = item
    return list(merged.values())


def remove(structure: Structure, obj: JsonObject, paths: Iterable[Path], kept: set[Path]) -> None:
    """Take fields out of an object, and what is empty after that; ``kept`` are fields that others still own."""
    gone: list[Path] = []
    for path in sorted(paths, key=len):
        if any(path[: len(one)] == one for one in gone):
            continue
        if path[-1].startswith("k:"):
            if any(one[: len(path)] == path for one in kept):
                continue
            gone.append(path)
        elif len(path) > 1 and path[-2].startswith("k:") and path[-1][2:] in item_keys(path[-2]):
            continue
        _take_out(structure, obj, path)


def _take_out(structure: Structure, obj: JsonObject, path: Path) -> None:
    holders: list[Json] = [obj]
    for depth, part in enumerate(path[:-1]):
        inner = _child(structure, holders[-1], path[:depth], part)
        if inner is None:
            return
        holders.append(inner)
    for depth in range(len(path) - 1, -1, -1):
        _drop(structure, holders[depth], path[: depth + 1])
        if holders[depth]:
            return


def _child(structure: Structure, node: Json, path: Path, part: str) -> Json:
    if part.startswith("f:"):
        return node.get(part[2:]) if isinstance(node, dict) else None
    if isinstance(node, list):
        keys = structure.list_keys(path, node)
        return next((item for item in node if keys and element(item, keys) == part), None)
    return None


def _drop(structure: Structure, holder: Json, place: Path) -> None:
    part = place[-1]
    if isinstance(holder, dict):
        holder.pop(part[2:], None)
    elif isinstance(holder, list):
        keys = structure.list_keys(place[:-1], holder)
        holder[:] = [item for item in holder if not keys or element(item, keys) != part]

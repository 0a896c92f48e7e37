"""Who owns which field: managedFields kept up to date by writes, and server-side apply with its conflicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from kmon_tui.sandbox.apiserver.errors import ApiError
from kmon_tui.sandbox.apiserver.fields import Path, Structure, from_fields, item_keys, leaves, members, to_fields
from kmon_tui.sandbox.apiserver.merging import merge, remove
from kmon_tui.sandbox.apiserver.values import JsonObject, copy_of, encode, timestamp

APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who writes, how, and in which version: one entry of managedFields."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Owned:
    """The fields of one manager."""

    manager: Manager
    fields: frozenset[Path]
    time: str


def owners(obj: JsonObject) -> list[Owned]:
    """Read managedFields."""
    return [
        Owned(
            Manager(one["manager"], one["operation"], one.get("apiVersion", ""), one.get("subresource", "")),
            frozenset(from_fields(one.get("fieldsV1") or {})),
            one.get("time", ""),
        )
        for one in obj["metadata"].get("managedFields") or ()
    ]


def set_owners(obj: JsonObject, owned: Iterable[Owned]) -> None:
    """Write managedFields, in the real server's order; managers that own nothing are left out."""
    entries: list[JsonObject] = []
    for one in sorted(owned, key=_order):
        if one.fields:
            entry: dict[str, Any] = {
                "manager": one.manager.name,
                "operation": one.manager.operation,
                "apiVersion": one.manager.api_version,
                "time": one.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": to_fields(one.fields),
            }
            if one.manager.subresource:
                entry["subresource"] = one.manager.subresource
            entries.append(entry)
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def _order(one: Owned) -> tuple[str, str, str, str, str]:
    manager = one.manager
    return manager.operation, one.time, manager.name, manager.api_version, manager.subresource


def own_update(structure: Structure, manager: Manager, old: JsonObject | None, new: JsonObject) -> None:
    """Give the fields that a write changed to who wrote it, and take them from all others."""
    before = members(structure, old) if old is not None else {}
    after = members(structure, new)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    removed = before.keys() - after.keys()
    kept: list[Owned] = []
    mine = frozenset(changed)
    for one in owners(old) if old is not None else ():
        if one.manager == manager:
            mine |= one.fields - removed
        else:
            kept.append(replace(one, fields=one.fields - changed - removed))
    before_mine = next((one for one in owners(old or {"metadata": {}}) if one.manager == manager), None)
    unchanged = before_mine is not None and before_mine.fields == mine and not changed
    time = before_mine.time if before_mine is not None and unchanged else timestamp()
    set_owners(new, [*kept, Owned(manager, mine, time)])


def apply(
    structure: Structure, manager: Manager, live: JsonObject | None, patch: JsonObject, force: bool
) -> JsonObject:
    """Return what a server-side apply makes of an object. Raises ApiError 409 where others own what would change."""
    wanted = leaves(members(structure, patch))
    if live is None:
        created = copy_of(patch)
        set_owners(created, [Owned(manager, frozenset(wanted), timestamp())])
        return created
    before = members(structure, live)
    merged = copy_of(live)
    merge(structure, (), merged, patch)
    others = [one for one in owners(live) if not _same_applier(one.manager, manager)]
    mine = next((one for one in owners(live) if _same_applier(one.manager, manager)), None)
    still_owned: set[Path] = set(wanted).union(*(one.fields for one in others))
    remove(structure, merged, (mine.fields if mine else frozenset()) - still_owned, still_owned)
    changing = {path for path, value in wanted.items() if path not in before or before[path] != value}
    taken = [replace(one, fields=one.fields - changing) for one in others]
    conflicts = [(one, path) for one in others for path in sorted(one.fields & changing)]
    if conflicts and not force:
        raise _conflict(conflicts)
    after = members(structure, merged)
    same = mine is not None and mine.fields == frozenset(wanted) and after == before
    time = mine.time if mine is not None and same else timestamp()
    set_owners(merged, [*taken, Owned(manager, frozenset(wanted), time)])
    return merged


def _same_applier(one: Manager, other: Manager) -> bool:
    return (one.name, one.operation, one.subresource) == (other.name, other.operation, other.subresource)


def _conflict(conflicts: list[tuple[Owned, Path]]) -> ApiError:
    causes = []
    for owned, path in conflicts:
        using = f" using {owned.manager.api_version}" if owned.manager.operation == UPDATE else ""
        sub = f' with subresource "{owned.manager.subresource}"' if owned.manager.subresource else ""
        message = f'conflict with "{owned.manager.name}"{sub}{using}'
        causes.append({"reason": "FieldManagerConflict", "message": message, "field": _dotted(path)})
    if len(causes) == 1:
        text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        by_manager: dict[str, list[str]] = {}
        for cause in causes:
            by_manager.setdefault(cause["message"], []).append(f"- {cause['field']}")
        parts = [message.replace("conflict with", "conflicts with", 1) for message in by_manager]
        lines = [f"{part}:\n" + "\n".join(by_manager[message]) for part, message in zip(parts, by_manager, strict=True)]
        text = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", text, {"causes": causes})


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if part.startswith("f:"):
            text += f".{part[2:]}"
        elif part.startswith("k:"):
            text += "[" + ",".join(f"{key}={encode(value).decode()}" for key, value in item_keys(part).items()) + "]"
        else:
            text += f"[={part[2:]}]"
    return text

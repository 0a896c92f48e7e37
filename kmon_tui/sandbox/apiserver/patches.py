"""The three kinds of patch besides apply: merge patch, JSON patch, strategic merge patch."""

from __future__ import annotations

import jsonpatch

from kmon_tui.sandbox.apiserver.errors import ApiError, bad_request
from kmon_tui.sandbox.apiserver.fields import SET, Path, Structure, element
from kmon_tui.sandbox.apiserver.values import Json, JsonObject

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY_TYPES = ("application/apply-patch+yaml", "application/apply-patch+cbor")


def merge_patch(target: Json, patch: Json) -> Json:
    """Apply a merge patch (RFC 7386): null removes, maps merge, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(target: JsonObject, operations: Json) -> JsonObject:
    """Apply a JSON patch (RFC 6902). Raises ApiError 422 when it does not fit the object, 400 when it is none."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch")
    try:
        patched: JsonObject = jsonpatch.apply_patch(target, operations)
    except (jsonpatch.InvalidJsonPatch, TypeError, AttributeError) as error:
        raise bad_request(f"error decoding patch: {error}") from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        message = f"the server rejected our request due to an error in our request: {error}"
        raise ApiError(422, "Invalid", message, {}) from error
    return patched


def strategic_merge_patch(structure: Structure, target: Json, patch: Json, path: Path = ()) -> Json:
    """Apply a strategic merge patch: as a merge patch, yet keyed lists merge item by item."""
    if isinstance(patch, dict):
        return _merge_map(structure, target, patch, path)
    if isinstance(patch, list) and isinstance(target, list) and patch:
        keys = structure.list_keys(path, patch)
        if keys == SET:
            return [*target, *(item for item in patch if item not in target)]
        if keys and all(isinstance(item, dict) for item in patch):
            return _merge_list(structure, target, patch, path, keys[:1])
    return patch


def _merge_map(structure: Structure, target: Json, patch: JsonObject, path: Path) -> Json:
    if patch.get("$patch") == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            field = name.partition("/")[2]
            merged[field] = [item for item in merged.get(field) or () if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = strategic_merge_patch(structure, merged.get(name), value, (*path, f"f:{name}"))
    return merged


def _merge_list(
    structure: Structure, target: list[Json], patch: list[Json], path: Path, keys: tuple[str, ...]
) -> list[Json]:
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    merged = {element(item, keys): item for item in target}
    for item in patch:
        key = element(item, keys)
        if item.get("$patch") == "delete":
            merged.pop(key, None)
        elif key in merged:
            merged[key] = strategic_merge_patch(structure, merged[key], item, (*path, key))
        else:
            merged[key] = item
    return list(merged.values())

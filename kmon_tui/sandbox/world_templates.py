"""Objects from YAML: files of sandbox/worlds with ``${name}`` in them, filled with values."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLACE = re.compile(r"\$\{([a-z_]+)(?: ([a-z-]+))?\}")
_OF_REVISION = ("revision", "deployment", "replicaset")
_ROOT = uuid.UUID("b1c5f6c2-3c39-4e0c-9d0c-6e6f7a1d5b10")

Values = Mapping[str, Any]


@cache
def documents(path: str) -> tuple[Any, ...]:
    """Read the documents of a file below sandbox/worlds; what comes out must not be changed."""
    text = files("kmon_tui.sandbox").joinpath("worlds", *path.split("/")).read_text(encoding="utf-8")
    return tuple(yaml.load_all(text, _LOADER))


def text_of(path: str) -> str:
    """Read a file below sandbox/worlds as text."""
    return files("kmon_tui.sandbox").joinpath("worlds", *path.split("/")).read_text(encoding="utf-8")


@cache
def exists(path: str) -> bool:
    """Say whether there is such a file or folder below sandbox/worlds."""
    place = files("kmon_tui.sandbox").joinpath("worlds", *path.split("/"))
    return place.is_file() or place.is_dir()


def names_in(folder: str) -> list[str]:
    """Give the names of the entries of a folder below sandbox/worlds."""
    return sorted(entry.name for entry in files("kmon_tui.sandbox").joinpath("worlds", *folder.split("/")).iterdir())


def filled(template: Any, values: Values) -> Any:
    """Put the values in. A text that is one placeholder alone becomes the value itself, a number for example.

    A list entry with ``each: NAME`` is repeated for every value in the list ``NAME``.
    """
    if isinstance(template, str):
        whole = _PLACE.fullmatch(template)
        if whole is not None:
            return _value(whole, values)
        return _PLACE.sub(lambda place: str(_value(place, values)), template) if "${" in template else template
    if isinstance(template, dict):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [one for entry in template for one in _entries(entry, values)]
    return template


def _entries(entry: Any, values: Values) -> list[Any]:
    if not isinstance(entry, dict) or "each" not in entry:
        return [filled(entry, values)]
    rest = {key: value for key, value in entry.items() if key != "each"}
    return [filled(rest, {**values, **more}) for more in values[f"each_{entry['each']}"]]


def _value(place: re.Match[str], values: Values) -> Any:
    if place[1] == "uid":
        return uid_of(values, place[2])
    return values[place[1]]


def uid_of(values: Values, what: str) -> str:
    """Give the uid of something that belongs to a service: always the same for the same thing."""
    scope = f"{values.get('owner', '')}/{values.get('workload', '')}"
    if what in _OF_REVISION:
        scope += f"/{values.get('revision', '')}"
    return str(uuid.uuid5(_ROOT, f"{scope}/{what}"))


def overlaid(base: dict[str, Any], over: Mapping[str, Any] | None) -> dict[str, Any]:
    """Lay a status over another: conditions replace those of their type, None removes, all else replaces."""
    found = dict(base)
    for key, value in (over or {}).items():
        if value is None:
            found.pop(key, None)
        elif key == "conditions":
            kept = {condition["type"]: condition for condition in found.get("conditions", [])}
            kept.update({condition["type"]: condition for condition in value})
            found[key] = [kept[name] for name in sorted(kept)]
        elif isinstance(value, dict) and isinstance(found.get(key), dict):
            found[key] = overlaid(found[key], value)
        else:
            found[key] = value
    return found


def moment(at_s: float) -> str:
    """Write a Unix time as the API writes metav1.Time."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Reads fields of objects of which nothing is certain: a field may be missing, null or of another type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Object, Ref

NOTHING: Object = {}
"""Stands for every object that is not there."""


def at(value: object, *path: str) -> object:
    """Give what stands at the end of a path of fields; None when the path breaks off."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def node(value: object, *path: str) -> Object:
    """Give an object; the empty one when there is none."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else NOTHING


def nodes(value: object, *path: str) -> tuple[Object, ...]:
    """Give the objects of a list, those entries that are objects."""
    found = at(value, *path)
    if not isinstance(found, list | tuple):
        return ()
    return tuple([entry for entry in found if isinstance(entry, Mapping)])


def texts(value: object, *path: str) -> tuple[str, ...]:
    """Give the texts of a list."""
    found = at(value, *path)
    if not isinstance(found, list | tuple):
        return ()
    return tuple([entry for entry in found if isinstance(entry, str)])


def text(value: object, *path: str) -> str:
    """Give a text; empty when there is none. A number is given as text, as a quantity may be one."""
    found = at(value, *path)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def number(value: object, *path: str) -> int | None:
    """Give a whole number; None when there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        return int(found)
    except (ValueError, OverflowError):
        return None


def flag(value: object, *path: str) -> bool:
    """Tell whether a field is true."""
    return at(value, *path) is True


def when(value: object, *path: str) -> datetime | None:
    """Give a time; None when there is none or it cannot be read."""
    found = at(value, *path)
    if not isinstance(found, str):
        return None
    try:
        moment = datetime.fromisoformat(found)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def labels(obj: Object) -> Object:
    """Give the labels of an object."""
    return node(obj, "metadata", "labels")


def name_of(obj: Object) -> str:
    """Give the name of an object."""
    return text(obj, "metadata", "name")


def ref_of(obj: Object) -> Ref:
    """Tell which object it is."""
    return Ref(text(obj, "kind"), name_of(obj), text(obj, "metadata", "namespace"))


def conditions_of(obj: Object) -> dict[str, Condition]:
    """Give the conditions of an object by their type; of two with the same type the last."""
    return {
        text(entry, "type"): Condition(
            text(entry, "type"),
            text(entry, "status"),
            text(entry, "reason"),
            text(entry, "message"),
            text(entry, "severity"),
            when(entry, "lastTransitionTime"),
        )
        for entry in nodes(obj, "status", "conditions")
    }


def one_line(said: str, limit: int = 240) -> str:
    """Put a text of any length on one line, cut after ``limit`` characters."""
    flat = " ".join(said[: limit * 4].split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def both_ends(said: str, limit: int = 200) -> str:
    """Put a text on one line and cut it in the middle: an exception names itself first and its reason last."""
    flat = " ".join(said[-limit * 8 :].split())
    return flat if len(flat) <= limit else f"{flat[: limit // 2 - 1].rstrip()} … {flat[-limit // 2 + 1 :].lstrip()}"


def last_line(said: str) -> str:
    """Give the last line that says something."""
    for line in reversed(said.splitlines()):
        if line.strip():
            return line.strip()
    return ""


def latest(*moments: datetime | None) -> datetime | None:
    """Give the latest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return max(known) if known else None


def earliest(*moments: datetime | None) -> datetime | None:
    """Give the earliest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if known else None

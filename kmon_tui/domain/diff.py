"""What an apply would change in an object: field by field, what was written down apart from what the server adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Nothing(Enum):
    """The value of a field that is not there (None is a value: YAML's null)."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Nothing.ABSENT
Path: TypeAlias = tuple[str, ...]
"""Names of fields, and ``[name=x]`` or ``[0]`` for an item of a list."""

HIDDEN_METADATA = frozenset(
    {"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink", "deletionTimestamp"}
    | {"deletionGracePeriodSeconds"}
)
"""What only the server writes: never a change that somebody asked for."""
_ITEM_KEYS = ("name", "containerPort", "port", "key", "mountPath", "type", "ip", "host")
"""Fields by which the items of a list are told apart, if all of them have it and no two the same."""
_SECRET_PARTS = frozenset({"data", "stringData"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that would differ."""

    path: Path
    old: object = ABSENT
    new: object = ABSENT
    said: bool = True
    """It follows from the manifest; False: the server or a webhook put it in."""

    @property
    def field(self) -> str:
        """The path as people write it: ``spec.containers[name=a].image``."""
        return "".join(part if part.startswith("[") else f".{part}" for part in self.path).lstrip(".")


def changes(live: object, applied: object, manifest: object, *, secret: bool = False) -> tuple[Change, ...]:
    """Give what differs between the live object and what the dry run gave, in the order of the fields.

    ``live`` is None when there is no object yet. ``secret``: values of data
    and stringData are never told, only that they differ.
    """
    found = tuple(_differences(_bare(live), _bare(applied), manifest, (), True))
    # The server fills in the namespace of the request; the name of the object says it already.
    found = tuple(change for change in found if change.said or change.path != ("metadata", "namespace"))
    return tuple(_masked(change) for change in found) if secret else found


def _bare(tree: object) -> object:
    """Take away what only the server writes."""
    if not isinstance(tree, Mapping):
        return ABSENT
    bare = {name: value for name, value in tree.items() if name != "status"}
    metadata = bare.get("metadata")
    if isinstance(metadata, Mapping):
        kept = {name: value for name, value in metadata.items() if name not in HIDDEN_METADATA}
        notes = kept.get("annotations")
        if isinstance(notes, Mapping) and _LAST_APPLIED in notes:
            kept["annotations"] = {name: text for name, text in notes.items() if name != _LAST_APPLIED}
        bare["metadata"] = kept
    return bare


def _differences(old: object, new: object, said: object, path: Path, told: bool) -> Iterator[Change]:
    old_parts, new_parts = _parts(old), _parts(new)
    # A part is told when the manifest holds it; what is taken away was told by no longer being there.
    has_parts = bool(old_parts or new_parts)
    if has_parts and (old_parts is not None or old is ABSENT) and (new_parts is not None or new is ABSENT):
        said_parts, before, after = _parts(said) or {}, old_parts or {}, new_parts or {}
        for name in _in_order(after, before):
            here = said_parts.get(name, ABSENT)
            was, is_ = before.get(name, ABSENT), after.get(name, ABSENT)
            yield from _differences(was, is_, here, (*path, name), here is not ABSENT or is_ is ABSENT)
        return
    if not _same(old, new):
        yield Change(path, old, new, told)


def _same(old: object, new: object) -> bool:
    # True == 1 in Python, and not in JSON.
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _parts(value: object) -> dict[str, object] | None:
    """Give the parts of a map or a list by their names; None for a plain value."""
    if isinstance(value, Mapping):
        return {str(name): part for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _items(value)
    return None


def _items(items: Sequence[object]) -> dict[str, object]:
    for key in _ITEM_KEYS:
        names = [item.get(key) if isinstance(item, Mapping) else None for item in items]
        if names and None not in names and len({str(name) for name in names}) == len(names):
            return {f"[{key}={name}]": item for name, item in zip(names, items, strict=True)}
    return {f"[{place}]": item for place, item in enumerate(items)}


def _in_order(after: Mapping[str, object], before: Mapping[str, object]) -> list[str]:
    """Give all names, those that are gone at the place where they stood."""
    names = list(after)
    place = 0
    for name in before:
        if name in after:
            place = names.index(name) + 1
        else:
            names.insert(place, name)
            place += 1
    return names


def _masked(change: Change) -> Change:
    if not change.path or change.path[0] not in _SECRET_PARTS:
        return change
    both = change.old is not ABSENT and change.new is not ABSENT
    old = ABSENT if change.old is ABSENT else "*** (before)" if both else "***"
    new = ABSENT if change.new is ABSENT else "*** (after)" if both else "***"
    return Change(change.path, old, new, change.said)

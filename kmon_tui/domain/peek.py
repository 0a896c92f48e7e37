"""Reading of raw objects (domain/tree.py), of which any field may be missing or odd: never an error, only nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Object, Ref


def at(value: object, *path: str) -> object:
    """Give what stands at a path of fields; None when a part of it is not there."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text(value: object, *path: str) -> str:
    """Give the text at a path; empty when there is none. Numbers are written out, True and False are not text."""
    found = at(value, *path)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def number(value: object, *path: str) -> int | None:
    """Give the whole number at a path; None when there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def table(value: object, *path: str) -> Mapping[str, object]:
    """Give the map at a path; empty when there is none."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else {}


def rows(value: object, *path: str) -> tuple[Mapping[str, object], ...]:
    """Give the maps of the list at a path; what is no map is left out."""
    found = at(value, *path)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return ()
    return tuple(one for one in found if isinstance(one, Mapping))


def moment(value: object, *path: str) -> datetime | None:
    """Give the time at a path, aware; None when there is none or it cannot be read."""
    written = text(value, *path)
    try:
        read = datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
    return read if read is None or read.tzinfo is not None else read.replace(tzinfo=UTC)


def kind_of(obj: Object) -> str:
    """Give its kind as Kubernetes spells it."""
    return text(obj, "kind")


def name_of(obj: Object) -> str:
    """Give its name."""
    return text(obj, "metadata", "name")


def ref_of(obj: Object) -> Ref:
    """Say which object it is."""
    return Ref(kind_of(obj), name_of(obj), text(obj, "metadata", "namespace"))


def label(obj: Object, name: str) -> str:
    """Give the value of a label."""
    return text(table(obj, "metadata", "labels"), name)


def annotation(obj: Object, name: str) -> str:
    """Give the value of an annotation."""
    return text(table(obj, "metadata", "annotations"), name)


def owner_uids(obj: Object) -> frozenset[str]:
    """Give the uids of its owners."""
    return frozenset(text(owner, "uid") for owner in rows(obj, "metadata", "ownerReferences")) - {""}


def of_kind(objects: Iterable[Object], *kinds: str) -> tuple[Object, ...]:
    """Give the objects of these kinds."""
    return tuple(obj for obj in objects if kind_of(obj) in kinds)


def conditions_of(obj: object) -> tuple[Condition, ...]:
    """Give ``status.conditions`` of any kind of object."""
    return tuple(
        Condition(
            text(one, "type"),
            text(one, "status"),
            text(one, "reason"),
            text(one, "message"),
            text(one, "severity"),
            moment(one, "lastTransitionTime"),
        )
        for one in rows(obj, "status", "conditions")
    )


def is_ready(pod: Object) -> bool:
    """Say whether a pod says that it is ready."""
    return any(cond.type == "Ready" and cond.status == "True" for cond in conditions_of(pod))

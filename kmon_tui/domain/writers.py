"""Who wrote an object, and which fields: what ``metadata.managedFields`` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.diff import Change, changes
from kmon_tui.domain.peek import moment, number, rows, table, text
from kmon_tui.domain.tree import Object

NOISE = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""Fields that repeat others."""


SAME_WRITE_S = 10.0
"""Two writes of one manager look alike when they fall into one second; so much more a watch and two clocks may take."""


class Writer(NamedTuple):
    """One manager of fields, at its last write."""

    manager: str
    operation: str = ""
    """Apply or Update."""
    time: datetime | None = None
    fields: tuple[str, ...] = ()
    """What it owns, without the status: ``spec.predictor.minReplicas``."""


class Edit(NamedTuple):
    """Two versions of one object, and what lies between them."""

    time: datetime | None
    who: str
    """The manager that wrote last; empty when nobody says."""
    generation: int | None
    changes: tuple[Change, ...]


def writers(obj: Object) -> tuple[Writer, ...]:
    """Give those who wrote anything but the status, the last one last."""
    found = [
        Writer(
            text(one, "manager"),
            text(one, "operation"),
            moment(one, "time"),
            tuple(_fields(table(one, "fieldsV1"), "")),
        )
        for one in rows(obj, "metadata", "managedFields")
        if text(one, "subresource") != "status"
    ]
    found = [one for one in found if any(not field.startswith("status.") for field in one.fields)]
    return tuple(sorted(found, key=lambda one: one.time.timestamp() if one.time else 0.0))


def edit_between(before: Object, after: Object, seen: datetime | None = None) -> Edit | None:
    """Say what changed from one version of an object to the next; None when only the status, or nothing, did.

    When and by whom is what the object says; ``seen`` is when it was seen, for one that says nothing of this write.
    """
    generation = number(after, "metadata", "generation")
    deleted = text(after, "metadata", "deletionTimestamp")
    if deleted and not text(before, "metadata", "deletionTimestamp"):  # managedFields tell of no deletion
        asked = Change(("metadata", "deletionTimestamp"), new=deleted)
        return Edit(seen or moment(after, "metadata", "deletionTimestamp"), "", generation, (asked,))
    found = changes(before, after, after)
    if not found:
        return None
    who, time = _who(before, after, found, seen)
    return Edit(time, who, generation, found)


def _who(
    before: Object, after: Object, found: tuple[Change, ...], seen: datetime | None
) -> tuple[str, datetime | None]:
    """Say who made the changes, and when: whoever owns a changed field now; a write of ``scale`` leaves no time."""
    old, new = writers(before), writers(after)
    owners = [one for one in new if any(_owns(one, change) for change in found)]
    fresh = [one for one in new if one not in old and not _only_lost(one, old, seen)]
    for some in ([one for one in owners if one in fresh], fresh, [one for one in owners if one.time is None]):
        if some:
            last = next((one for one in some if one.time is None), some[-1])
            return last.manager, last.time or seen
    if not new:
        return "", seen
    last, time = new[-1], new[-1].time
    # Each write that changes a field renews the time of its manager, so nobody says who made an older one.
    if time is None or (seen is not None and (seen - time).total_seconds() > SAME_WRITE_S):
        return "", seen
    return last.manager, time


def _only_lost(writer: Writer, old: tuple[Writer, ...], seen: datetime | None) -> bool:
    """Say whether a writer's fields are fewer because somebody else took them: that leaves the time of its entry."""
    if writer.time is None or seen is None or (seen - writer.time).total_seconds() <= SAME_WRITE_S:
        return False
    return any((one.manager, one.operation, one.time) == writer[:3] for one in old)


def _owns(writer: Writer, change: Change) -> bool:
    """Say whether a changed field is among a writer's, as far as both can be compared: not within lists."""
    field = change.field.partition("[")[0]
    owned = {one.partition("[")[0] for one in writer.fields}
    return any(one == field or one.startswith(f"{field}.") or field.startswith(f"{one}.") for one in owned)


def _fields(tree: Mapping[str, object], path: str) -> Iterator[str]:
    """Give the paths of the leaves of a ``fieldsV1``: ``f:spec``, ``k:{"name":"x"}`` and ``.`` are its spelling."""
    for name, below in tree.items():
        if name == ".":
            continue
        field = name.removeprefix("f:")
        if field in NOISE or (not path and field == "status"):
            continue
        here = f"{path}[{field[2:]}]" if field.startswith(("k:", "v:", "i:")) else f"{path}.{field}" if path else field
        if isinstance(below, Mapping) and any(key != "." for key in below):
            yield from _fields(below, here)
        else:
            yield here

"""Events and changes of a service and of all below it, in one stream: newest last, repeats folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from kmon_tui.domain.change_log import is_made
from kmon_tui.domain.diff import ABSENT, Change, Path
from kmon_tui.domain.peek import moment, number, ref_of, text
from kmon_tui.domain.tree import Object, ObjectTree, Ref
from kmon_tui.domain.writers import Edit, Writer, writers

CHANGED = "Changed"
"""Reason of an entry that tells of a change seen while we watched."""
WROTE = "Wrote"
"""Reason of an entry that tells who wrote last, as the object itself says."""
MOST_FIELDS = 4
BEGINNING = datetime.min.replace(tzinfo=UTC)


class Moment(NamedTuple):
    """One thing that happened."""

    time: datetime | None
    object: Ref
    reason: str
    text: str
    warning: bool = False
    repeats: int = 1
    """How often it was seen."""
    first: datetime | None = None
    """When it was seen first, if that was before ``time``."""
    who: str = ""
    """Who wrote, of a change; which component says so, of an event."""

    @property
    def is_change(self) -> bool:
        """Whether somebody changed something, rather than that something was observed."""
        return self.reason in {CHANGED, WROTE}


def timeline(tree: ObjectTree, edits: Iterable[tuple[Ref, Edit]] = ()) -> tuple[Moment, ...]:
    """Give everything that is known to have happened; ``edits`` are changes that were seen while we watched."""
    edits = tuple(edits)
    seen = [_of_edit(ref, edit) for ref, edit in edits]
    known: set[tuple[Ref, object]] = {(ref, edit.time) for ref, edit in edits if edit.who}
    root = tree.root if tree.root is not None else {}
    known |= {(ref, edit.who) for ref, edit in edits if edit.who}
    told = [_of_writer(ref_of(root), one) for one in writers(root)]
    told = [one for one in (*told, *_by_hand(tree)) if (one.object, one.time or one.who) not in known]
    events = fold(_of_event(event) for event in tree.events)
    return tuple(sorted((*told, *seen, *events), key=lambda one: one.time or BEGINNING))


def _by_hand(tree: ObjectTree) -> Iterator[Moment]:
    """Tell who else than a controller wrote what lies below the service: it explains much, and is soon undone."""
    for obj in tree.objects:
        if is_made(obj):
            for one in writers(obj):
                if any(field.startswith("spec") for field in one.fields) and not _CONTROLLER.fullmatch(one.manager):
                    yield _of_writer(ref_of(obj), one)


_CONTROLLER = re.compile(
    r"manager|controller|activator|autoscaler(-hpa)?|webhook|kubelet|kube-controller-manager|kube-scheduler"
    r"|cluster-autoscaler|karpenter|(keda|istio|pilot|knative|kserve|llmisvc)[\w.-]*|[\w.-]*(controller|operator|webhook)"
    r"|[\w.-]*-manager|[Gg]o-http-client|",
)
"""What controllers call themselves as managers of fields: a Go program that says nothing is called like its file."""


def fold(moments: Iterable[Moment]) -> list[Moment]:
    """Put together what differs in its time alone."""
    folded: dict[tuple[object, ...], Moment] = {}
    for one in moments:
        key = (one.object, one.reason, one.text, one.warning, one.who)
        known = folded.get(key)
        folded[key] = one if known is None else _together(known, one)
    return list(folded.values())


def _together(one: Moment, other: Moment) -> Moment:
    times = [time for time in (one.time, one.first, other.time, other.first) if time is not None]
    return one._replace(
        repeats=one.repeats + other.repeats, time=max(times, default=None), first=min(times, default=None)
    )


def _of_event(event: Object) -> Moment:
    about = "involvedObject" if "involvedObject" in event else "regarding"
    last = moment(event, "series", "lastObservedTime") or moment(event, "lastTimestamp") or moment(event, "eventTime")
    last = last or moment(event, "deprecatedLastTimestamp") or moment(event, "metadata", "creationTimestamp")
    first = moment(event, "firstTimestamp") or moment(event, "eventTime") or moment(event, "deprecatedFirstTimestamp")
    count = number(event, "series", "count") or number(event, "count") or number(event, "deprecatedCount")
    return Moment(
        last,
        Ref(text(event, about, "kind"), text(event, about, "name"), text(event, about, "namespace")),
        text(event, "reason"),
        text(event, "message") or text(event, "note"),
        text(event, "type") == "Warning",
        max(1, count or 1),
        first if first != last else None,
        text(event, "source", "component") or text(event, "reportingComponent") or text(event, "reportingController"),
    )


def _of_writer(ref: Ref, writer: Writer) -> Moment:
    fields = [field for field in writer.fields if field.startswith("spec")] or list(writer.fields)
    return Moment(writer.time, ref, WROTE, _some(fields), who=writer.manager)


def _of_edit(ref: Ref, edit: Edit) -> Moment:
    generation = f"generation {edit.generation}: " if edit.generation is not None else ""
    return Moment(edit.time, ref, CHANGED, generation + _some(_in_words(edit.changes)), who=edit.who)


def _in_words(changes: tuple[Change, ...]) -> list[str]:
    """Say what became of each field, and once of an item of a list that came or went with all its fields."""
    whole = {one.path[:-1]: one for one in changes if _is_key(one.path) and ABSENT in (one.old, one.new)}
    said: dict[str, None] = {}
    for one in changes:
        item = next((path for length in range(len(one.path)) if (path := one.path[:length]) in whole), None)
        if item is None:
            said[f"{one.field}: {_value(one.old)} -> {_value(one.new)}"] = None
        else:
            said[f"{Change(item).field}: {'added' if whole[item].old is ABSENT else 'taken away'}"] = None
    return list(said)


def _is_key(path: Path) -> bool:
    """Say whether a field is the one by which an item of a list is told apart: ``[name=a]`` has it from ``name``."""
    return len(path) > 1 and path[-2].startswith(f"[{path[-1]}=")


def _some(words: list[str]) -> str:
    more = len(words) - MOST_FIELDS
    return ", ".join(words[:MOST_FIELDS]) + (f" and {more} more" if more > 0 else "")


def _value(value: object) -> str:
    if value is ABSENT:
        return "nothing"
    return "..." if isinstance(value, dict | list | tuple) else str(value)

"""What was seen to change in one service and in what it is made of, while somebody looked."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.diff import ABSENT, Change
from kmon_tui.domain.peek import conditions_of, kind_of, ref_of, text
from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Object, ObjectTree, Ref
from kmon_tui.domain.writers import Edit, edit_between

MOST = 200
MADE = frozenset(
    {
        "Deployment",
        "LeaderWorkerSet",
        "Revision",
        "HorizontalPodAutoscaler",
        "ScaledObject",
        "PodAutoscaler",
        "Ingress",
        "HTTPRoute",
        "VirtualService",
        "InferencePool",
    }
)
"""Kinds made for a service whose changes mean something by themselves, Knative's service beside them; pods, ReplicaSets
and other objects only repeat what is told of these."""
TELLING = ("Ready", "Available")
"""Conditions of what was made for it that are told when they turn."""
TOLD = frozenset({"PersistentVolumeClaim", "ServingRuntime", "ClusterServingRuntime"})
"""What it refers to, of which changes that were seen are told."""


class ChangeLog:
    """Compares each version of the service, and of what is below it, with the one before."""

    def __init__(self) -> None:
        self.edits: tuple[tuple[Ref, Edit], ...] = ()
        self.made_anew = False
        """Whether the service was deleted and made again meanwhile."""
        self._root: Object | None = None
        self._below: dict[Ref, Object] = {}

    def see(self, tree: ObjectTree, now: datetime | None = None) -> None:
        """Look at the newest versions; what is gone has none."""
        found: list[tuple[Ref, Edit]] = []
        if tree.root is not None and tree.root is not self._root:
            before, self._root = self._root, tree.root
            self.made_anew = self.made_anew or (before is not None and not _same_uid(before, tree.root))
            found += _told(before, tree.root, now)
            found += _turned(before, tree.root, now, ())
        for one in tree.objects:
            if is_made(one) or kind_of(one) in TOLD:
                ref = ref_of(one)
                known, self._below[ref] = self._below.get(ref), one
                found += [(ref, edit) for ref, edit in _told(known, one, now) if _says_more(edit)]
                found += _turned(known, one, now, TELLING)
        if found:
            self.edits = (*self.edits, *found)[-MOST:]


def is_made(obj: Object) -> bool:
    """Say whether this was made for the service and is worth a word when it changes."""
    kind = kind_of(obj)
    return kind in MADE or (kind == "Service" and text(obj, "apiVersion").startswith("serving.knative.dev/"))


def _turned(
    before: Object | None, after: Object, now: datetime | None, types: tuple[str, ...]
) -> list[tuple[Ref, Edit]]:
    """Tell which conditions turned; only those of these types, if any are given. Nobody says who writes a status."""
    if before is None or not _same_uid(before, after):
        return []
    was = {one.type: one.status for one in conditions_of(before)}
    turned = [
        one
        for one in sorted(conditions_of(after), key=lambda one: one.type != "Ready")
        if one.status != was.get(one.type) and (one.type in was or one.status == "False")
        if one.type in types or not types
    ]
    if not turned:
        return []
    changes = tuple(Change((one.type,), was.get(one.type, ABSENT), _status(one)) for one in turned)
    times = [one.since for one in turned if one.since is not None]
    return [(ref_of(after), Edit(max(times, default=now), "", None, changes))]


def _status(condition: Condition) -> str:
    return f"{condition.status} ({condition.reason})" if condition.reason else condition.status


def _told(before: Object | None, after: Object, now: datetime | None) -> list[tuple[Ref, Edit]]:
    if before is None or before is after or not _same_uid(before, after):
        return []
    if text(before, "metadata", "resourceVersion") == text(after, "metadata", "resourceVersion"):
        return []
    edit = edit_between(before, after, now)
    return [] if edit is None else [(ref_of(after), edit)]


def _same_uid(one: Object, other: Object) -> bool:
    return text(one, "metadata", "uid") == text(other, "metadata", "uid")


def _says_more(edit: Edit) -> bool:
    """Leave out what controllers note in labels and annotations of what they made."""
    return any(change.path[:1] == ("spec",) for change in edit.changes)

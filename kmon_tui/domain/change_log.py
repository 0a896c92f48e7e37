"""What was seen to change in one service and in what it is made of, while somebody looked."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.peek import kind_of, ref_of, text
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
        for one in tree.objects:
            if is_made(one) or kind_of(one) in TOLD:
                ref = ref_of(one)
                known, self._below[ref] = self._below.get(ref), one
                found += [(ref, edit) for ref, edit in _told(known, one, now) if _says_more(edit)]
        if found:
            self.edits = (*self.edits, *found)[-MOST:]


def is_made(obj: Object) -> bool:
    """Say whether this was made for the service and is worth a word when it changes."""
    kind = kind_of(obj)
    return kind in MADE or (kind == "Service" and text(obj, "apiVersion").startswith("serving.knative.dev/"))


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

"""When a service was deployed: what its revisions and ReplicaSets say, which outlive their pods. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from kmon_tui.domain.peek import label, moment, name_of, of_kind
from kmon_tui.domain.tree import Object, ObjectTree

REVISION, HASH = "serving.knative.dev/revision", "pod-template-hash"


class Deployed(NamedTuple):
    """One revision of the entry component, and when it was made."""

    revision: str
    """As its pods name it: Knative's revision, or the hash of a Deployment's template."""
    at: datetime


def deploys_of(tree: ObjectTree, entry: str) -> tuple[Deployed, ...]:
    """Give all revisions that are still kept, oldest first; Knative and Deployments forget the oldest of many."""
    found = [Deployed(name_of(one), at) for one in of_kind(tree.objects, "Revision") if (at := _made(one, entry))]
    # A ReplicaSet of a Knative revision has the label of both: it is told by its revision.
    sets = [one for one in of_kind(tree.objects, "ReplicaSet") if not label(one, REVISION) and label(one, HASH)]
    found += [Deployed(label(one, HASH), at) for one in sets if (at := _made(one, entry))]
    return tuple(sorted(found, key=lambda one: one.at))


def _made(obj: Object, entry: str) -> datetime | None:
    """Give when it was made; None for another component's."""
    component = label(obj, "component") or label(obj, "kserve.io/component")
    return moment(obj, "metadata", "creationTimestamp") if component in (entry, "workload", "") else None

"""What events still tell of pods that are gone: Knative deletes those of a revision that it has given up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kmon_tui.domain.diagnosis import chain, images, refusals, scheduling
from kmon_tui.domain.diagnosis.placement import explain
from kmon_tui.domain.diagnosis.reading import text
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.tree import Object, Ref
from kmon_tui.domain.verdict import Evidence, Try

_PLACED = frozenset({"Scheduled", "TriggeredScaleUp", "Nominated"})
"""After these the scheduler's complaint holds no more."""
_SHORT = frozenset({"Error: ErrImagePull", "Error: ImagePullBackOff"})
"""What the kubelet says after it said why, and for longer."""
_IMAGE = re.compile(r'Failed to pull image "([^"]+)"')
_LATE = "its pods were not ready within the deadline and are gone"


class Memory(NamedTuple):
    """What kept the pods of a revision from starting, as an event of one of them says."""

    cause: str
    verdict: str
    step: Evidence
    tries: tuple[Try, ...]
    shared: str = ""
    object: Ref | None = None


def of_revision(scene: Scene, revision: str, image: str) -> Memory | None:
    """Give what the events of a revision's pods, and of what was to make them, tell; None: nothing that is known."""
    placed: set[str] = set()
    silent: Memory | None = None
    for kind, name, event in _events(scene, f"{revision}-deployment-"):
        about = Ref(kind, name, scene.ref.namespace)
        if text(event, "reason") in _PLACED:
            placed.add(name)
        if text(event, "reason") == "FailedScheduling" and (name in placed or scene.tree.shallow):
            continue  # what was ordered or found for it is told in no warning
        found = _read(scene, about, event, image)
        if found is not None and text(event, "message") not in _SHORT:
            return found
        silent = silent or found
    return silent


def _events(scene: Scene, begin: str) -> Iterator[tuple[str, str, Object]]:
    """Give the events of objects whose names begin so, the newest first."""
    found = [
        (kind, name, event)
        for (kind, name), events in scene.happenings.items()
        if kind in ("Pod", "ReplicaSet") and name.startswith(begin)
        for event in events
    ]
    last = {"FailedScheduling": 0}  # of one second the order tells nothing: what overtook it comes first
    found.sort(key=lambda one: (_seconds(one[2]), last.get(text(one[2], "reason"), 1)), reverse=True)
    yield from found


def _seconds(event: Object) -> float:
    moment = event_time(event)
    return moment.timestamp() if moment is not None else 0.0


def _read(scene: Scene, about: Ref, event: Object, image: str) -> Memory | None:
    reason, said = text(event, "reason"), text(event, "message")
    step = chain.of_event(event, about, 2)
    if reason == "FailedCreate":
        denial = refusals.explain(said, about.namespace)
        if denial is None:
            return None
        tries = refusals.tries(denial, scene.ref)
        return Memory(
            denial.cause,
            f"no pods could be made within the deadline: {denial.verdict}",
            step,
            tries,
            denial.shared,
            denial.object,
        )
    if reason == "FailedScheduling":
        refusal = explain(said)
        # The pod itself is gone: nothing can be asked about it.
        helps = tuple([one for one in scheduling.tries(refusal, about) if about.name not in one.command])
        shared = "" if refusal.cause == "pvc" else refusal.shared
        return Memory(refusal.cause, f"{_LATE}; one waited for a node: {refusal.verdict}", step, helps, shared)
    short = said in _SHORT
    if reason in ("Failed", "FailedToPullImage") and (short or images.tells_why(said)):
        named = _IMAGE.search(said)
        image = named.group(1) if named is not None else image
        failure = images.explain(image, "" if short else said, "ErrImagePull")
        tries = images.tries(failure.cause, image, scene.ref, "default")
        return Memory(failure.cause, f"{_LATE}; one could not start: {failure.verdict}", step, tries, failure.shared)
    return None

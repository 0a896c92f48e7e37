"""Pods that nobody has begun with, long after they were made."""

from __future__ import annotations

from kmon_tui.domain.diagnosis.boxes import boxes_of
from kmon_tui.domain.diagnosis.finding import age
from kmon_tui.domain.diagnosis.reading import conditions_of, text
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.verdict import Evidence

_PATIENCE_S = 300


def untouched(scene: Scene, pod: PodView) -> Evidence | None:
    """Tell that no scheduler, or no kubelet, has begun with a pod, once it had the time to."""
    placed = conditions_of(pod.object).get("PodScheduled")
    refused = placed is not None and placed.status == "False"
    if refused or boxes_of(pod.object) or not scene.older_than(pod.created, _PATIENCE_S):
        return None
    since = age(pod.created, scene.now)
    host = text(pod.object, "spec", "nodeName")
    if host:
        said = f"nothing has begun for {pod.ref.name} on its node {host} for {since}"
    else:
        scheduler = text(pod.object, "spec", "schedulerName") or "default-scheduler"
        said = f"no scheduler has looked at {pod.ref.name} for {since}: it asks for {scheduler}"
    return Evidence(said, pod.ref, pod.created, 2)

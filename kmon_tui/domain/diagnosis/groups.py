"""Groups of pods over several nodes that are made anew as soon as one of them fails, so that no pod shows a restart."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.diagnosis import chain
from kmon_tui.domain.diagnosis.finding import Finding, age, kubectl, logs
from kmon_tui.domain.diagnosis.reading import NOTHING, one_line, ref_of, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_count, event_time
from kmon_tui.domain.diagnosis.workloads import component_of
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Try

_AGAIN = frozenset({"RecreateGroupOnPodRestart"})
_OFTEN = 3
_RECENT_S = 900


def findings(scene: Scene) -> Iterator[Finding]:
    """Find a LeaderWorkerSet that has deleted and made its pods again and again, and does so still."""
    for group in scene.of_kind("LeaderWorkerSet"):
        event = chain.newest_event(scene, ref_of(group), _AGAIN)
        if event is NOTHING or event_count(event) < _OFTEN or scene.older_than(event_time(event), _RECENT_S):
            continue
        if not scene.ready:
            yield _finding(scene, group, event)


def _finding(scene: Scene, group: Object, event: Object) -> Finding:
    ref = ref_of(group)
    first = when(event, "firstTimestamp") or when(event, "eventTime") or event_time(event)
    why = one_line(text(event, "message").partition(", deleted")[0])
    component = component_of(scene.root, {"app.kubernetes.io/component": "prefill"} if "prefill" in ref.name else {})
    pod = next((pod for pod in scene.current if pod.ref.name in why), next(iter(scene.current), None))
    see = (
        logs(pod.ref, "main")
        if pod is not None
        else Try("see its pods", kubectl("get", "pods", namespace=ref.namespace))
    )
    return Finding(
        "crash-loop",
        f"the pods of {ref.name} are made anew all together as soon as one fails, {event_count(event)} times in "
        f"{age(first, scene.now)}: {why}",
        ref,
        first,
        (chain.of_event(event, ref, 1),),
        (see,),
        "",
        component,
    )

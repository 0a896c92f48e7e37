"""What keeps an autoscaler from reading its metric, although there are pods to measure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kmon_tui.domain.diagnosis import chain
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import (
    NOTHING,
    both_ends,
    conditions_of,
    earliest,
    number,
    one_line,
    ref_of,
    text,
    when,
)
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.scaling import can_scale, failing
from kmon_tui.domain.service import Condition, Kind
from kmon_tui.domain.tree import Object
from kmon_tui.domain.verdict import Evidence, Try

_METRICS_S = 180
"""A new pod has no metrics for the first minutes, and the autoscaler says so."""
_UNREAD = re.compile(r"FailedGet\w*Metric|unable to (get|fetch) .*metric|failed to get \w+ utilization")
_PREFACE = "the HPA was unable to compute the replica count: "
_COMPLAINTS = frozenset(
    {"KEDAScalerFailed", "FailedGetResourceMetric", "FailedGetExternalMetric", "FailedComputeMetricsReplicas"}
)


def findings(scene: Scene) -> Iterator[Finding]:
    """Find the first autoscaler that cannot do its work."""
    serving = [conditions_of(pod.object).get("Ready") for pod in scene.current if pod.ready]
    if scene.blind_to("Pod"):  # its Deployment says as much
        serving = [conditions_of(one).get("Available") for one in scene.of_kind("Deployment")]
        serving = [one for one in serving if one is not None and one.status == "True"]
    since = earliest(*[condition.since for condition in serving if condition is not None])
    if not serving or not scene.older_than(since, _METRICS_S):
        return
    for obj in (*scene.of_kind("ScaledObject"), *scene.of_kind("HorizontalPodAutoscaler")):
        condition = _bad(scene, obj)
        if condition is not None:
            yield _finding(scene, obj, condition)
            return
    for type_ in ("ScalingReady", "PrefillScalingReady"):
        condition = scene.conditions.get(type_)
        bad = condition is not None and condition.status == "False" and scene.lasts(condition, _METRICS_S)
        if scene.ref.kind == Kind.LLM and condition is not None and bad:
            why = one_line(condition.message) or condition.reason
            verdict = f"its autoscaler cannot do its work: {why}"
            yield Finding("autoscaler-metrics", verdict, scene.ref, condition.since, (), (describe(scene.ref),))
            return


def _bad(scene: Scene, obj: Object) -> Condition | None:
    hpa = text(obj, "kind") == "HorizontalPodAutoscaler"
    if hpa and not can_scale(number(obj, "spec", "minReplicas"), number(obj, "spec", "maxReplicas")):
        return None
    lasting = (one for one in failing(conditions_of(obj)) if scene.lasts(one, _METRICS_S, obj))
    return next(lasting, None)


def _finding(scene: Scene, obj: Object, condition: Condition) -> Finding:
    ref = ref_of(obj)
    event = chain.newest_event(scene, ref, _COMPLAINTS)
    steps = [Evidence(f"{ref.kind} {ref.name}: {chain.said(condition)}", ref, condition.since, 1)]
    steps += [chain.of_event(event, ref, 2)] if event is not NOTHING else []
    unread = _UNREAD.search(f"{condition.reason} {condition.message}") is not None
    what = "cannot read its metric" if unread else "cannot do its work"
    why = both_ends(condition.message.removeprefix(_PREFACE), 240) or condition.reason
    return Finding(
        "autoscaler-metrics",
        f"the autoscaler {ref.name} {what}: {why}",
        ref,
        condition.since or when(obj, "metadata", "creationTimestamp"),
        tuple(steps),
        (describe(ref), Try("see whether there are metrics of pods", kubectl("top", "pods", namespace=ref.namespace))),
        "metrics.k8s.io" if "metrics.k8s.io" in condition.message else "",
    )

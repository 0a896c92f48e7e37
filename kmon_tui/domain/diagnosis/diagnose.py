"""Asks all rules in the order in which one fault explains another, and puts the answer together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from kmon_tui.domain.diagnosis import (
    around,
    asked,
    autoscaling,
    behind,
    cached,
    calm,
    chain,
    creation,
    deletion,
    graph,
    groups,
    llm,
    llm_ways,
    mesh,
    named,
    pods,
    revisions,
    routing,
    silence,
    trained,
    unmade,
    unrolled,
    unseen,
)
from kmon_tui.domain.diagnosis.causes import RANK
from kmon_tui.domain.diagnosis.finding import Finding
from kmon_tui.domain.diagnosis.reading import node, text, when
from kmon_tui.domain.diagnosis.scene import Scene, look
from kmon_tui.domain.diagnosis.serving import short, still, unreached
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import ObjectTree, Why
from kmon_tui.domain.verdict import Diagnosis, Evidence

_WAYS = frozenset({"ingress-not-configured", "gateway-not-ready", "route-not-accepted", "inference-pool"})
_PLACED, _PROBED = RANK["scheduling-gated"], RANK["readiness-probe"]
"""Causes up to the first one keep a pod from a node; those between the two fail on it."""
_COMPONENTS = ("predictor", "workload", "prefill", "router", "transformer", "explainer", "scheduler", "tokenizer")


def diagnose(tree: ObjectTree, now: datetime) -> Diagnosis:
    """Say why a service is as it is: one cause, the object that it is about, and how it is known.

    A rollout on its way, a service scaled to zero or stopped has the cause
    HEALTHY; what nothing known explains has UNKNOWN_CAUSE. Parts that could
    not be read are in ``missing``, and the rest is judged without them.
    """
    scene = look(tree, now)
    found = named.with_absent(_over(scene) or _judged(scene), tree.absent)
    missing = tuple(
        [
            blind.text or f"{blind.kind} could not be read ({blind.why})"
            for blind in tree.blind
            if blind.why is not Why.ABSENT
        ]
    )
    return _with_missing(found, missing) if missing else found


def _judged(scene: Scene) -> Diagnosis:
    for rules in _STAGES:
        found = [finding for rule in rules for finding in rule(scene)]
        if found:
            return _conclude(scene, [*found, *(_ways_too(scene) if _pods in rules else ())])
    if scene.ready:
        return calm.well(scene)
    return silence.silent(scene) or calm.on_its_way(scene)


def _pods(scene: Scene) -> Iterator[Finding]:
    """Find what keeps the pods that count from serving: those of the newest versions, and those that take requests."""
    # While a copy of the model serves, what ails a pod of its ModelMesh runtime is not this service's fault.
    for pod in () if scene.mode is Mode.MODELMESH and scene.ready else scene.pods:
        if pod.live and (pod.current or pod.share > 0):
            found = pods.finding(scene, pod)
            if found is not None:
                yield cached.explained(scene, pod, found)


def _ways_too(scene: Scene) -> Iterator[Finding]:
    """Find what is wrong with gateways and their routes whatever the pods do: mending the pods will not help alone."""
    routes = [routing.http_route(scene, route) for route in scene.of_kind("HTTPRoute")]
    for found in (*[one for one in routes if one is not None], *llm_ways.findings(scene)):
        if found.cause in ("gateway-not-ready", "route-not-accepted"):
            yield found


_Rule = Callable[[Scene], Iterable[Finding]]
_STAGES: tuple[tuple[_Rule, ...], ...] = (
    (llm.configuration, asked.refused),
    (behind.findings,),
    (_pods, creation.findings, unrolled.findings, groups.findings),
    (mesh.findings, graph.findings, asked.findings, unmade.findings),
    (llm.stale,),
    (revisions.findings,),
    (routing.findings,),
    (llm.findings, llm_ways.findings),
    (around.not_serving,),
    (trained.findings,),
    (autoscaling.findings, unseen.findings),
    (asked.canary,),
)
"""Rules of a later stage are asked only when no earlier one found anything: they would tell of what follows from it."""


def _over(scene: Scene) -> Diagnosis | None:
    """Say what is to be said of a service that is not meant to run."""
    if scene.tree.root is None:
        return Diagnosis("gone", "there is no such service (any more)", None)
    deleted = when(scene.root, "metadata", "deletionTimestamp")
    if deleted is not None:
        return deletion.deleted(scene, deleted)
    condition = scene.conditions.get("Stopped")
    annotations = node(scene.root, "metadata", "annotations")
    ready = scene.conditions.get("Ready")
    if condition is not None and condition.status == "True":
        return calm.stopped(scene, condition.since)
    if text(annotations, "serving.kserve.io/stop").lower() == "true" and not scene.ready:
        return calm.stopped(scene, ready.since if ready is not None else None)
    if ready is not None and ready.status == "False" and ready.reason == "Stopped":
        return calm.stopped(scene, ready.since)
    return None


def _conclude(scene: Scene, found: list[Finding]) -> Diagnosis:
    """Make the answer of the finding that explains the others."""
    best = _deepest(scene, found)
    # A condition that the finding knows to be out of date is not said a second time as if it held.
    known = {step.text for step in best.evidence}
    steps = [*[step for step in chain.of_service(scene) if step.text not in known], *best.evidence]
    steps += [Evidence(f"also: {other.verdict}", other.object, other.since) for other in _others(best, found)]
    return Diagnosis(
        best.cause,
        _sentence(scene, best),
        best.object,
        best.since or _fell(scene),
        tuple(steps),
        unreached(scene) if best.cause in _WAYS and not scene.ready else still(scene, best.component),
        best.tries,
        best.shared,
        best.component,
    )


def _deepest(scene: Scene, found: list[Finding]) -> Finding:
    """Give the finding that explains the others: where one pod is not even placed, what fails in the one that is."""
    best = min(found, key=_order)
    if RANK[best.cause] > _PLACED or scene.multinode:
        return best  # the pods of a group fail together: what keeps one of them away is the cause
    placed = [one for one in found if one.component == best.component and _PLACED < RANK[one.cause] < _PROBED]
    return min(placed, key=_order, default=best)


def _fell(scene: Scene) -> datetime | None:
    """Tell when the service stopped being ready; None when it is."""
    ready = scene.conditions.get("Ready")
    return ready.since if ready is not None and ready.status != "True" else None


def _order(finding: Finding) -> tuple[int, int, float]:
    place = _COMPONENTS.index(finding.component) if finding.component in _COMPONENTS else 0
    return RANK[finding.cause], place, -finding.created


def _others(best: Finding, found: list[Finding]) -> Iterator[Finding]:
    """Give one finding of each other cause or component; the same fault in ten pods is one."""
    seen = {(best.cause, best.component)}
    for finding in sorted(found, key=_order):
        # A container that waits for another one to come up is not a second fault.
        if finding.cause != "readiness-probe" and (finding.cause, finding.component) not in seen:
            seen.add((finding.cause, finding.component))
            yield finding


def _sentence(scene: Scene, finding: Finding) -> str:
    """Put the component before the sentence where it is not the one that everybody thinks of."""
    named = finding.component not in ("", "predictor", "workload", "router")
    sentence = f"the {finding.component} is at fault: {finding.verdict}" if named else finding.verdict
    old = next((pod for pod in scene.pods if pod.ref == finding.object and not pod.current), None)
    return f"{sentence} (revision {short(old.version)}, not the newest)" if old is not None else sentence


def _with_missing(found: Diagnosis, missing: tuple[str, ...]) -> Diagnosis:
    return Diagnosis(
        found.cause,
        found.verdict,
        found.object,
        found.since,
        found.evidence,
        found.serving,
        found.tries,
        found.shared,
        found.component,
        missing,
    )

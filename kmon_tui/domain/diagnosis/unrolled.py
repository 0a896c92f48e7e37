"""What Knative could not make of a revision: it says so in events alone, and all conditions go on saying Deploying."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.diagnosis import asked, chain, refusals
from kmon_tui.domain.diagnosis.finding import Finding, describe, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, labels, one_line, text, when
from kmon_tui.domain.diagnosis.scene import Scene, event_time
from kmon_tui.domain.diagnosis.workloads import component_of, latest_revisions
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Try

_ERRORS = frozenset({"InternalError"})
_RECENT_S = 1800
"""Knative's controllers try again at least every quarter of an hour."""
_SURE_S = 20


def findings(scene: Scene) -> Iterator[Finding]:
    """Find revisions of which nothing was made, and why."""
    if scene.mode is not Mode.KNATIVE or scene.ready:
        return
    made = {text(labels(one), "serving.knative.dev/revision") for one in scene.deployments}
    made |= {pod.version for pod in scene.pods}
    for configuration, revision in latest_revisions(scene.root, scene.kinds).items():
        if revision not in made:
            found = _of(scene, Ref("Revision", revision, scene.ref.namespace), configuration)
            if found is not None:
                yield found


def _of(scene: Scene, ref: Ref, configuration: str) -> Finding | None:
    event = chain.newest_event(scene, ref, _ERRORS)
    said, moment = text(event, "message"), event_time(event)
    obj = scene.find("Revision", ref.name)
    ready, begun = conditions_of(obj).get("Ready"), when(obj, "metadata", "creationTimestamp")
    if ready is None or ready.status == "False" or not scene.older_than(begun, _SURE_S):
        return None  # what it says itself has a rule of its own
    if event is NOTHING or scene.older_than(moment, _RECENT_S) or asked.passes(said):
        return None
    denial = refusals.explain(said, ref.namespace)
    component = component_of(scene.root, labels(obj))
    step = (chain.of_event(event, ref, 1),)
    if denial is not None:
        verdict = f"Knative can make nothing of revision {ref.name}: {denial.verdict}"
        about = denial.object or ref
        tries = refusals.tries(denial, scene.ref)
        return Finding(denial.cause, verdict, about, begun, step, tries, denial.shared, component)
    verdict = f"Knative can make nothing of revision {ref.name}: {one_line(said)}"
    log = kubectl("logs", "-l", "app=controller", "--tail=50", namespace="knative-serving")
    tries = (describe(ref), Try("read the log of Knative's controller (namespace knative-serving, mostly)", log))
    return Finding("reconcile-failed", verdict, ref, begun, step, tries, "", component)

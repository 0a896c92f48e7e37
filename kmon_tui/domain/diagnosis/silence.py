"""What to say of a service that KServe has written no status for."""

from __future__ import annotations

from datetime import datetime

from kmon_tui.domain.diagnosis import asked, graph
from kmon_tui.domain.diagnosis.finding import age, controller, kubectl
from kmon_tui.domain.diagnosis.reading import node, when
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.verdict import HEALTHY, UNKNOWN_CAUSE, Diagnosis, Evidence, Try

_SILENT_S = 120


def silent(scene: Scene) -> Diagnosis | None:
    """Say that KServe has written no status at all, once it had the time to."""
    made_something = scene.pods or scene.deployments or scene.of_kind("Revision") or scene.of_kind("LeaderWorkerSet")
    # KServe 0.15 writes nothing while a Deployment is on its way; who made that is not silent.
    if scene.conditions or node(scene.root, "status", "modelStatus") or made_something:
        return None
    made = when(scene.root, "metadata", "creationTimestamp")
    if not scene.older_than(made, _SILENT_S):
        return Diagnosis(HEALTHY, "new: KServe has not looked at it yet", scene.ref, made)
    tried = asked.passing_complaint(scene)
    if tried is not None:
        return _trying(scene, tried, made)
    called = graph.steps_of(scene)
    if called:
        return _silent_graph(scene, called, made)
    if scene.blind_to("Event"):
        return _silent_blind(scene, made)
    return Diagnosis(
        "controller-silent",
        f"KServe has written no status since it was made {age(made, scene.now)} ago: is its controller running?",
        scene.ref,
        made,
        (Evidence("no conditions in its status", scene.ref, made),),
        "nothing serves",
        controller(scene.ref),
        "KServe's controller",
    )


def _trying(scene: Scene, tried: Evidence, made: datetime | None) -> Diagnosis:
    """Say what KServe's last try ended with: its controller runs, and has got through with nothing yet."""
    return Diagnosis(
        "reconcile-failed",
        f"KServe has written no status for {age(made, scene.now)}; "
        f"its last try ended {age(tried.since, scene.now)} ago with {tried.text}",
        scene.ref,
        made,
        (Evidence("no conditions in its status", scene.ref, made), tried),
        "nothing serves",
        controller(scene.ref),
    )


def _silent_blind(scene: Scene, made: datetime | None) -> Diagnosis:
    """Say what is known of a service without a status whose events, where KServe complains, may not be read."""
    either = "it cannot make what the service needs, which its events would tell and they may not be read"
    return _undecided(scene, made, either, controller(scene.ref))


def _silent_graph(scene: Scene, called: tuple[str, ...], made: datetime | None) -> Diagnosis:
    """Say what is known of a graph without a status, where the services of its steps could not be seen."""
    either = f"a service of its steps ({', '.join(called[:5])}) is missing or not ready"
    see = Try("see the services", kubectl("get", "inferenceservices", *called, namespace=scene.ref.namespace))
    return _undecided(scene, made, either, (see,))


def _undecided(scene: Scene, made: datetime | None, either: str, tries: tuple[Try, ...]) -> Diagnosis:
    ago = age(made, scene.now)
    return Diagnosis(
        UNKNOWN_CAUSE,
        f"KServe has written no status for {ago}: either {either}, or KServe's controller does not run",
        scene.ref,
        made,
        (Evidence("no conditions in its status", scene.ref, made),),
        "nothing serves",
        tries,
    )

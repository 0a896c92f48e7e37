"""What keeps an InferenceGraph from being made: the services that its steps name."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.conditions import most_telling
from kmon_tui.domain.diagnosis.finding import Finding, kubectl
from kmon_tui.domain.diagnosis.reading import NOTHING, conditions_of, node, nodes, one_line, text
from kmon_tui.domain.diagnosis.scene import Scene
from kmon_tui.domain.service import Kind
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Evidence, Try


def steps_of(scene: Scene) -> tuple[str, ...]:
    """Name the InferenceServices that the graph's steps call, each once."""
    found = [
        text(step, "serviceName")
        for part in node(scene.root, "spec", "nodes").values()
        for step in nodes(part, "steps")
    ]
    return tuple(dict.fromkeys(name for name in found if name))


def findings(scene: Scene) -> Iterator[Finding]:
    """Find steps that call a service that is not there or not ready."""
    if scene.ref.kind != Kind.GRAPH:
        return
    for name in steps_of(scene):
        ref = Ref(Kind.ISVC, name, scene.ref.namespace)
        service = scene.find(Kind.ISVC, name)
        if service is NOTHING:
            if scene.tree.synced and not scene.tree.shallow and not scene.blind_to(Kind.ISVC):
                yield Finding(
                    "graph-step-missing",
                    f"a step calls the InferenceService {name}, which does not exist",
                    ref,
                    None,
                    (Evidence(f"no InferenceService {name} in namespace {ref.namespace}", ref, None, 1),),
                    (Try("see which there are", kubectl("get", "inferenceservices", namespace=ref.namespace)),),
                )
            continue
        ready = conditions_of(service).get("Ready")
        if ready is None or ready.status != "True":
            telling = most_telling(tuple(conditions_of(service).values())) or ready
            why = one_line(telling.message or telling.reason) if telling is not None else "it has no status yet"
            since = ready.since if ready is not None else None
            yield Finding(
                "graph-step-not-ready",
                f"a step calls the InferenceService {name}, which is not ready{f': {why}' if why else ''}",
                ref,
                since,
                (Evidence(f"InferenceService {name}: not ready{f', {why}' if why else ''}", ref, since, 1),),
                (Try("ask why", f"kmon-tui why {name} -n {ref.namespace}"),),
                str(ref),
            )

"""What KServe's own types and controllers write, 0.10 to 0.20, is read as they mean it.

The objects were written by the controllers of KServe 0.20 on a real Kubernetes 1.36, or follow the Go types and the
lines of code that are named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Kind, Mode, Pod, Readiness, Replicas
from kmon_tui.live.codec import Codec
from kmon_tui.live.objects import facts_of
from kmon_tui.live.shapes import Served

REAL = Path(__file__).parent.parent / "data" / "kserve-objects"
READY, GO_ON = {"type": "Ready", "status": "True"}, {"type": "Stopped", "status": "False"}


def row(obj: dict[str, Any], kind: Kind = Kind.ISVC, pods: tuple[Pod, ...] = ()) -> InferenceService:
    body = msgspec.json.encode({"metadata": {}, "items": [{"metadata": {"name": "iris", "namespace": "team"}, **obj}]})
    facts = facts_of(Codec(Served).page(body).items[0], kind)
    assert facts is not None
    return describe(facts, pods)


def stored(name: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((REAL / name).read_bytes())
    return found


def test_a_service_that_a_real_controller_runs_with_knative() -> None:
    isvc = row(stored("real-isvc-knative-0.20.json"), pods=(Pod("cluster", "p", "u", "kn-iris", ready=True),))

    assert (isvc.readiness, isvc.mode, isvc.runtime, isvc.format) == (
        *(Readiness.READY, Mode.KNATIVE),
        *("kserve-sklearnserver", "sklearn"),
    )
    assert isvc.url == "http://kn-iris.cluster.example.com"
    assert [(share.revision, share.percent) for share in isvc.traffic] == [("kn-iris-predictor-00001", 100)]
    assert isvc.since is not None and isvc.since.isoformat() == "2026-11-28T03:45:03+00:00"


def test_a_service_that_a_real_controller_runs_without_knative() -> None:
    isvc = row(stored("real-isvc-standard-0.20.json"))

    assert (isvc.readiness, isvc.mode, isvc.replicas) == (Readiness.READY, Mode.STANDARD, Replicas(0, 1))
    assert isvc.not_serving


@pytest.mark.parametrize(("written", "mode"), [("Serverless", Mode.KNATIVE), ("RawDeployment", Mode.STANDARD)])
def test_the_status_of_kserve_0_15_says_the_mode_in_its_old_spelling(written: str, mode: Mode) -> None:
    assert row({"status": {"deploymentMode": written, "conditions": [READY]}}).mode is mode


def test_a_graph_without_knative_says_no_mode_and_ready_whatever_its_router_does() -> None:
    """As PropagateRawStatus writes it: Ready is True as soon as the Deployment has a condition Available at all."""
    graph = row({"status": {"conditions": [READY, GO_ON], "url": "http://chain-team.example.com"}}, Kind.GRAPH)

    assert (graph.mode, graph.replicas, graph.not_serving) == (Mode.STANDARD, Replicas(0, 1), True)


def test_a_graph_with_knative_is_known_by_its_conditions_and_may_sleep() -> None:
    knative = [{"type": kind, "status": "True"} for kind in ("ConfigurationsReady", "RoutesReady")]
    graph = row({"status": {"conditions": [*knative, READY, GO_ON]}}, Kind.GRAPH)

    assert (graph.mode, graph.readiness) == (Mode.KNATIVE, Readiness.COLD)


def test_a_graph_that_goes_on_says_both_and_means_the_last() -> None:
    """The controller appends the second Stopped, and leaves the first one and Ready as they were."""
    before = [{"type": "Stopped", "status": "True"}, {"type": "Ready", "status": "False", "reason": "Stopped"}]

    assert row({"status": {"conditions": before}}, Kind.GRAPH).readiness is Readiness.STOPPED
    assert row({"status": {"conditions": [*before, GO_ON]}}, Kind.GRAPH).readiness is Readiness.ROLLING


def test_a_language_model_that_is_stopped_says_so_in_ready_alone() -> None:
    said = [{"type": kind, "status": "False", "reason": "Stopped"} for kind in ("MainWorkloadReady", "Ready")]

    assert row({"status": {"conditions": said}}, Kind.LLM).readiness is Readiness.STOPPED


@pytest.mark.parametrize(
    ("spec", "least"),
    [
        ({}, 1),
        ({"replicas": 3}, 3),
        ({"replicas": 0}, 0),
        ({"scaling": {"maxReplicas": 4}}, 1),
        ({"scaling": {"minReplicas": 2, "maxReplicas": 4, "wva": {"hpa": {}}}}, 2),
        ({"scaling": {"minReplicas": 2, "maxReplicas": 4, "wva": {"keda": {"idleReplicaCount": 0}}}}, 0),
        ({"replicas": 2, "prefill": {"replicas": 1}}, 3),
        ({"replicas": 2, "prefill": {"scaling": {"minReplicas": 3, "maxReplicas": 4}}}, 5),
    ],
)
def test_a_language_model_wants_what_its_scaling_asks_for(spec: dict[str, Any], least: int) -> None:
    model = row({"spec": spec, "status": {"conditions": [READY]}}, Kind.LLM)

    assert model.replicas == Replicas(0, least)

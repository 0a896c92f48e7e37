"""Revisions say what they get of the traffic in both modes, and canary fields that do nothing are named."""

from __future__ import annotations

from typing import Any

import pytest

from kmon_tui.domain.revisions import RevisionFacts, canary_warnings, revisions_of
from kmon_tui.domain.service import Mode
from kmon_tui.domain.tree import ObjectTree
from tests.ui.insides import FRAUD_TREE, IRIS_TREE, obj


def named(tree: ObjectTree) -> dict[str, RevisionFacts]:
    return {one.name: one for one in revisions_of(tree)}


def test_knative_revisions_have_their_share_tag_pods_and_state() -> None:
    found = named(IRIS_TREE)

    assert [(one.name[-5:], one.percent, one.tag, one.ready, one.pods_ready, one.pods) for one in found.values()] == [
        ("00003", 10, "", False, 0, 1),
        ("00002", 90, "prev", True, 2, 2),
        ("00001", 0, "", True, 0, 0),
    ]


def test_a_revision_is_by_whoever_changed_the_service_just_before() -> None:
    found = named(IRIS_TREE)

    assert found["sklearn-iris-predictor-00003"].by == "kubectl-client-side-apply"
    assert found["sklearn-iris-predictor-00002"].by == "kserve-controller-manager"


def test_a_share_of_a_revision_that_may_not_be_read_is_told_all_the_same() -> None:
    tree = ObjectTree(root=IRIS_TREE.root, synced=True)

    assert [(one.name[-5:], one.percent, one.ready) for one in revisions_of(tree)] == [
        ("00003", 10, None),
        ("00002", 90, None),
    ]


def test_standard_mode_has_replica_sets_of_which_the_newest_is_the_latest() -> None:
    found = revisions_of(FRAUD_TREE)

    assert [(one.name, one.latest, one.pods_ready, one.pods, one.ready) for one in found] == [
        ("fraud-xgb-predictor #3", True, 0, 2, False),
        ("fraud-xgb-predictor #2", False, 1, 1, True),
    ]


def test_a_route_divides_the_requests_of_standard_mode() -> None:
    canary = obj("Deployment", "iris-predictor-canary", "demo", labels={"component": "predictor"}, spec={"replicas": 1})
    stable = obj("Deployment", "iris-predictor", "demo", labels={"component": "predictor"}, spec={"replicas": 1})
    backends = [{"name": "iris-predictor", "weight": 9}, {"name": "iris-predictor-canary", "weight": 1}]
    route = obj("HTTPRoute", "iris", "demo", spec={"rules": [{"backendRefs": backends}]})

    found = named(ObjectTree(root=obj("InferenceService", "iris", "demo"), objects=(canary, stable, route)))

    assert {name: one.percent for name, one in found.items()} == {"iris-predictor": 90, "iris-predictor-canary": 10}


@pytest.mark.parametrize("canary", ["iris-predictor-v2", "iris-v2-predictor"])
def test_without_a_route_the_status_says_how_a_canary_divides_the_requests(canary: str) -> None:
    names = ("iris-predictor", canary)
    deployments = tuple(obj("Deployment", name, "demo", spec={"replicas": 1}) for name in names)
    status = {"canaryStatuses": [{"name": "v2", "ready": True, "trafficPercent": 10}]}

    found = named(ObjectTree(root=obj("InferenceService", "iris", "demo", status=status), objects=deployments))

    assert {name: one.percent for name, one in found.items()} == {"iris-predictor": 90, canary: 10}


def service(mode: str, **spec: Any) -> dict[str, Any]:
    return obj("InferenceService", "iris", "demo", spec=spec, status={"deploymentMode": mode} if mode else {})


@pytest.mark.parametrize("mode", ["Standard", "RawDeployment"])
def test_a_canary_percentage_is_ignored_in_standard_mode(mode: str) -> None:
    (told,) = canary_warnings(service(mode, predictor={"canaryTrafficPercent": 20}), Mode.UNKNOWN)

    assert told.startswith("spec.predictor.canaryTrafficPercent: 20 is ignored in Standard mode")


def test_the_newer_canary_is_ignored_in_knative_mode() -> None:
    (told,) = canary_warnings(service("", predictor={}, canary=[{"trafficPercent": 10}]), Mode.KNATIVE)

    assert told.startswith("spec.canary[] is ignored in Knative mode")


@pytest.mark.parametrize(
    "fine",
    [
        service("Knative", predictor={"canaryTrafficPercent": 20}),
        service("Standard", predictor={}, canary=[{"trafficPercent": 10}]),
        service("Standard", predictor={}),
    ],
)
def test_each_field_is_right_in_its_own_mode(fine: dict[str, Any]) -> None:
    assert canary_warnings(fine, Mode.UNKNOWN) == ()

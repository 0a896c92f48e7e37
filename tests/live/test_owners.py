"""Whose series is it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kmon_tui.domain.service import Condition, InferenceService, Key, Kind, Pod, Readiness, Replicas, TrafficShare
from kmon_tui.domain.traffic import Family
from kmon_tui.live.owners import Owners, face
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.gauges import AUTOSCALER, KUBE_STATE_METRICS


def isvc(name: str, namespace: str = "default", **rest: object) -> InferenceService:
    return InferenceService(Key(Kind.ISVC, namespace, name), **rest)  # type: ignore[arg-type]  # a test's shorthand


def owner(labels: dict[str, str], *services: InferenceService) -> str | None:
    key = Owners(services).owner({"namespace": "default", **labels})
    return key.name if key else None


IRIS, TWIN = isvc("iris"), isvc("iris-predictor")
BEHIND = isvc("shop", components=("predictor", "transformer"))


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"service_name": "iris"}, "iris"),
        ({"service_name": "iris-predictor", "configuration_name": "iris-predictor"}, "iris"),
        ({"service_name": "iris-predictor-default", "revision_name": "iris-predictor-default-00002"}, "iris"),
        ({"service_name": "iris-predictor"}, "iris"),
        ({"serving_kserve_io_inferenceservice": "iris", "component": "predictor"}, "iris"),
        ({"kn_service_name": "iris-predictor", "service_name": "iris-predictor"}, "iris"),
        ({"revision": "iris-predictor-00007"}, "iris"),
        ({"pod": "iris-predictor-00001-deployment-6d4b75cb6d-abcde"}, "iris"),
        ({"pod": "iris-predictor-7c9fd8b6c-x2x4z"}, "iris"),
        ({"pod": "iris-predictor-default-7c9fd8b6c-x2x4z"}, "iris"),
        ({"service_name": "irises"}, None),
        ({"pod": "irises-predictor-7c9fd8b6c-x2x4z"}, None),
        ({"pod": "iris-predictor-predictor-7c9fd8b6c-x2x4z"}, None),
        ({"service_name": "iris", "namespace": "elsewhere"}, None),
        ({"service_name": "iris", "component": "explainer"}, None),
        ({}, None),
    ],
)
def test_a_series_belongs_to_the_service_that_its_labels_name(labels: dict[str, str], name: str | None) -> None:
    assert owner(labels, IRIS) == name


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"service_name": "iris-predictor", "configuration_name": "iris-predictor"}, "iris"),
        ({"service_name": "iris-predictor"}, "iris-predictor"),
        ({"service_name": "iris-predictor", "exported_service_name": "iris-predictor-predictor"}, "iris-predictor"),
        ({"pod": "iris-predictor-predictor-7c9fd8b6c-x2x4z"}, "iris-predictor"),
        ({"pod": "iris-predictor-7c9fd8b6c-x2x4z"}, "iris"),
        ({"revision_name": "iris-predictor-predictor-00001"}, "iris-predictor"),
    ],
)
def test_a_service_named_like_the_predictor_of_another_is_told_apart(labels: dict[str, str], name: str) -> None:
    assert owner(labels, IRIS, TWIN) == name


IN_FRONT = [
    DIALECTS[Family.ISTIO].whose(
        {"destination_service_namespace": "default", "destination_service_name": "iris-predictor-00001"}
    ),
    DIALECTS[Family.ISTIO].whose(
        {"destination_service_namespace": "default", "destination_service_name": "iris-predictor"}
    ),
    DIALECTS[Family.ENVOY].whose({"envoy_cluster_name": "httproute/default/iris-predictor/rule/0"}),
    DIALECTS[Family.ACTIVATOR].whose({"namespace_name": "default", "revision_name": "iris-predictor-00001"}),
    DIALECTS[Family.ACTIVATOR_S].whose({"k8s_namespace_name": "default", "kn_revision_name": "iris-predictor-00001"}),
    AUTOSCALER[2].whose({"k8s_namespace_name": "default", "kn_configuration_name": "iris-predictor"}),
    KUBE_STATE_METRICS.whose({"namespace": "default", "deployment": "iris-predictor"}),
    KUBE_STATE_METRICS.whose({"namespace": "default", "deployment": "iris-predictor-00001-deployment"}),
]


@pytest.mark.parametrize("labels", IN_FRONT)
def test_what_is_counted_in_front_of_its_pods_is_not_of_the_service_that_is_named_like_its_predictor(
    labels: dict[str, str],
) -> None:
    assert (owner(labels, IRIS, TWIN), owner(labels, TWIN, IRIS)) == ("iris", "iris")
    assert owner(labels, TWIN) == "iris-predictor", "its own route may be called so"


def test_the_transformer_is_the_entry_when_there_is_one() -> None:
    assert owner({"service_name": "shop-transformer", "configuration_name": "shop-transformer"}, BEHIND) == "shop"
    assert owner({"service_name": "shop-predictor", "configuration_name": "shop-predictor"}, BEHIND) is None
    assert owner({"service_name": "shop", "component": "predictor"}, BEHIND) is None


def test_a_pod_that_is_known_decides_whatever_the_names_say() -> None:
    with_pod = isvc("iris", pods=(Pod("default", "odd-name", "u", "iris"),))

    assert owner({"pod": "odd-name", "service_name": "rose"}, with_pod, isvc("rose")) == "iris"


def test_a_revision_of_the_traffic_list_is_known() -> None:
    rolled = isvc("iris", traffic=(TrafficShare("hand-made-revision", 100),))

    assert owner({"revision_name": "hand-made-revision"}, rolled) == "iris"


def test_without_a_namespace_only_a_name_that_is_unique_counts() -> None:
    other = isvc("iris", "other")

    assert Owners((IRIS,)).owner({"service_name": "iris"}) == IRIS.key
    assert Owners((IRIS, other)).owner({"service_name": "iris"}) is None


def test_the_birth_of_a_pod_is_known() -> None:
    born = datetime(2026, 11, 22, tzinfo=UTC)
    with_pod = isvc("iris", pods=(Pod("default", "p", "u", "iris", created=born),))

    assert Owners((with_pod,)).born_s({"namespace": "default", "pod": "p"}) == born.timestamp()


def test_a_graph_is_known_by_its_own_name() -> None:
    graph = InferenceService(Key(Kind.GRAPH, "default", "route"), components=())

    assert Owners((graph,)).owner({"namespace": "default", "configuration_name": "route"}) == graph.key


RAN = Pod("default", "iris-predictor-7c9f-abcde", "u1", "iris", ready=True)


@pytest.mark.parametrize(
    "change",
    [
        {"key": Key(Kind.GRAPH, "default", "iris")},
        {"components": ("predictor", "transformer")},
        {"pods": (RAN._replace(ready=False),)},
        {"pods": (RAN._replace(revision="iris-predictor-00002"),)},
        {"traffic": (TrafficShare("iris-predictor-00002", 100),)},
    ],
)
def test_what_decides_whose_series_are_whose_changes_the_face_of_a_service(change: dict[str, object]) -> None:
    iris = isvc("iris", pods=(RAN,), replicas=Replicas(1, 1))

    assert face(iris._replace(**change)) != face(iris)  # type: ignore[arg-type]  # a test's shorthand


def test_a_service_that_has_nobody_to_serve_has_another_face() -> None:
    iris = isvc("iris", readiness=Readiness.READY)

    assert face(iris._replace(replicas=Replicas(0, 1))) != face(iris)
    assert face(iris._replace(readiness=Readiness.STOPPED)) != face(iris)


def test_what_a_condition_says_does_not_change_the_face_of_a_service() -> None:
    iris = isvc("iris", pods=(RAN,), readiness=Readiness.READY)
    cold = isvc("iris", readiness=Readiness.COLD, replicas=Replicas(0, 0))
    rolling = iris._replace(readiness=Readiness.ROLLING, conditions=(Condition("Ready", "Unknown"),), generation=2)

    assert face(rolling) == face(iris)
    assert face(cold._replace(readiness=Readiness.ROLLING, replicas=Replicas(0, 1))) == face(cold)

"""The Revisions tab says what divides the requests, and where there are no revisions, why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kmon_tui.domain.service import Readiness
from kmon_tui.domain.traffic import RevisionTraffic
from kmon_tui.domain.tree import Blind, ObjectTree, Why
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import text_of
from kmon_tui.render.revisions import revision_page
from kmon_tui.render.rows import row_of
from tests.ui.insides import FRAUD_ROOT, IRIS, IRIS_TREE
from tests.ui.samples import services

NOW = datetime(2026, 11, 22, 12, 41, tzinfo=UTC)
IRIS_SERVICE = next(one for one in services() if one.key == IRIS)


def words(inside: Inside, width: int = 80) -> str:
    return "\n".join(text_of(line).rstrip() for line in revision_page(inside, Drawing(now=NOW), width).lines)


def test_a_stopped_service_has_none_because_it_was_stopped() -> None:
    stopped = IRIS_SERVICE._replace(readiness=Readiness.STOPPED)

    said = words(Inside(IRIS, row_of(stopped, None), ObjectTree(FRAUD_ROOT, synced=True), listed=True))

    assert "\n No revisions: it was stopped (annotation serving.kserve.io/stop)" in said


def test_where_nobody_counts_what_each_revision_gets_it_says_where_to_look() -> None:
    row = row_of(IRIS_SERVICE, None)
    uncounted = words(Inside(IRIS, row, IRIS_TREE, listed=True))
    counted = Inside(
        IRIS, row, IRIS_TREE, listed=True, revisions={"sklearn-iris-predictor-00002": RevisionTraffic(1.0)}
    )

    assert " How many requests each of them gets is not known: 5 says why." in uncounted.split("\n")
    assert "5 says why" not in words(counted)


@pytest.mark.parametrize(("width", "whose"), [(80, "   as its pods count"), (58, "   (pods)"), (48, "")])
def test_whose_count_it_is_is_said_as_there_is_room(width: int, whose: str) -> None:
    counted = RevisionTraffic(4.3, 0.0, 47.0)
    revisions = {"sklearn-iris-predictor-00002": counted}
    inside = Inside(IRIS, row_of(IRIS_SERVICE, None), IRIS_TREE, listed=True, revisions=revisions)

    assert f"   requests/s 4.3   errors 0 %   p90 47ms{whose}" in words(inside, width).split("\n")


@pytest.mark.parametrize(
    ("synced", "blind"), [(False, ()), (True, (Blind("Pod", Why.FORBIDDEN, "may not list pods in namespace demo"),))]
)
def test_pods_that_nobody_may_or_could_yet_count_are_not_said_to_be_none(
    synced: bool, blind: tuple[Blind, ...]
) -> None:
    others = tuple(one for one in IRIS_TREE.objects if one["kind"] != "Pod")
    tree = ObjectTree(IRIS_TREE.root, others, blind=blind, synced=synced)

    said = words(Inside(IRIS, row_of(IRIS_SERVICE, None), tree, listed=True))

    assert "0/0" not in said
    assert [" ? " in line for line in said.split("\n") if line.startswith(" 0000")] == [True] * 3
    assert all(one.text in said for one in blind)


@pytest.mark.parametrize(
    ("ready", "said"), [(1, "every ready pod gets its part of them"), (0, "no pod is ready to take any")]
)
def test_where_nothing_divides_the_requests_those_pods_get_them_that_are_ready(ready: int, said: str) -> None:
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "iris-predictor", "namespace": "demo", "labels": {"component": "predictor"}},
        "spec": {"replicas": 1},
        "status": {"replicas": 1, "readyReplicas": ready},
    }
    tree = ObjectTree(FRAUD_ROOT, (deployment,), synced=True)

    shown = words(Inside(IRIS, row_of(IRIS_SERVICE, None), tree, listed=True))

    assert f" Nothing divides the requests: {said}." in shown.split("\n")

"""Marks on the time axis: which moments they are, and where they stand."""

from __future__ import annotations

import math
from array import array
from datetime import UTC, datetime, timedelta

from kmon_tui.domain.deploys import Deployed, deploys_of
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Pod
from kmon_tui.domain.traffic import Series
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.render.glyphs import ASCII, UNICODE
from kmon_tui.render.marks import Mark, What, in_words, marked_rule, marks_of

KEY = Key(Kind.ISVC, "demo", "iris")
NOW = datetime(2026, 11, 22, 12, 41, 0, tzinfo=UTC)


def pod(name: str, revision: str, minutes: float) -> Pod:
    return Pod(
        "demo", name, name, "iris", revision=f"iris-predictor-{revision}", created=NOW - timedelta(minutes=minutes)
    )


def service(*pods: Pod, changed: datetime | None = None) -> InferenceService:
    return InferenceService(Key(Kind.ISVC, "demo", "iris"), pods=pods, changed=changed)


def counts(*values: float) -> Series:
    return Series(end_s=NOW.timestamp(), step_s=60.0, values=array("d", values))


def test_the_first_pod_of_each_revision_is_a_deploy() -> None:
    marks = marks_of(service(pod("a", "00002", 50), pod("b", "00003", 10), pod("c", "00003", 9)))

    assert [(mark.what, mark.words) for mark in marks] == [(What.DEPLOY, "00002"), (What.DEPLOY, "00003")]
    assert marks[1].at_s == (NOW - timedelta(minutes=10)).timestamp()


def test_more_and_fewer_pods_are_scalings_and_a_gap_is_none() -> None:
    marks = marks_of(service(pod("a", "00002", 500)), counts(2, 2, 3, math.nan, 3, 1))

    assert [(mark.what, mark.words) for mark in marks[1:]] == [
        (What.MORE, "2 to 3 pods"),
        (What.FEWER, "3 to 1 pods"),
    ]


def test_pods_that_come_with_a_deploy_are_no_scaling_of_their_own() -> None:
    marks = marks_of(service(pod("a", "00002", 1.5)), counts(2, 2, 2, 3, 3))

    assert [mark.what for mark in marks] == [What.DEPLOY]


def test_without_pods_the_last_change_is_the_deploy() -> None:
    assert [mark.what for mark in marks_of(service(changed=NOW))] == [What.DEPLOY]


def test_a_deploy_whose_pods_are_gone_is_told_by_its_revision_and_one_whose_pods_were_replaced_keeps_its_time() -> None:
    made = [
        Deployed(f"iris-predictor-{number}", NOW - timedelta(minutes=minutes))
        for number, minutes in (("00001", 55), ("00002", 30), ("00003", 20))
    ]

    marks = marks_of(service(pod("a", "00003", 2)), deployed=made)

    assert [mark.words for mark in marks] == ["00001", "00002", "00003"]
    assert marks[-1].at_s == (NOW - timedelta(minutes=20)).timestamp(), "not when its pod was evicted and made anew"


def test_a_rollback_of_a_deployment_makes_no_new_revision_and_is_marked() -> None:
    made = [Deployed("5d8f", NOW - timedelta(minutes=50)), Deployed("7c6b", NOW - timedelta(minutes=20))]
    pods = (Pod("demo", "a", "a", "iris", revision="5d8f", created=NOW - timedelta(minutes=5)),)
    standard = service(*pods)._replace(mode=Mode.STANDARD)

    assert [mark.words for mark in marks_of(standard, deployed=made)] == ["5d8f", "7c6b", "5d8f again"]
    # With Knative two revisions serve at once, and a pod of the older one may be replaced at any time.
    canary = standard._replace(mode=Mode.KNATIVE)
    assert [mark.words for mark in marks_of(canary, deployed=made)] == ["5d8f", "7c6b"]


def made(kind: str, name: str, at: str, **labels: str) -> dict[str, object]:
    told = {key.replace("__", "/").replace("_", "-"): value for key, value in labels.items()}
    return {"kind": kind, "metadata": {"name": name, "creationTimestamp": at, "labels": told}}


def test_revisions_and_replica_sets_say_when_they_were_made_and_those_of_other_components_do_not() -> None:
    knative = {"serving.knative.dev__revision": "iris-predictor-00002", "pod_template_hash": "77"}
    tree = ObjectTree(
        objects=(
            made("Revision", "iris-predictor-00002", "2026-11-22T12:20:00Z", component="predictor"),
            made("Revision", "iris-transformer-00001", "2026-11-22T12:30:00Z", component="transformer"),
            made("ReplicaSet", "iris-predictor-00002-deployment-77", "2026-11-22T12:20:01Z", **knative),
            made("ReplicaSet", "iris-predictor-5d8f", "2026-11-22T12:00:00Z", pod_template_hash="5d8f"),
            made("ReplicaSet", "odd", "yesterday", pod_template_hash="99"),
        ),
    )

    found = deploys_of(tree, "predictor")

    assert [(one.revision, one.at.minute) for one in found] == [("5d8f", 0), ("iris-predictor-00002", 20)]


def test_a_deploy_is_seen_before_a_scaling_in_the_same_cell() -> None:
    marks = [Mark(50.0, What.DEPLOY), Mark(50.0, What.MORE), Mark(99.9, What.FEWER), Mark(500.0, What.DEPLOY)]
    drawn = "".join(text for text, _ in marked_rule(10, marks, (0.0, 100.0), UNICODE))

    assert drawn == "\u2500\u2500\u2500\u2500\u2500\u25c6\u2500\u2500\u2500\u2193"


def test_marks_are_told_newest_first_with_their_time() -> None:
    marks = [Mark(NOW.timestamp() - 60, What.DEPLOY, "00003"), Mark(NOW.timestamp(), What.MORE, "2 to 3 pods")]

    assert in_words(marks, 0.0, ASCII, UTC) == ["/ 2 to 3 pods 12:41", "D 00003 12:40"]

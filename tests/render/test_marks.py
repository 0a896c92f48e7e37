"""Marks on the time axis: which moments they are, and where they stand."""

from __future__ import annotations

import math
from array import array
from datetime import UTC, datetime, timedelta

from kmon_tui.domain.service import InferenceService, Key, Kind, Pod
from kmon_tui.domain.traffic import Series
from kmon_tui.render.glyphs import ASCII, UNICODE
from kmon_tui.render.marks import Mark, What, in_words, marked_rule, marks_of

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


def test_a_deploy_is_seen_before_a_scaling_in_the_same_cell() -> None:
    marks = [Mark(50.0, What.DEPLOY), Mark(50.0, What.MORE), Mark(99.9, What.FEWER), Mark(500.0, What.DEPLOY)]
    drawn = "".join(text for text, _ in marked_rule(10, marks, (0.0, 100.0), UNICODE))

    assert drawn == "\u2500\u2500\u2500\u2500\u2500\u25c6\u2500\u2500\u2500\u2193"


def test_marks_are_told_newest_first_with_their_time() -> None:
    marks = [Mark(NOW.timestamp() - 60, What.DEPLOY, "00003"), Mark(NOW.timestamp(), What.MORE, "2 to 3 pods")]

    assert in_words(marks, 0.0, ASCII, UTC) == ["/ 2 to 3 pods 12:41", "D 00003 12:40"]

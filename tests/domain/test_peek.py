"""Raw objects are read without a word about what is odd in them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kmon_tui.domain import peek
from kmon_tui.domain.service import Condition
from kmon_tui.domain.tree import Ref

POD = {
    "kind": "Pod",
    "metadata": {
        "name": "iris-0",
        "namespace": "demo",
        "labels": {"app.kubernetes.io/name": "iris"},
        "ownerReferences": [{"uid": "u1"}, {"uid": 7}, "odd"],
        "creationTimestamp": "2026-11-22T12:00:00Z",
    },
    "spec": {"replicas": 3, "paused": True},
    "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "X"}, None, "odd"]},
}


@pytest.mark.parametrize("odd", [None, 3, "text", [], {}, {"metadata": None}, {"metadata": ["name"]}])
def test_what_is_not_there_is_nothing(odd: object) -> None:
    found = (
        peek.text(odd, "metadata", "name"),
        peek.rows(odd, "metadata", "name"),
        peek.table(odd, "metadata", "name"),
    )

    assert found == ("", (), {})
    assert peek.moment(odd, "metadata", "name") is None


def test_numbers_are_text_and_switches_are_neither() -> None:
    assert (peek.text(POD, "spec", "replicas"), peek.number(POD, "spec", "replicas")) == ("3", 3)
    assert (peek.text(POD, "spec", "paused"), peek.number(POD, "spec", "paused")) == ("", None)


def test_times_are_aware_whatever_they_say() -> None:
    assert peek.moment(POD, "metadata", "creationTimestamp") == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert peek.moment({"t": "2026-11-22T12:00:00"}, "t") == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert peek.moment({"t": "yesterday"}, "t") is None


def test_names_with_dots_are_read_whole() -> None:
    assert peek.label(POD, "app.kubernetes.io/name") == "iris"
    assert peek.annotation(POD, "app.kubernetes.io/name") == ""


def test_an_object_says_who_it_is_and_whose() -> None:
    assert peek.ref_of(POD) == Ref("Pod", "iris-0", "demo")
    assert peek.owner_uids(POD) == {"u1", "7"}


def test_odd_conditions_are_left_out() -> None:
    assert peek.conditions_of(POD) == (Condition("Ready", "False", "X"),)

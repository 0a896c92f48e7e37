"""A command that is to make a controller look again changes something each time that it is given."""

from __future__ import annotations

import pytest

from kmon_tui.domain.diagnosis import again

METADATA = {"name": "iris-1", "namespace": "ml"}
REPLICAS = {"kind": "ReplicaSet", "metadata": METADATA}


def with_mark(value: str) -> dict[str, object]:
    return {**REPLICAS, "metadata": {**METADATA, "annotations": {again.KEY: value}}}


def test_the_first_command_writes_one() -> None:
    written = again.annotated(REPLICAS, "replicaset")

    assert written == "kubectl -n ml annotate replicaset iris-1 kmon-look-again=1 --overwrite"


def test_the_next_command_writes_what_is_not_there_yet() -> None:
    assert "kmon-look-again=2" in again.annotated(with_mark("1"), "replicaset")
    assert "kmon-look-again=10" in again.annotated(with_mark("9"), "replicaset")


@pytest.mark.parametrize("odd", ["", "soon", "-3", "²"])
def test_what_somebody_else_wrote_there_is_no_obstacle(odd: str) -> None:
    assert "kmon-look-again=1" in again.annotated(with_mark(odd), "replicaset")


def test_a_label_is_another_place_than_an_annotation() -> None:
    assert "kmon-look-again=1" in again.labelled(with_mark("4"), "replicaset")

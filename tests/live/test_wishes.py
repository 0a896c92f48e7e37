"""Specs that are alike but for the place of their model are read once, and no two others are taken for each other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kmon_tui.domain.service import Kind
from kmon_tui.live.wishes import MOST_WISHES, Asked, Wishes


def asked(spec: Any, wishes: Wishes | None = None) -> Asked:
    return (wishes or Wishes()).read(Kind.ISVC, msgspec.Raw(msgspec.json.encode(spec)))


def predictor(uri: str, **more: Any) -> dict[str, Any]:
    return {"predictor": {"minReplicas": 2, "model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri, **more}}}


@pytest.mark.parametrize("uri", ["gs://b/other", "", 'gs://b/"odd"\\', "gs://b/ünicode", '","runtime":"mine'])
def test_whatever_the_place_of_its_model_a_spec_is_read_as_if_alone(uri: str) -> None:
    wishes = Wishes()
    asked(predictor("gs://b/one"), wishes)

    for spec in (predictor(uri), predictor(uri, runtime="mine"), predictor(uri, protocolVersion="v2")):
        assert asked(spec, wishes) == asked(spec)


def test_those_that_differ_in_the_place_alone_are_one_value() -> None:
    wishes = Wishes()

    assert asked(predictor("gs://b/one"), wishes) is asked(predictor("gs://b/two"), wishes)


@pytest.mark.parametrize(
    "odd", [None, [], "x", 3, {"predictor": 5}, {"predictor": {"minReplicas": "3"}}, {"predictor": {"model": []}}]
)
def test_what_is_no_spec_asks_for_one_predictor(odd: Any) -> None:
    told = asked(odd)

    assert (told.components, told.runtime, told.least in (1, 3)) == (("predictor",), "", True)


def test_wishes_do_not_pile_up() -> None:
    wishes = Wishes()
    for number in range(MOST_WISHES + 10):
        asked(predictor("gs://b", runtime=f"r{number}"), wishes)

    assert len(wishes._known) <= MOST_WISHES

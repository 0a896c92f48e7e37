"""Objects that no API server ought to send: fields missing, null, of another type, or of nobody's making."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmon_tui.domain.diagnosis import CAUSES, diagnose
from kmon_tui.domain.tree import LogTail, ObjectTree
from kmon_tui.domain.verdict import HEALTHY, UNKNOWN_CAUSE
from tests.domain.diagnosis_cases import Case, all_cases

_NOW = datetime(2026, 8, 21, 12, tzinfo=UTC)
_KNOWN = {cause.slug for cause in CAUSES} | {HEALTHY, UNKNOWN_CAUSE}
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
_WRONG: tuple[Any, ...] = (None, "x", [None])
_kinds = st.sampled_from(
    ["Pod", "Deployment", "ReplicaSet", "Revision", "Route", "Service", "HTTPRoute", "Node", "HorizontalPodAutoscaler"]
)
_objects = st.fixed_dictionaries(
    {"kind": _kinds | _json}, optional={"metadata": _json, "spec": _json, "status": _json, "apiVersion": _json}
)
_cases = st.sampled_from(all_cases())


def test_of_a_pull_that_failed_an_hour_ago_only_that_it_failed_is_still_told() -> None:
    case = next(case for case in all_cases() if case.name == "p-kimg")
    left = tuple(event for event in case.tree.events if not str(event["message"]).startswith("Failed to pull"))
    assert len(left) < len(case.tree.events)

    found = diagnose(replace(case.tree, events=left), case.now)

    assert found.cause == "image-pull"
    assert "kserve/sklearnserver:v9" in found.verdict


def test_a_refusal_without_a_word_says_that_there_is_none() -> None:
    failed = {"type": "PredictorReady", "status": "False", "reason": "FailedCreate", "message": ""}
    root = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "ml", "generation": 1},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}},
        "status": {"conditions": [failed]},
    }

    found = diagnose(ObjectTree(root, (), (), synced=True), _NOW)

    assert found.verdict == "no pods can be made for the predictor: KServe does not say why"


@settings(max_examples=300, deadline=None)
@given(root=st.none() | _objects, objects=st.lists(_objects, max_size=4), events=st.lists(_objects, max_size=3))
def test_any_json_gets_some_answer(root: Any, objects: list[Any], events: list[Any]) -> None:
    found = diagnose(ObjectTree(root, tuple(objects), tuple(events), synced=True), _NOW)

    assert found.cause in _KNOWN


@settings(max_examples=400, deadline=None)
@given(case=_cases, data=st.data())
def test_a_real_tree_with_a_field_gone_or_of_another_type_gets_some_answer(case: Case, data: st.DataObject) -> None:
    tree = _spoiled(case.tree, data)

    found = diagnose(tree, case.now)

    assert found.cause in _KNOWN


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_every_single_field_may_be_wrong(case: Case) -> None:
    """All paths of all objects, one after another, each with one of the wrong values in turn: no luck needed."""
    root: Any = case.tree.root
    objects: list[Any] = [obj for obj in (root, *case.tree.objects) if obj is not None]
    for place, obj in enumerate(objects):
        for number, path in enumerate(_paths(obj)):
            value = _WRONG[number % len(_WRONG)]
            spoiled = copy.deepcopy(obj)
            _put(spoiled, path, value)
            changed = [*objects[:place], spoiled, *objects[place + 1 :]]
            tree = ObjectTree(changed[0], tuple(changed[1:]), case.tree.events, case.tree.logs, synced=True)

            assert diagnose(tree, case.now).cause in _KNOWN, (path, value)


def _spoiled(tree: ObjectTree, data: st.DataObject) -> ObjectTree:
    objects = copy.deepcopy([tree.root, *tree.objects, *tree.events])
    count = len(tree.objects)
    for _ in range(data.draw(st.integers(1, 4))):
        obj = data.draw(st.sampled_from([entry for entry in objects if entry is not None]))
        paths = list(_paths(obj))
        if paths:
            _put(obj, data.draw(st.sampled_from(paths)), data.draw(_json))
    logs = (*tree.logs, LogTail("", "", ("",)))
    return ObjectTree(objects[0], tuple(objects[1 : count + 1]), tuple(objects[count + 1 :]), logs, synced=tree.synced)  # type: ignore[arg-type]  # spoiled on purpose


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield (*path, name)
            yield from _paths(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield (*path, place)
            yield from _paths(inner, (*path, place))


def _put(obj: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        obj = obj[step]
    obj[path[-1]] = value

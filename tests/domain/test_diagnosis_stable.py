"""A verdict does not hang on what has nothing to do with it: names, time zones, neighbours, events told twice."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.tree import ObjectTree
from tests.domain.diagnosis_cases import Case, all_cases

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_INDIA = timezone(timedelta(hours=5, minutes=30))
_OTHER = "another-space-7"
_TOO_COMMON = {"default", "kserve", "models", "model"}
"""Namespaces whose names are words of messages, too."""


def each(value: Any, change: Callable[[str], str]) -> Any:
    """Change every text in an object."""
    if isinstance(value, dict):
        return {name: each(one, change) for name, one in value.items()}
    if isinstance(value, list):
        return [each(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def changed(tree: ObjectTree, change: Callable[[str], str]) -> ObjectTree:
    return replace(
        tree,
        root=None if tree.root is None else each(tree.root, change),
        objects=tuple(each(one, change) for one in tree.objects),
        events=tuple(each(one, change) for one in tree.events),
    )


def elsewhere(tree: ObjectTree) -> ObjectTree:
    """Write all times as they are in India."""

    def change(said: str) -> str:
        return datetime.fromisoformat(said).astimezone(_INDIA).isoformat() if _STAMP.match(said) else said

    return changed(tree, change)


def told_twice(tree: ObjectTree) -> ObjectTree:
    return replace(tree, events=tuple(event for event in tree.events for event in (event, copy.deepcopy(event))))


def with_neighbours(tree: ObjectTree) -> ObjectTree:
    """Put a pod of another service, that crashes, and a warning about it into the namespace."""
    space = _space(tree)
    status = {"name": "kserve-container", "ready": False, "restartCount": 9}
    status |= {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}
    sick = {
        "kind": "Pod",
        "metadata": {
            "name": "neighbour-predictor-6d8f-x1",
            "namespace": space,
            "uid": "neighbour",
            "labels": {"serving.kserve.io/inferenceservice": "neighbour", "component": "predictor"},
        },
        "status": {"phase": "Running", "containerStatuses": [status]},
    }
    warning = {
        "kind": "Event",
        "type": "Warning",
        "reason": "FailedScheduling",
        "message": "0/3 nodes are available: 3 Insufficient cpu.",
        "involvedObject": {"kind": "Pod", "name": "neighbour-predictor-6d8f-x1", "namespace": space},
        "lastTimestamp": "2020-01-01T00:00:00Z",
    }
    return replace(tree, objects=(sick, *tree.objects), events=(warning, *tree.events))


def _space(tree: ObjectTree) -> str:
    return "" if tree.root is None else str(tree.root.get("metadata", {}).get("namespace", ""))  # type: ignore[attr-defined]  # of a corpus case it is a map


@pytest.mark.parametrize("mutate", [elsewhere, told_twice, with_neighbours])
def test_the_verdict_stays_the_same(mutate: Callable[[ObjectTree], ObjectTree]) -> None:
    cases = all_cases()[::4]

    differ = [case.name for case in cases if _verdict(case, mutate(case.tree)) != _verdict(case, case.tree)]

    assert differ == []


def test_the_verdict_goes_with_the_namespace() -> None:
    differ = []
    for case in all_cases()[::4]:
        space = _space(case.tree)
        if len(space) < 4 or space in _TOO_COMMON or case.tree.absent:
            continue
        word = re.compile(rf"(?<![\w-]){re.escape(space)}(?![\w-])")
        moved = changed(case.tree, lambda said, word=word: word.sub(_OTHER, said))  # type: ignore[misc]  # a default
        cause, verdict = _verdict(case, moved)
        if (cause, verdict.replace(_OTHER, space)) != _verdict(case, case.tree):
            differ.append(case.name)

    assert differ == []


def _verdict(case: Case, tree: ObjectTree) -> tuple[str, str]:
    found = diagnose(tree, case.now)
    return found.cause, found.verdict

"""In which order objects and conditions come tells nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kmon_tui.domain.diagnosis import diagnose
from tests.domain.diagnosis_cases import all_cases


def turned(value: Any) -> Any:
    """Give the same with every list of conditions turned round."""
    if isinstance(value, dict):
        return {key: backwards(turned(one)) if key == "conditions" else turned(one) for key, one in value.items()}
    return [turned(one) for one in value] if isinstance(value, list) else value


def backwards(value: Any) -> Any:
    return value[::-1] if isinstance(value, list) else value


def test_no_verdict_depends_on_the_order_of_objects_or_conditions() -> None:
    other = {}
    for case in all_cases():
        tree = replace(case.tree, root=turned(case.tree.root), objects=tuple(map(turned, case.tree.objects[::-1])))
        told, again = diagnose(case.tree, case.now), diagnose(tree, case.now)
        if (told.cause, told.object) != (again.cause, again.object):
            other[case.name] = (told.verdict, again.verdict)

    assert other == {}


def test_a_spec_that_is_refused_comes_before_what_ails_the_pods_of_the_one_before_it() -> None:
    waiting = next(case for case in all_cases() if case.name == "k-out-of-cpu")
    assert waiting.tree.root is not None
    info = {"reason": "NoSupportingRuntime", "message": "No runtime found to support specified predictor"}
    refused = {"transitionStatus": "InvalidSpec", "lastFailureInfo": info}
    status: Any = waiting.tree.root["status"]
    tree = replace(waiting.tree, root={**waiting.tree.root, "status": {**status, "modelStatus": refused}})

    assert diagnose(waiting.tree, waiting.now).cause == "node-refused"
    assert diagnose(tree, waiting.now).cause == "runtime-unsupported"

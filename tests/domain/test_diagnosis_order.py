"""In which order objects and conditions come tells nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kmon_tui.domain.diagnosis import diagnose
from tests.domain.diagnosis_cases import Case, all_cases


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


def case_of(name: str) -> Case:
    return next(case for case in all_cases() if case.name == name)


def test_a_gateway_that_is_not_there_is_mentioned_while_the_pods_crash() -> None:
    case = case_of("crash-loop-python")
    name = {"name": "fraud", "namespace": "risk", "creationTimestamp": "2026-08-21T10:00:00Z"}
    parents = [{"name": "kserve-ingress-gateway", "namespace": "kserve"}]
    route = {"kind": "HTTPRoute", "apiVersion": "v1", "metadata": name, "spec": {"parentRefs": parents}}
    told = diagnose(replace(case.tree, objects=(*case.tree.objects, route)), case.now)

    assert told.cause == "crash-loop"
    assert [step.text for step in told.evidence if step.text.startswith("also: no gateway has looked at")]


@pytest.mark.parametrize("name", ["l-runtime-made-later", "l-runtime-enabled-later", "n-llm-gateway-is-there"])
def test_what_only_a_condition_says_is_not_said_as_a_fact_before_it_was_looked_at(name: str) -> None:
    """A row that knows few lists, and the opened service that knows better, do not contradict each other."""
    case = case_of(name)
    kinds = ("ServingRuntime", "ClusterServingRuntime", "Gateway")
    few = tuple(one for one in case.tree.objects if one["kind"] not in kinds)
    row = diagnose(replace(case.tree, objects=few, shallow=True), case.now)

    assert diagnose(case.tree, case.now).cause == "stale-condition"
    assert row.verdict.startswith("KServe says that ")

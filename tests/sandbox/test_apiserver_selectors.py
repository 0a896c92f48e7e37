"""Selectors: which objects they let through, and how they are refused."""

from __future__ import annotations

import pytest

from kmon_tui.sandbox.apiserver.builtin import builtin_kinds
from kmon_tui.sandbox.apiserver.errors import ApiError
from kmon_tui.sandbox.apiserver.selectors import parse_field_selector, parse_label_selector

PODS = next(kind for kind in builtin_kinds() if kind.plural == "pods")
LABELS = {"team": "fraud", "tier": "gold", "size": "12", "blank": ""}


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("", True),
        ("team=fraud", True),
        ("team==fraud,tier=gold", True),
        ("team!=fraud", False),
        ("other!=fraud", True),
        ("team in (fraud, churn)", True),
        ("team notin (fraud)", False),
        ("other notin (fraud)", True),
        ("team", True),
        ("!team", False),
        ("!other, tier", True),
        ("size>11", True),
        ("size<11", False),
        ("team>11", False),
        ("blank=", True),
        ("team=", False),
    ],
)
def test_a_label_selector_lets_through_what_it_names(selector: str, holds: bool) -> None:
    assert all(requirement(LABELS) for requirement in parse_label_selector(selector)) is holds


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a=(b", "unable to parse requirement: found '(', expected: identifier"),
        ("a==b c", "unable to parse requirement: found 'c', expected: ',' or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b', expected: '('"),
        ("a,", "unable to parse requirement: found '', expected: identifier after ','"),
        ("=a", "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'"),
    ],
)
def test_a_broken_label_selector_is_refused_in_the_servers_words(selector: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_label_selector(selector)

    assert (caught.value.code, caught.value.message) == (400, message)


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ("metadata.name=p", True),
        ("status.phase=Running,spec.nodeName=n1", True),
        ("status.phase!=Running", False),
        ("status.podIP=", True),
    ],
)
def test_a_field_selector_looks_into_the_object(selector: str, holds: bool) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}}

    assert all(requirement(pod) for requirement in parse_field_selector(selector, PODS)) is holds


def test_a_field_that_is_not_indexed_is_refused() -> None:
    with pytest.raises(ApiError, match=r"field label not supported: spec\.x"):
        parse_field_selector("spec.x=1", PODS)

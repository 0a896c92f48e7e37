"""The words of a filter."""

from __future__ import annotations

import pytest

from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness
from kmon_tui.render.filter import FilterError, parse_filter

FLEET = (
    InferenceService(Key(Kind.ISVC, "llm", "bert-v1"), readiness=Readiness.READY, mode=Mode.KNATIVE, runtime="triton"),
    InferenceService(Key(Kind.ISVC, "risk", "Fraud"), readiness=Readiness.FAILED, mode=Mode.STANDARD, format="xgboost"),
    InferenceService(Key(Kind.LLM, "llm-test", "llama"), readiness=Readiness.ROLLING, mode=Mode.STANDARD),
    InferenceService(Key(Kind.GRAPH, "risk", "route"), readiness=Readiness.UNKNOWN),
)


def names(text: str) -> list[str]:
    wanted = parse_filter(text)
    return [isvc.key.name for isvc in FLEET if wanted(isvc)]


@pytest.mark.parametrize(
    ("text", "found"),
    {
        "": ["bert-v1", "Fraud", "llama", "route"],
        "fraud": ["Fraud"],
        "!fraud": ["bert-v1", "llama", "route"],
        "ns:llm": ["bert-v1", "llama"],
        "ns:/^llm$/": ["bert-v1"],
        "ns:!risk": ["bert-v1", "llama"],
        "!ns:risk": ["bert-v1", "llama"],
        "state:failed": ["Fraud"],
        "state:!ready": ["Fraud", "llama", "route"],
        "state:failed,rolling": ["Fraud", "llama"],
        "state:f": ["Fraud"],
        "state:": ["bert-v1", "Fraud", "llama", "route"],
        "mode:knative": ["bert-v1"],
        "mode:raw": ["Fraud", "llama"],
        "kind:llm": ["llama"],
        "kind:graph": ["route"],
        "rt:triton": ["bert-v1"],
        "rt:xgb": ["Fraud"],
        "/^(bert|llama)/": ["bert-v1", "llama"],
        "/bert": ["bert-v1"],
        "ns:risk state:failed": ["Fraud"],
        "ns:risk !fraud": ["route"],
        "/a b/": [],
    }.items(),
)
def test_words_that_must_all_hold(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize("text", ["state:broken", "mode:x", "kind:pod", "foo:bar", "/(/", "ns:/[/"])
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse_filter(text)

    assert raised.value.hint

"""Our questions to Prometheus as text."""

from __future__ import annotations

import promql_parser
import pytest

from kmon_tui.domain.traffic import Family
from kmon_tui.live import dialects
from kmon_tui.live.dialects import DIALECTS, code_class, only_targets

ALL = tuple(DIALECTS)
TARGETS = [{"instance": "10.0.0.1:9091", "job": "j"}, {"pod": "a.b", "job": "j"}, {"service_name": 'od"d\\'}]
MATCHER = 'cluster="eu"'


def questions(matchers: str, namespaces: frozenset[str]) -> list[str]:
    return [
        dialects.probe(matchers),
        dialects.counters(ALL, matchers, namespaces),
        dialects.sampled(ALL, matchers, namespaces),
        *(dialects.latency(dialect, matchers, TARGETS, 60) for dialect in DIALECTS.values()),
        *(dialects.detail(dialect, matchers, TARGETS) for dialect in DIALECTS.values()),
    ]


@pytest.mark.parametrize("matchers", ["", MATCHER])
@pytest.mark.parametrize("namespaces", [frozenset[str](), frozenset({"a", "b"})])
def test_every_question_is_promql(matchers: str, namespaces: frozenset[str]) -> None:
    for question in questions(matchers, namespaces):
        promql_parser.parse(question)


def test_the_matcher_of_the_person_is_in_every_selector() -> None:
    for question in questions(MATCHER, frozenset()):
        assert question.count("{") == question.count(MATCHER)


def test_targets_are_named_by_the_label_that_tells_them_apart() -> None:
    assert only_targets(TARGETS) == [
        'instance=~"10\\\\.0\\\\.0\\\\.1:9091"',
        'pod=~"a\\\\.b"',
        'service_name=~"od\\"d\\\\\\\\"',
    ]


def test_the_alias_has_no_bucket_suffix() -> None:
    assert DIALECTS[Family.ALIAS].buckets == "kserve_request_duration_milliseconds"


@pytest.mark.parametrize(
    ("family", "labels", "code"),
    [
        (Family.ALIAS, {"response_code_class": "2xx", "response_code": "200"}, "2xx"),
        (Family.ALIAS, {"response_code": "503"}, "5xx"),
        (Family.KNATIVE_S, {"http_response_status_code": "404"}, "4xx"),
        (Family.KNATIVE_S, {}, ""),
        (Family.SDK, {"response_code": "200"}, ""),
    ],
)
def test_codes_are_told_by_their_class(family: Family, labels: dict[str, str], code: str) -> None:
    assert code_class(DIALECTS[family], labels) == code

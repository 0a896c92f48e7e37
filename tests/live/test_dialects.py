"""Our questions to Prometheus as text."""

from __future__ import annotations

import promql_parser
import pytest

from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live import dialects
from kmon_tui.live.dialects import code_class
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.gauges import GAUGES
from kmon_tui.live.selectors import only_targets

ALL = tuple(DIALECTS)
TARGETS = [{"instance": "10.0.0.1:9091", "job": "j"}, {"pod": "a.b", "job": "j"}, {"service_name": 'od"d\\'}]
OWN = [
    {"configuration_name": "iris-predictor", "revision_name": "iris-predictor-00001", "deployment": "iris", "pod": "a"},
    {"kn_configuration_name": "iris-predictor", "kn_revision_name": "iris-predictor-00001", "instance": "b:1"},
]
MATCHER = 'cluster="eu"'


def questions(matchers: str, namespaces: frozenset[str]) -> list[str]:
    return [
        dialects.probe(matchers),
        dialects.probe(matchers, (Scope.PODS,)),
        dialects.counters(ALL, matchers, namespaces),
        dialects.gauges(GAUGES, matchers, namespaces),
        dialects.counters(ALL, matchers, namespaces, ("iris", "a.b")),
        dialects.sampled(ALL, GAUGES, matchers, namespaces),
        dialects.sampled(ALL, GAUGES, matchers, namespaces, ("iris", "a.b")),
        *(part for dialect in DIALECTS.values() for part in dialects.latency(dialect, matchers, TARGETS, 60)),
        *(dialects.together(dialects.detail(dialect, matchers, TARGETS)) for dialect in DIALECTS.values()),
        *(dialects.together(dialects.levels(GAUGES, matchers, [own])) for own in OWN),
    ]


@pytest.mark.parametrize("matchers", ["", MATCHER])
@pytest.mark.parametrize("namespaces", [frozenset[str](), frozenset({"a", "b"})])
def test_every_question_is_promql(matchers: str, namespaces: frozenset[str]) -> None:
    for question in questions(matchers, namespaces):
        promql_parser.parse(question)


def test_the_matcher_of_the_person_is_in_every_selector() -> None:
    for question in questions(MATCHER, frozenset()):
        assert question.count("{") == question.count(MATCHER)


def test_a_mesh_is_asked_about_our_services_only_where_they_are_few() -> None:
    few, many = (dialects.counters((Family.ISTIO,), "", {"a"}, names) for names in (["b", "c"], ["x" * 250] * 7))

    assert 'destination_service_name=~"(b|c)(-.*)?"' in few
    assert "destination_service_name=~" not in many


def test_targets_are_named_by_the_label_that_tells_them_apart() -> None:
    assert only_targets(TARGETS) == [
        'instance=~"10\\\\.0\\\\.0\\\\.1:9091"',
        'pod=~"a\\\\.b"',
        'service_name=~"od\\"d\\\\\\\\"',
    ]


def test_the_alias_has_no_bucket_suffix() -> None:
    latency = DIALECTS[Family.ALIAS].latency

    assert latency is not None
    assert latency.series == "kserve_request_duration_milliseconds"


@pytest.mark.parametrize(
    ("family", "labels", "code"),
    [
        (Family.ALIAS, {"response_code_class": "2xx", "response_code": "200"}, "2xx"),
        (Family.ALIAS, {"response_code": "503"}, "5xx"),
        (Family.KNATIVE_MS, {"response_code": "503"}, "5xx"),
        (Family.KNATIVE_MS, {"response_code": "5xx"}, "5xx"),
        (Family.ACTIVATOR, {"response_code": "503"}, "5xx"),
        (Family.KNATIVE_S, {"http_response_status_code": "404"}, "4xx"),
        (Family.KNATIVE_S, {}, ""),
        (Family.SDK, {"response_code": "200"}, ""),
    ],
)
def test_codes_are_told_by_their_class(family: Family, labels: dict[str, str], code: str) -> None:
    assert code_class(DIALECTS[family], labels) == code

"""The PromQL that people are told: it can be read by Prometheus for every family."""

from __future__ import annotations

import promql_parser
import pytest

from kmon_tui.domain.traffic import Family
from kmon_tui.live.asked import ERRORS, HEAT, LATENCY, PODS, REQUESTS, errors_of_users, expressions
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.packs.ingress import ACTIVATORS

POD = {"job": "a", "instance": "10.0.0.1:9091", "pod": "iris-predictor-1"}
ESCAPED = r"10\\.0\\.0\\.1:9091"


@pytest.mark.parametrize("family", Family)
def test_every_expression_can_be_read(family: Family) -> None:
    dialect = DIALECTS[family]
    labels = [POD, {"pod_name": 'odd"name'}, dict.fromkeys(dialect.names, "default/iris")]
    found = expressions(dialect, 'cluster="eu"', labels, 60, 15)

    assert REQUESTS in found
    assert (LATENCY in found) == (HEAT in found) == (dialect.latency is not None)
    for text in found.values():
        promql_parser.parse(text)
        assert 'cluster="eu"' in text


def test_without_anybody_who_counts_there_is_nothing_to_ask() -> None:
    assert expressions(DIALECTS[Family.ALIAS], "", [], 60, 15) == {}


def test_counters_that_look_alike_do_not_hide_each_other() -> None:
    found = expressions(DIALECTS[Family.MLSERVER], "", [POD], 60, 15)

    assert found[REQUESTS].startswith("sum by (kmon_part) (label_replace(rate(model_infer_request_success_total{")
    assert " or label_replace(rate(model_infer_request_failure_total{" in found[REQUESTS]


def test_a_share_of_errors_is_asked_for_where_somebody_counts_them() -> None:
    of = {family: expressions(DIALECTS[family], "", [POD], 60, 15).get(ERRORS, "") for family in Family}

    assert all(of.values())
    assert of[Family.SDK].startswith("1 - sum(rate(request_postprocess_seconds_count{")
    assert ',status=~"5..|failed"' in of[Family.VLLM]


def test_a_pod_that_two_jobs_scrape_is_one_pod() -> None:
    found = expressions(DIALECTS[Family.ALIAS], "", [POD, {**POD, "job": "b"}], 60, 15)

    assert found[PODS] == f'count(max by (instance) (max by (job, instance) (up{{instance=~"{ESCAPED}"}})) == 1)'


@pytest.mark.parametrize("family", [Family.ISTIO, Family.ENVOY, Family.ACTIVATOR, Family.ACTIVATOR_S])
def test_what_callers_saw_is_asked_for_in_front_of_the_pods(family: Family) -> None:
    dialect = DIALECTS[family]
    targets = {family: [dict.fromkeys(dialect.names, "default/iris")], Family.ALIAS: [POD]}

    asked = errors_of_users(dialect, DIALECTS[Family.ALIAS], 'cluster="eu"', targets, 60)

    promql_parser.parse(asked)
    assert next(iter(dialect.counters)) in asked
    assert ("kserve_request_count" in asked) == (family in ACTIVATORS), "most requests go past the activator"


def test_codes_are_asked_for_only_where_the_requests_themselves_have_them() -> None:
    of = {family: expressions(DIALECTS[family], "", [POD], 60, 15)[REQUESTS] for family in (Family.ALIAS, Family.VLLM)}

    assert of[Family.ALIAS].startswith("sum by (response_code_class, response_code) (")
    assert of[Family.VLLM].startswith("sum (rate(vllm:request_success_total"), "they have no label status"

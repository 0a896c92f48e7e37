"""The PromQL that people are told: it can be read by Prometheus for every family."""

from __future__ import annotations

import promql_parser
import pytest

from kmon_tui.domain.traffic import Family
from kmon_tui.live.asked import ERRORS, HEAT, LATENCY, REQUESTS, expressions
from kmon_tui.live.packs import DIALECTS

POD = {"job": "a", "instance": "10.0.0.1:9091", "pod": "iris-predictor-1"}


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


def test_codes_are_asked_for_only_where_the_requests_themselves_have_them() -> None:
    of = {family: expressions(DIALECTS[family], "", [POD], 60, 15)[REQUESTS] for family in (Family.ALIAS, Family.VLLM)}

    assert of[Family.ALIAS].startswith("sum by (response_code_class, response_code) (")
    assert of[Family.VLLM].startswith("sum (rate(vllm:request_success_total"), "they have no label status"

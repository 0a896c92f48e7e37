"""Native histograms, as Prometheus 3 tells them, become the cumulative counts of classic ones."""

from __future__ import annotations

import math

import pytest

from kmon_tui.domain.traffic import Family
from kmon_tui.live import dialects, natives
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.prometheus_answers import Hist

NAME = "http_server_request_duration_seconds"


def below(told: Hist) -> dict[float, float]:
    return {bound: count for _, bound, count in natives.cumulative(NAME, told)}


def test_with_the_bounds_of_the_program_counts_are_exact() -> None:
    """As Prometheus 3.5 answered for a page with these bounds: what is empty is left out."""
    told = Hist(
        "19", [(3, "-Inf", "0.005", "1"), (0, "0.005", "0.01", "2"), (0, "2.5", "5", "15"), (0, "10", "+Inf", "1")]
    )

    found = below(told)

    assert (found[0.005], found[0.01], found[2.5], found[5.0], found[10.0]) == (1, 3, 3, 18, 18)
    assert found[math.inf] == 19


def test_a_bound_inside_a_bucket_has_an_even_share_of_it() -> None:
    """Exponential ones have other bounds than the program's."""
    told = Hist("10", [(0, "0.08", "0.12", "10")])

    assert below(told)[0.1] == pytest.approx(5)


def test_without_a_request_all_is_zero() -> None:
    assert set(below(Hist("0")).values()) == {0}


def test_only_what_a_prometheus_has_as_native_is_asked_for_as_such() -> None:
    plain, native = (dialects.counters((Family.KNATIVE_S,), "", {"a"}, (), there) for there in ((), (NAME,)))

    assert "histogram_count" not in plain
    assert f'histogram_count({NAME}{{kn_route_tag!="",namespace=~"|a"}})' in native


def test_buckets_of_a_language_model_are_those_of_each_of_its_histograms() -> None:
    parts = dialects.latency(
        DIALECTS[Family.VLLM], "", [{"instance": "a:1"}], 60, ("vllm:time_to_first_token_seconds",)
    )

    assert [part for part in parts if "increase(vllm:time_to_first_token_seconds{" in part and "unless" in part]
    assert not [part for part in parts if "increase(vllm:e2e_request_latency_seconds{" in part]

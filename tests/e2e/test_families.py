"""Every family of metrics, from its page through our own scrape jobs and a real Prometheus to `kmon-tui metrics`.

The pages are true ones, but those whose name begins with ``constructed``: they say so in their first line. What is told
must equal what is worked out anew from the raw samples.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.quantile import quantile
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import Family
from kmon_tui.live.asked import ERRORS, LATENCY, REQUESTS, expressions
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.packs import DIALECTS
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import PrometheusClient
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.oneshot.metrics import document
from kmon_tui.settings import PrometheusSettings
from tests.e2e import discovery, scraping, tools
from tests.e2e.family_cases import (
    ALIASED,
    BEHIND,
    CASES,
    CODED,
    COUNT,
    DURATION,
    FIRST_SDK,
    FIRST_VLLM,
    GATEWAYS,
    KNATIVE,
    MLSERVER,
    NEW,
    NOW,
    OLDER_TRITON,
    PODS,
    QUEUE_PROXY,
    SDK,
    TORCHSERVE,
    TRITON,
    VIEWED,
    VLLM,
    Case,
)
from tests.e2e.family_pods import FamilyPod, Page, serving, serving_pods
from tests.e2e.family_screen import FamilyScreen, Headings, family_screen, nearly
from tests.e2e.family_truth import WINDOW_S, counts, drawable, gained, lent, raw, samples, sum_of
from tests.e2e.pages import PAGES, page_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module", params=["own", "3.5"])
def prometheus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    version = None if request.param == "own" else request.param
    binary = tools.prometheus(version)
    if binary is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))
    folder: Path = tmp_path_factory.mktemp("families")
    with ExitStack() as stack:
        pods = stack.enter_context(serving_pods([*PODS, *KNATIVE]))
        bridge = stack.enter_context(discovery.serving(lambda: pods))
        jobs = yaml.safe_load(scraping.JOBS.read_text(encoding="utf-8"))
        for job in jobs:
            del job["kubernetes_sd_configs"]
            job |= {"http_sd_configs": [{"url": bridge, "refresh_interval": "2s"}], "scrape_interval": "1s"}
        for family, (page, pod) in GATEWAYS.items():
            address = stack.enter_context(serving(Page(page, pod.name)))
            jobs.append({"job_name": family.value, "static_configs": [{"targets": [address]}]})
        # As the chart's own job finds it: with the namespace that it is in itself, and without honor_labels.
        address = stack.enter_context(serving(Page("kube-state-metrics-2.15.0", SDK.name)))
        found = {"targets": [address], "labels": {"namespace": "monitoring"}}
        jobs.append({"job_name": "kube-state-metrics", "static_configs": [found]})
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        with scraping.running(binary, folder, config) as url:
            # Of a Knative pod our jobs ask queue-proxy twice, and the model's own port, where nobody listens here.
            targets = 2 * len(PODS) + len(QUEUE_PROXY) + len(KNATIVE) + len(GATEWAYS) + 1
            ready = f"count(up) == {targets} and min(count_over_time(up[1m])) > 8"
            scraping.wait_for_samples(url, ready, 120)
            yield url


async def measured(url: str, pod: FamilyPod, kind: Kind, family: Family | None) -> dict[str, Any]:
    isvc = InferenceService(Key(kind, "default", pod.name))
    metrics = PrometheusMetrics(PrometheusSettings(url=url))
    try:
        return document(await metrics.measure((isvc,), isvc.key, WINDOW_S, family))
    finally:
        await metrics.aclose()


def ids(case: Case) -> str:
    return f"{case.pod.page}-{case.family}"


@pytest.mark.parametrize("case", CASES, ids=ids)
async def test_requests_and_errors_equal_the_raw_samples(prometheus: str, case: Case) -> None:
    # A scrape is dated when it began: one that was still under way when the program asked is in the raw samples later.
    for _ in range(4):
        told = await measured(prometheus, case.pod, case.kind, case.family)
        expected = of_raw_samples(prometheus, case, told["requests_per_s"]["series"][-1][0])
        if {name: told[name] for name in expected} == expected:
            break

    assert told["family"] == case.family.value
    assert case.family.value in told["families"]
    assert {name: told[name] for name in expected} == expected


def of_raw_samples(url: str, case: Case, end_s: float) -> dict[str, Any]:
    """Work out what must be told of a pod until a moment."""
    requests = sum_of(url, case.requests, case, end_s)
    series = [one for name in case.requests for one in raw(url, name, case.pod, case.family, end_s)]
    expected = {
        "requests_in_window": pytest.approx(requests),
        "counter_sum": pytest.approx(sum(float(one["values"][-1][1]) for one in series)),
    }
    if case.failed is not None:
        base = sum_of(url, case.base, case, end_s) if case.base else requests
        ratio = sum_of(url, case.failed, case, end_s) / base
        expected["pods_error_ratio"] = pytest.approx(ratio, abs=1e-6)
    return expected


@pytest.mark.parametrize("case", [case for case in CASES if case.family is not Family.ALIAS], ids=ids)
async def test_the_promql_to_copy_tells_the_same(prometheus: str, case: Case) -> None:
    told = await measured(prometheus, case.pod, case.kind, case.family)
    (up,) = scraping.ask(prometheus, f'up{{job="kserve-model-metrics",service_name="{case.pod.name}"}} == 1')
    matchers = f'job="kserve-model-metrics",pod="{up["metric"]["pod"]}"'

    asked = expressions(DIALECTS[case.family], matchers, [up["metric"]], 8, 8)

    rates = [f'rate({name.replace("{", "{" + matchers + ",") if "{" in name else f"{name}{{{matchers}}}"}[8s])'
             for name in case.requests]  # fmt: skip
    expected = sum(scalar(prometheus, f"sum({rate})") or 0.0 for rate in rates)
    assert scalar(prometheus, f"sum({asked[REQUESTS]})") == pytest.approx(expected, rel=0.25)
    errors = scalar(prometheus, asked[ERRORS])
    assert errors == (None if case.failed is None else pytest.approx(told["pods_error_ratio"], abs=0.02))
    assert (LATENCY in asked) == bool(case.buckets)
    if case.buckets:
        assert scalar(prometheus, asked[LATENCY]) == pytest.approx(told["latency_ms"]["p90"] / case.to_ms, rel=0.3)


def scalar(url: str, query: str) -> float | None:
    """Give the one number of an answer; None for an empty one."""
    found = scraping.ask(url, query)
    assert len(found) < 2, query
    return float(found[0]["value"][1]) if found else None


@pytest.mark.parametrize("case", [case for case in CASES if case.buckets], ids=ids)
async def test_buckets_and_quantiles_equal_the_raw_samples(prometheus: str, case: Case) -> None:
    for _ in range(4):  # as above: a scrape that was under way is in the raw samples later
        told = await measured(prometheus, case.pod, case.kind, case.family)
        bounds, own = counts(prometheus, case, told["requests_per_s"]["series"][-1][0])
        if [one["count"] for one in told["buckets"]] == pytest.approx(own):
            break

    assert [one["count"] for one in told["buckets"]] == pytest.approx(own)
    assert [one["le_ms"] or math.inf for one in told["buckets"]] == pytest.approx([case.to_ms * b for b in bounds])
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        expected = quantile(q, bounds, own)
        assert told["latency_ms"][name] == pytest.approx((expected or 0.0) * case.to_ms, rel=1e-4)


@pytest.mark.parametrize(
    ("pod", "total", "good"),
    [
        (TRITON, "nv_inference_request_duration_us", ("nv_inference_request_success",)),
        (OLDER_TRITON, "nv_inference_request_duration_us", ("nv_inference_request_success",)),
        (TORCHSERVE, "ts_inference_latency_microseconds", ("ts_inference_requests_total", "-Requests5XX")),
    ],
    ids=lambda one: one.page if isinstance(one, FamilyPod) else "",
)
async def test_without_a_histogram_there_is_a_mean_of_what_went_well(
    prometheus: str, pod: FamilyPod, total: str, good: tuple[str, ...]
) -> None:
    family = Family.TORCHSERVE if pod is TORCHSERVE else Family.TRITON
    case = Case(pod, family, good)

    told = await measured(prometheus, pod, Kind.ISVC, None)

    end_s = told["requests_per_s"]["series"][-1][0]
    expected_us = sum_of(prometheus, (total,), case, end_s) / sum_of(prometheus, good, case, end_s)
    assert told["family"] == family.value, "an alias without codes gives way to what knows failures"
    assert told["mean_ms"] == pytest.approx(expected_us / 1000, rel=1e-4)
    assert told["latency_ms"] == {"p50": None, "p90": None, "p99": None}


async def test_the_walks_two_queries_answer_for_each_pod_that_has_them(prometheus: str) -> None:
    for pod in [*QUEUE_PROXY, SDK, FIRST_SDK, MLSERVER]:
        assert scraping.ask(prometheus, f'{COUNT}{{service_name="{pod.name}"}}'), pod.name
        assert scraping.ask(prometheus, f'{DURATION}{{le="100", service_name="{pod.name}"}}'), pod.name


async def test_a_language_model_tells_its_tokens(prometheus: str) -> None:
    told = await measured(prometheus, VLLM, Kind.LLM, None)

    llm = told["llm"]
    assert told["family"] == "vllm"
    assert (llm["running"], llm["waiting"], llm["kv_cache_ratio"]) == (3, 2, 0.42)
    assert llm["prefix_hit_ratio"] == pytest.approx(4123 / 6156, rel=1e-3)
    assert llm["prompt_tokens_per_s"] == pytest.approx(2 * 6156, rel=0.2), "two jobs ask for the page each second"
    assert llm["generation_tokens_per_s"] / llm["prompt_tokens_per_s"] == pytest.approx(1644 / 6156, rel=1e-3)
    assert 0 < llm["ttft_p50_ms"] <= llm["ttft_p99_ms"] <= llm["ttft_top_ms"] == 2_560_000
    assert 0 < llm["itl_p50_ms"] <= llm["itl_p99_ms"] <= llm["itl_top_ms"] == 80_000


async def test_the_first_engine_of_vllm_tells_the_same_but_no_failures(prometheus: str) -> None:
    told = await measured(prometheus, FIRST_VLLM, Kind.ISVC, Family.VLLM)

    llm = told["llm"]
    assert (llm["running"], llm["waiting"], llm["kv_cache_ratio"]) == (3, 2, 0.42)
    assert llm["generation_tokens_per_s"] / llm["prompt_tokens_per_s"] == pytest.approx(1644 / 6156, rel=1e-3)
    assert 0 < llm["ttft_p50_ms"] <= llm["ttft_p99_ms"]
    assert 0 < llm["itl_p50_ms"] <= llm["itl_p99_ms"] <= llm["itl_top_ms"] == 2_500
    assert (told["error_ratio"], told["pods_error_ratio"], llm["prefix_hit_ratio"]) == (None, None, 0.67)


@pytest.mark.parametrize(("family", "ratio"), [(Family.ISTIO, 30 / 1070), (Family.ENVOY, 13 / 259)], ids=str)
async def test_what_gateways_refused_is_in_the_scope_of_users(prometheus: str, family: Family, ratio: float) -> None:
    told = await measured(prometheus, GATEWAYS[family][1], Kind.ISVC, None)

    assert (told["scope"], told["users"]["family"]) == ("users", family.value)
    assert told["error_ratio"] == told["users"]["error_ratio"] == pytest.approx(ratio, abs=1e-4)
    assert 0 < told["users"]["p50_ms"] <= told["users"]["p99_ms"]
    assert set(told["users"]["by_class"]) >= {"2xx", "5xx"}


@pytest.mark.parametrize("version", CODED)
async def test_what_the_activator_refused_comes_on_top_of_what_the_pods_saw(prometheus: str, version: str) -> None:
    (family, counted), pod = CODED[version], BEHIND[version]
    of_it = counted.replace("{", f'{{pod=~".*activator-{version.replace(".", "-")}-.+",')
    case = Case(pod, Family.ALIAS, (COUNT,), ALIASED)

    told = await measured(prometheus, pod, Kind.ISVC, None)

    end_s = told["requests_per_s"]["series"][-1][0]
    behind, bad_behind = (sum_of(prometheus, one, case, end_s) for one in ((COUNT,), ALIASED))
    seen = {
        code: sum(gained(one["values"], end_s) for one in samples(prometheus, of_it.replace("CLASS", code), end_s))
        for code in ("2", "5")
    }
    refused = max(0.0, seen["5"] - bad_behind)
    expected = max(seen["5"], bad_behind) / max(sum(seen.values()), behind + refused)
    assert seen["5"] > 0
    assert (told["scope"], told["users"]["family"]) == ("users", family.value)
    assert told["error_ratio"] == pytest.approx(expected, rel=5e-3), "told with six digits, of two pages at a time"


async def test_an_activator_that_does_not_say_which_revision_it_serves_tells_nothing_of_users(prometheus: str) -> None:
    assert scraping.ask(prometheus, f'{NEW}_count{{pod=~"activator-1-19-0-.+",http_response_status_code="504"}}')

    told = await measured(prometheus, BEHIND["1.19.0"], Kind.ISVC, None)

    assert (told["scope"], told["users"]) == ("pods", None)


@pytest.mark.parametrize("version", BEHIND)
async def test_the_autoscaler_tells_the_pods(prometheus: str, version: str) -> None:
    page = (PAGES / f"{page_of('autoscaler', version)}.txt").read_text(encoding="utf-8").splitlines()
    expected = {NOW[name]: float(line.split()[-1]) for line in page if (name := line.partition("{")[0]) in NOW}
    assert set(expected) == {"wanted", "ready", "concurrency", "target_concurrency"}

    told = await measured(prometheus, BEHIND[version], Kind.ISVC, None)

    scaling = told["scaling"]
    assert scaling["source"] == "autoscaler"
    assert {name: scaling[name] for name in expected} == pytest.approx(expected, rel=1e-3)
    assert isinstance(scaling["panic"], bool)


async def test_kube_state_metrics_tells_the_pods_of_a_deployment_in_its_own_namespace(prometheus: str) -> None:
    assert scraping.ask(prometheus, 'kube_deployment_spec_replicas{namespace="monitoring",exported_namespace="other"}')

    scaling = (await measured(prometheus, SDK, Kind.ISVC, None))["scaling"]

    assert (scaling["source"], scaling["wanted"], scaling["ready"]) == ("kube-state-metrics", 3, 2)


def test_constructed_pages_say_so() -> None:
    for file in scraping.JOBS.parents[1].joinpath("tests/data/exposition").glob("constructed-*.txt"):
        assert file.read_text(encoding="utf-8").startswith("# CONSTRUCTED"), file.name


async def test_what_the_screens_draw_is_what_metrics_tells(prometheus: str) -> None:
    kinds = {case.pod.name: case.kind for case in CASES}
    services = tuple(InferenceService(Key(kind, "default", name)) for name, kind in kinds.items())
    keys = tuple(isvc.key for isvc in services)
    client = PrometheusClient(PrometheusSettings(url=prometheus))
    poller = Poller(Matchers(), prometheus, "", now=time.time)
    try:
        await client.run(partial(poller.poll, look=Look(services, keys[0], keys)))
        report = await client.run(partial(poller.poll, look=Look(services, keys[0], keys)))
    finally:
        await client.aclose()

    for pod in PODS:
        told = await measured(prometheus, pod, kinds[pod.name], None)
        drawn = report.traffic[Key(kinds[pod.name], "default", pod.name)]
        assert (drawn.family.value, drawn.scope.value) == (told["family"], told["scope"]), pod.page
        for name, value, here in (
            ("requests/s", told["requests_per_s"]["now"], drawn.requests_per_s),
            ("errors", told["error_ratio"], drawn.error_ratio),
            ("p90", told["latency_ms"]["p90"], drawn.p90_ms),
            ("mean", told["mean_ms"], drawn.mean_ms),
        ):
            # A rank that falls on a bound is in either of two buckets, as the samples happen to lie.
            near = 0.3 if name == "p90" else 0.15
            assert here == (None if value is None else pytest.approx(value, rel=near, abs=0.002)), (pod.page, name)


@pytest.fixture(scope="module")
def screen(prometheus: str) -> Iterator[FamilyScreen]:
    with family_screen(CASES, prometheus) as one:
        yield one


@pytest.mark.parametrize("prometheus", ["own"], indirect=True)
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_same_numbers_are_in_the_rows(prometheus: str, screen: FamilyScreen, case: Case) -> None:
    truth = drawable(prometheus, case)

    def wrong(row: dict[str, str]) -> list[str]:
        if case.pod in [pod for _, pod in GATEWAYS.values()]:
            errors = row["ERR%"] == ("2.8u" if case.pod is SDK else "5u")  # 30 of 1070, 13 of 259 at its gateway
        elif lent(case).failed is None:
            errors = row["ERR%"] == "?"
        else:
            errors = row["ERR%"].endswith("u") or nearly(row["ERR%"].removesuffix("p"), truth.failed_percent, 0.02)
        fine = {
            "PODS": row["PODS"] == "1/1",
            "RPS": nearly(row["RPS"], truth.per_s, 0.06),
            "ERR%": errors,
            "P90": nearly(row["P90"], truth.quantiles_ms[1], 0.02) if case.buckets else row["P90"] == "?",
        }
        return [f"{name} {row[name]}" for name, good in fine.items() if not good]

    row = screen.row(case, lambda one: not wrong(one))

    assert wrong(row) == [], truth


@pytest.mark.parametrize("prometheus", ["own"], indirect=True)
@pytest.mark.parametrize("case", VIEWED, ids=ids)
def test_the_same_numbers_are_in_the_metrics_view(prometheus: str, screen: FamilyScreen, case: Case) -> None:
    truth = drawable(prometheus, case)

    def wrong(told: Headings) -> list[object]:
        known = lent(case).failed is not None
        found: list[tuple[bool, object]] = [
            (nearly(told.requests, truth.per_s, 0.06), told.requests),
            (nearly(told.errors, truth.failed_percent, 0.02) if known else told.errors == "?", told.errors),
        ]
        if case.buckets:
            found.append((nearly(told.newest, told.newest_s * truth.per_s, 0.15), told.newest))
            found.append((len(told.latency) == 3, told.latency))
            for text, value_ms in zip(told.latency, truth.quantiles_ms, strict=False):
                above = value_ms[0] >= truth.top_ms  # more than the last bound: `>10s`
                right = nearly(text.removeprefix(">"), value_ms, 0.02) and text.startswith(">") == above
                found.append((right, text))
        return [text for good, text in found if not good]

    told = screen.headings(case, lambda one: not wrong(one))

    assert wrong(told) == [], truth

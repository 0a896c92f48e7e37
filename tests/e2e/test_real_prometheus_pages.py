"""A real Prometheus scrapes true pages of every family; our numbers equal those worked out from its raw samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kmon_tui.domain.quantile import quantile
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.oneshot.metrics import document
from kmon_tui.settings import PrometheusSettings
from tests.e2e import pages, scraping, tools
from tests.e2e.family_truth import WINDOW_S, gained, samples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

IRIS = InferenceService(Key(Kind.ISVC, "default", "sklearn-iris"))
FAMILIES = {
    "knative-1.18.0": ("knative-ms", "revision_request_count", "revision_request_latencies_bucket", 1),
    "knative-1.19.0": ("knative-s", "http_server_request_duration_seconds_count", "", 1000),
    "knative-1.21.1": ("knative-s", "http_server_request_duration_seconds_count", "", 1000),
    "knative-1.23.0": ("knative-s", "http_server_request_duration_seconds_count", "", 1000),
    "kserve-sdk": ("kserve-sdk", "request_predict_seconds_count", "request_predict_seconds_bucket", 1000),
    "sklearnserver": ("kserve-sdk", "request_predict_seconds_count", "request_predict_seconds_bucket", 1000),
}
POD = {"namespace": "default", "pod": "sklearn-iris-predictor-7c9fd8b6c-x2x4z"}


@pytest.fixture(scope="module", params=["own", "2.53", "3.5"])
def prometheus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    version = None if request.param == "own" else request.param
    binary = tools.prometheus(version)
    if binary is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with pages.growing() as address:
        jobs = [
            {
                "job_name": name,
                "metrics_path": f"/{name}",
                "static_configs": [{"targets": [address], "labels": {"page": name, **POD}}],
            }
            for name in FAMILIES
        ]
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        with scraping.running(binary, folder, config) as url:
            for name in FAMILIES:
                scraping.wait_for_samples(url, f'count_over_time(up{{page="{name}"}}[1m]) > 8')
            yield url


async def measured(url: str, page: str) -> dict[str, Any]:
    metrics = PrometheusMetrics(PrometheusSettings(url=url, matchers=(f'page="{page}"',)))
    try:
        return document(await metrics.measure((IRIS,), IRIS.key, WINDOW_S))
    finally:
        await metrics.aclose()


@pytest.mark.parametrize("page", FAMILIES)
async def test_requests_and_counters_equal_the_raw_samples(prometheus: str, page: str) -> None:
    family, counter, _, _ = FAMILIES[page]

    told = await measured(prometheus, page)

    end_s = told["requests_per_s"]["series"][-1][0]
    series = samples(prometheus, f'{counter}{{page="{page}"}}', end_s)
    assert told["family"] == family
    assert told["counter_sum"] == pytest.approx(sum(float(one["values"][-1][1]) for one in series))
    assert told["requests_in_window"] == pytest.approx(sum(gained(one["values"], end_s) for one in series))
    assert told["age_s"] < 3


# The page of sklearnserver was kept without its buckets.
@pytest.mark.parametrize("page", [page for page in FAMILIES if page != "sklearnserver"])
async def test_buckets_and_quantiles_equal_the_raw_samples(prometheus: str, page: str) -> None:
    _, counter, bucket, to_ms = FAMILIES[page]
    bucket = bucket or counter.replace("_count", "_bucket")

    told = await measured(prometheus, page)

    end_s = told["requests_per_s"]["series"][-1][0]
    cumulative: dict[float, float] = {}
    for one in samples(prometheus, f'{bucket}{{page="{page}"}}', end_s):
        le = float(one["metric"]["le"])
        cumulative[le] = cumulative.get(le, 0.0) + gained(one["values"], end_s)
    bounds = sorted(cumulative)
    reached = [cumulative[bound] for bound in bounds]
    own = [b - a for a, b in pairwise([0.0, *reached])]
    assert [one["count"] for one in told["buckets"]] == pytest.approx(own)
    assert [one["le_ms"] or math.inf for one in told["buckets"]] == pytest.approx([to_ms * bound for bound in bounds])
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        expected = quantile(q, bounds, own)
        assert expected is not None
        assert told["latency_ms"][name] == pytest.approx(expected * to_ms, rel=1e-4)

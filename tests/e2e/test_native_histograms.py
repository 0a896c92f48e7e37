"""A real Prometheus 3 that keeps histograms as native ones, alone or beside the classic ones: the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kmon_tui.domain.quantile import quantile
from kmon_tui.domain.traffic import Family, Scope
from kmon_tui.live.asked import ERRORS, HEAT, LATENCY, REQUESTS
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.oneshot.metrics import document
from kmon_tui.settings import PrometheusSettings
from tests.e2e import scraping, tools
from tests.e2e.answering import Said, answering
from tests.live.interests import Interested
from tests.live.stories import IRIS, POD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
NAME = "http_server_request_duration_seconds"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
FINE = {0.01: 40, 0.1: 30, 0.5: 20}
BAD = {5.0: 9}
"""Requests by the bound below which they ended."""


POD_OWN, FRONT_OWN = (
    'kn_route_tag="DEFAULT"',
    'kn_revision_name="iris-predictor-00001",k8s_namespace_name="default",kn_service_name="iris-predictor"',
)
REFUSED = {"200": FINE, "503": {0.005: 10}}
"""What the activator saw."""


class Page:
    """What queue-proxy of Knative 1.21 shows, and the activator, before and after some requests."""

    def __init__(self) -> None:
        self.times = 1

    def read(self, _method: str, path: str) -> Said:
        own, codes = (FRONT_OWN, REFUSED) if path == "/activator" else (POD_OWN, {"200": FINE, "500": BAD})
        lines = [f"# TYPE {NAME} histogram"]
        for code, ended in codes.items():
            labels = f'http_response_status_code="{code}",{own}'
            below = [self.times * sum(n for end, n in ended.items() if end <= bound) for bound in BOUNDS]
            whole = self.times * sum(ended.values())
            lines += [f'{NAME}_bucket{{{labels},le="{le}"}} {n}' for le, n in zip(BOUNDS, below, strict=True)]
            lines += [
                f'{NAME}_bucket{{{labels},le="+Inf"}} {whole}',
                f"{NAME}_sum{{{labels}}} 1",
                f"{NAME}_count{{{labels}}} {whole}",
            ]
        return Said("\n".join([*lines, ""]).encode())


@contextmanager
def prometheus(page: Page, folder: Path, **how: bool) -> Iterator[str]:
    binary = tools.prometheus("3.5")
    if binary is None:
        pytest.skip(tools.reason_without_prometheus("3.5"))
    own = {label: POD[label] for label in ("namespace", "pod")}
    with answering(page.read) as where:
        job = {"job_name": "knative", "static_configs": [{"targets": [where], "labels": own}]}
        front = {
            "job_name": "front",
            "metrics_path": "/activator",
            "static_configs": [{"targets": [where], "labels": {"namespace": "knative-serving"}}],
        }
        jobs = [{**one, **how} for one in (job, front)]
        config: dict[str, Any] = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        with scraping.running(binary, folder, config, "--enable-feature=native-histograms") as url:
            yield url


@pytest.mark.parametrize("beside", [False, True])
async def test_counts_errors_quantiles_and_buckets_are_those_of_the_page(tmp_path: Path, beside: bool) -> None:
    page = Page()
    how = {"convert_classic_histograms_to_nhcb": True, "always_scrape_classic_histograms": beside}
    with prometheus(page, tmp_path, **how) as url:
        # A tick is five seconds at least: there must be samples from before the last one.
        scraping.wait_for_samples(url, f"min(count_over_time({NAME}[1m])) > 7")
        page.times = 3
        scraping.wait_for_samples(url, f'sum(histogram_count({NAME}{{job="knative"}} offset 2s)) == 297')
        scraping.wait_for_samples(url, f'sum(histogram_count({NAME}{{job="front"}} offset 2s)) == 300')
        metrics = PrometheusMetrics(PrometheusSettings(url=url))
        stream = metrics.poll(Interested((IRIS,), selected=IRIS.key))
        report = await anext(stream)
        told = document(await metrics.measure((IRIS,), IRIS.key, 60))
        drawn = report.buckets[IRIS.key]
        copied = {panel: scraping.ask(url, drawn.queries[panel]) for panel in (REQUESTS, ERRORS, LATENCY, HEAT)}
        await stream.aclose()
        await metrics.aclose()

    own = [FINE.get(bound, 0) + BAD.get(bound, 0) for bound in BOUNDS]
    quantiles = [quantile(q, (*BOUNDS, float("inf")), (*own, 0)) for q in (0.5, 0.9, 0.99)]
    traffic = report.traffic[IRIS.key]
    assert traffic.family is Family.KNATIVE_S
    assert (told["counter_sum"], told["requests_in_window"]) == (297, 198)
    assert (told["pods_error_ratio"], told["error_ratio"]) == pytest.approx((9 / 99, 0.1), abs=1e-6)
    assert [one["count"] for one in told["buckets"]] == [2 * n for n in (*own, 0)]
    assert [traffic.p50_ms, traffic.p90_ms, traffic.p99_ms] == pytest.approx([q * 1000 for q in quantiles if q])
    assert [sum(n for n in bucket if n == n) for bucket in drawn.counts] == [2 * n for n in (*own, 0)]
    users = traffic.users
    assert users is not None
    assert (traffic.scope, users.family, told["scope"]) == (Scope.USERS, Family.ACTIVATOR_S, "users")
    assert {code for code, rate in users.by_class if rate} == {"2xx", "5xx"}
    assert users.p50_ms is not None
    assert ("histogram_count" in drawn.queries[REQUESTS]) is not beside, "the series that gave the number"
    by_code = {row["metric"]["http_response_status_code"]: float(row["value"][1]) for row in copied[REQUESTS]}
    assert by_code["500"] / sum(by_code.values()) == pytest.approx(9 / 99, abs=1e-3)
    assert float(copied[ERRORS][0]["value"][1]) == pytest.approx(traffic.pods_error_ratio, abs=1e-3)
    assert float(copied[LATENCY][0]["value"][1]) * 1000 == pytest.approx(traffic.p90_ms, rel=0.01)
    assert copied[HEAT]

"""The doctor and the alerts with a real Prometheus: its configuration, its targets with their errors, its rules."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.settings import PrometheusSettings
from tests.e2e import processes, scraping, tools
from tests.e2e.sandbox import KMON, Place, plain_environment, running_sandbox
from tests.live.interests import Interested

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
IRIS = InferenceService(Key(Kind.ISVC, "default", "sklearn-iris"))
RULES = {
    "groups": [
        {
            "name": "test",
            "rules": [
                {
                    "alert": "ManyRequests",
                    "expr": 'sum by (namespace, service_name) (kserve_request_count{service_name="sklearn-iris"}) > 0',
                    "labels": {"severity": "critical"},
                    "annotations": {"summary": "it has {{ $value }} [requests]"},
                },
                {
                    "alert": "Later",
                    "expr": 'sum by (namespace, service_name) (kserve_request_count{service_name="sklearn-iris"}) > 0',
                    "for": "1h",
                },
            ],
        }
    ]
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


@pytest.fixture(scope="module", params=["own", "3.5"])
def scraped(request: pytest.FixtureRequest, sandbox: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a real Prometheus with our jobs and two rules."""
    version = None if request.param == "own" else request.param
    binary = tools.prometheus(version)
    if binary is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))
    folder: Path = tmp_path_factory.mktemp("prometheus")
    rules = folder / "rules.yml"
    rules.write_text(yaml.safe_dump(RULES), encoding="utf-8")
    with scraping.scraping(sandbox, binary, folder, native=version is not None, rules=str(rules)) as url:
        scraping.wait_for_samples(url, 'ALERTS{alertname="Later",alertstate="pending"}')
        yield url


def doctor(place: Place, url: str, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run the one-shot; give its exit code and its findings by id."""
    command = [*KMON, "doctor", *words, "--kubeconfig", str(place.kubeconfig), "--prometheus", url, "-o", "json"]
    done = subprocess.run(command, env=plain_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return done.returncode, {one["id"]: one for one in json.loads(done.stdout)["findings"]}


def test_a_healthy_chain_is_found_whole(sandbox: Place, scraped: str) -> None:
    _, found = doctor(sandbox, scraped, "sklearn-iris", "-n", "default")

    wrong = [one for one in found.values() if one["status"] in ("fail", "unknown") and one["id"] != "local.ports"]
    assert wrong == []
    assert found["prometheus.job"]["text"].startswith("loaded, every 1s")
    assert found["prometheus.retention"]["status"] == "ok"
    assert found["chain.target"]["status"] == "ok"
    assert found["chain.series"]["status"] == "ok"


def test_a_prometheus_without_our_job_is_told_how_to_load_it(sandbox: Place, tmp_path: Path) -> None:
    binary = tools.prometheus()
    assert binary is not None
    jobs = [{"job_name": "itself", "static_configs": [{"targets": ["127.0.0.1:9"]}]}]
    with scraping.running(binary, tmp_path, {"scrape_configs": jobs}) as url:
        code, found = doctor(sandbox, url, "sklearn-iris", "-n", "default")

    assert code == 1
    assert found["prometheus.job"]["status"] == "fail"
    fix = found["prometheus.job"]["fix"]
    assert re.search(r"helm upgrade prometheus \"\$C\" --version \S+ -n monitoring --reuse-values", fix), fix
    assert found["chain.target"]["status"] == "fail"


def test_a_job_of_a_file_beside_the_configuration_is_loaded_also_before_there_are_pods(
    sandbox: Place, tmp_path: Path
) -> None:
    binary = tools.prometheus("3.5")
    if binary is None:
        pytest.skip(tools.reason_without_prometheus("3.5"))
    nobody = {"role": "pod", "kubeconfig_file": str(sandbox.kubeconfig), "namespaces": {"names": ["nobody"]}}
    job = {"job_name": "kserve-metrics", "kubernetes_sd_configs": [nobody]}
    (tmp_path / "kserve.yml").write_text(yaml.safe_dump({"scrape_configs": [job]}), encoding="utf-8")
    with scraping.running(binary, tmp_path, {"scrape_config_files": [str(tmp_path / "kserve.yml")]}) as url:
        processes.wait_until(lambda: pools(url) == ["kserve-metrics"], 30, "the job is loaded")
        _, found = doctor(sandbox, url)

    assert "is not loaded" not in found["prometheus.job"]["text"]


def pools(url: str) -> list[str]:
    """Name the jobs that a Prometheus has loaded, of all its files."""
    with urllib.request.urlopen(f"{url}/api/v1/scrape_pools", timeout=10) as answer:
        return list(json.load(answer)["data"]["scrapePools"])


def test_a_target_that_is_down_is_told_with_prometheus_own_words(sandbox: Place, tmp_path: Path) -> None:
    binary = tools.prometheus()
    assert binary is not None
    pods = subprocess.run(
        [str(tools.kubectl()), "--kubeconfig", str(sandbox.kubeconfig), "get", "pods", "-n", "default", "-o", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [
        pod["metadata"]["name"]
        for pod in json.loads(pods.stdout)["items"]
        if pod["metadata"]["labels"].get("serving.kserve.io/inferenceservice") == "sklearn-iris"
    ]
    closed = [
        {"targets": [f"127.0.0.1:{n}"], "labels": {"pod": name, "namespace": "default", "service_name": "sklearn-iris"}}
        for n, name in enumerate(names, 1)
    ]
    jobs = [{"job_name": "kserve-metrics", "scrape_interval": "1s", "static_configs": closed}]
    with scraping.running(binary, tmp_path, {"scrape_configs": jobs}) as url:
        scraping.wait_for_samples(url, 'up{job="kserve-metrics"} == 0')
        code, found = doctor(sandbox, url, "sklearn-iris", "-n", "default")

    assert code == 1
    assert found["chain.target"]["status"] == "fail"
    assert "connection refused" in found["chain.target"]["text"]
    assert found["chain.series"]["status"] == "skipped"


async def test_alerts_of_real_rules_are_told_with_their_words(scraped: str) -> None:
    metrics = PrometheusMetrics(PrometheusSettings(url=scraped))
    async with aclosing(metrics), asyncio.timeout(60), aclosing(metrics.poll(Interested((IRIS,)))) as reports:
        async for report in reports:
            if report.alerts:
                break

    firing, pending = report.alerts[IRIS.key]
    assert (firing.name, firing.firing, firing.severity) == ("ManyRequests", True, "critical")
    assert firing.summary.startswith("it has ")
    assert firing.since is not None
    assert pending == Alert("Later", False, since=pending.since)
    assert pending.since is not None

"""What a load generator logged is what the screen and `metrics` tell, its first burst included."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e import discovery, processes, scraping, tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.outside_load import Activator, activator, send
from tests.e2e.sandbox import KMON, Place, plain_environment, run_json, running_sandbox
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
REVISION = "sklearn-iris-predictor-00001"
SCRAPE_AND_TICK_S = 10.0
"""A scrape takes a second here and a tick five; the rest is what a busy machine needs."""
COUNT = 'kserve_request_count{service_name="sklearn-iris"}'


@dataclass(frozen=True, slots=True)
class Quiet:
    """A cluster with one model that nobody has asked yet, and a real Prometheus that scrapes it."""

    place: Place
    url: str
    pod: str
    """Address of queue-proxy."""
    front: Activator

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that lead kmon-tui to both."""
        return ("--kubeconfig", str(self.place.kubeconfig), "--prometheus", self.url, "-n", "default")

    def metrics(self, requests: int, more: Callable[[Any], bool] = lambda _: True) -> Any:
        """Ask kmon-tui until it tells of so many requests, for a scrape and a tick at most: then that is its answer."""
        end_s = time.monotonic() + SCRAPE_AND_TICK_S
        while True:
            told = run_json("metrics", "sklearn-iris", *self.flags, "--window", "5m")
            if (told["requests_in_window"] == requests and more(told)) or time.monotonic() > end_s:
                return told


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Quiet]:
    with _quiet(tmp_path, newer=False) as one:
        yield one


@contextmanager
def _quiet(folder: Path, *, newer: bool) -> Iterator[Quiet]:
    binary = tools.prometheus()
    if binary is None:
        pytest.skip(tools.reason_without_prometheus("own"))
    with ExitStack() as stack:
        knative = "1.21" if newer else "1.18"
        place = stack.enter_context(running_sandbox("--world", "quiet", "--knative", knative, "--speed", "20"))
        kubectl = Kubectl(place.kubeconfig, "default")
        kubectl("apply", "--validate=false", "-f", str(MANIFESTS / "inference-service.yaml"))
        processes.wait_until(lambda: bool(_ready(kubectl)), 60, "the model is ready")
        address = f"{_ready(kubectl)[0]['status']['podIP']}:8012"
        front = stack.enter_context(activator(address, 20, REVISION, newer=newer))
        bridge = stack.enter_context(discovery.serving(lambda: list(kubectl.get("pods", "-A")["items"])))
        jobs = yaml.safe_load(scraping.JOBS.read_text(encoding="utf-8"))[:2]
        for job in jobs:
            del job["kubernetes_sd_configs"]
            job |= {"http_sd_configs": [{"url": bridge, "refresh_interval": "2s"}], "scrape_interval": "1s"}
        jobs.append({"job_name": "activator", "static_configs": [{"targets": [front.address]}]})
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        url = stack.enter_context(scraping.running(binary, folder, config))
        # The pod must have been scraped without any series: that is what proves a burst to be its first.
        scraping.wait_for_samples(url, 'count_over_time(up{job="kserve-metrics"}[1m]) > 5')
        yield Quiet(place, url, address, front)


def _ready(kubectl: Kubectl) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = kubectl.get("pods", "-l", "serving.kserve.io/inferenceservice=sklearn-iris")["items"]
    return [pod for pod in pods if pod["status"].get("podIP") and _is_ready(pod)]


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))


def below_100ms(told: dict[str, Any]) -> float:
    """Requests in the buckets up to 100 ms."""
    return float(sum(bucket["count"] for bucket in told["buckets"] if (bucket["le_ms"] or 1e9) <= 100))


def test_each_burst_of_five_is_counted_the_first_one_too(quiet: Quiet) -> None:
    log = send(quiet.pod, 5)
    assert {entry.status for entry in log} == {200}
    fast = sum(entry.took_ms < 95 for entry in log)  # what the generator adds itself is below 5 ms
    scraping.wait_for_samples(quiet.url, f"sum({COUNT}) == 5")

    first = quiet.metrics(5)

    assert (first["counter_sum"], first["requests_in_window"]) == (5, 5)
    assert fast <= below_100ms(first) <= 5

    again = send(quiet.pod, 5)
    fast_again = sum(entry.took_ms < 95 for entry in again)
    scraping.wait_for_samples(quiet.url, f"sum({COUNT}) == 10")
    second = quiet.metrics(10)

    assert (second["counter_sum"], second["requests_in_window"]) == (10, 10)
    assert fast_again <= below_100ms(second) - below_100ms(first) <= 5


def test_a_burst_is_on_the_screen_within_a_scrape_and_a_tick(quiet: Quiet) -> None:
    with Terminal([*KMON, *quiet.flags], columns=120, rows=40, env=plain_environment()) as terminal:
        terminal.wait_for("sklearn-iris")
        send(quiet.pod, 5)

        # `new: 5` until the counter is two scrapes old, which may be over before the next tick; then 5 in the 60 s, or
        # in as much of them as Prometheus has seen.
        terminal.wait_for(lambda seen: _tells_five("\n".join(seen.lines())), 40)


def _tells_five(screen: str) -> bool:
    if re.search(r"sklearn-iris.* new: 5 ", screen):
        return True
    told = re.search(r"sklearn-iris (0\.\d\d) rps.* trend (?:(\d+)s|1m)", screen)
    return told is not None and float(told[1]) == round(5 / min(60, int(told[2] or 60)), 2)


def test_what_the_activator_refuses_is_in_the_scope_of_users(quiet: Quiet) -> None:
    log = send(quiet.front.address, 1000, at_once=8)
    assert sum(entry.status == 503 for entry in log) == 50
    scraping.wait_for_samples(quiet.url, f"sum({COUNT}) == 950")
    scraping.wait_for_samples(quiet.url, "sum(activator_request_count) == 1000")

    told = quiet.metrics(950, lambda told: told["error_ratio"] == pytest.approx(0.05, abs=1e-6))

    assert told["scope"] == "users"
    assert told["error_ratio"] == pytest.approx(0.05, abs=1e-6)
    assert told["pods_error_ratio"] == 0
    assert told["requests_in_window"] == 950
    assert told["users"]["family"] == "activator"


def test_newer_knative_counts_the_first_burst_and_what_its_activator_refuses_as_well(tmp_path: Path) -> None:
    with _quiet(tmp_path, newer=True) as newer:
        fast = sum(entry.took_ms < 95 for entry in send(newer.pod, 5))
        scraping.wait_for_samples(newer.url, f"sum({COUNT}) == 5")
        burst = newer.metrics(5)

        log = send(newer.front.address, 1000, at_once=8)
        assert sum(entry.status == 503 for entry in log) == 50
        scraping.wait_for_samples(newer.url, f"sum({COUNT}) == 955")
        counted = 'sum(http_server_request_duration_seconds_count{job="activator"}) == 1000'
        scraping.wait_for_samples(newer.url, counted)
        told = newer.metrics(955, lambda told: told["error_ratio"] == pytest.approx(50 / 1005, abs=1e-6))

    assert (burst["counter_sum"], burst["requests_in_window"]) == (5, 5)
    assert fast <= below_100ms(burst) <= 5
    assert (told["scope"], told["users"]["family"], told["pods_error_ratio"]) == ("users", "activator-s", 0)
    assert told["error_ratio"] == pytest.approx(50 / 1005, abs=1e-6), "five of them did not go through the activator"


def test_a_pod_that_is_replaced_takes_nothing_with_it_and_adds_nothing(quiet: Quiet) -> None:
    kubectl = Kubectl(quiet.place.kubeconfig, "default")
    send(quiet.pod, 7)
    scraping.wait_for_samples(quiet.url, f"sum({COUNT}) == 7")
    (old,) = _ready(kubectl)
    kubectl("delete", "pod", old["metadata"]["name"], "--wait=false")
    processes.wait_until(
        lambda: [pod["metadata"]["name"] for pod in _ready(kubectl)] not in ([], [old["metadata"]["name"]]),
        60,
        "a new pod",
    )
    new = next(pod for pod in _ready(kubectl) if pod["metadata"]["name"] != old["metadata"]["name"])
    pod = new["metadata"]["name"]
    scraping.wait_for_samples(quiet.url, f'count_over_time(up{{job="kserve-metrics",pod="{pod}"}}[1m]) > 3')
    send(f"{new['status']['podIP']}:8012", 4)
    scraping.wait_for_samples(quiet.url, f'sum(kserve_request_count{{pod="{pod}"}}) == 4')

    told = quiet.metrics(11)

    assert told["requests_in_window"] == 11
    assert told["counter_sum"] == 4, "the counter of now is that of the pod of now"
    assert told["error_ratio"] == 0

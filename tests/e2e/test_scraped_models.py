"""A real Prometheus scrapes the sandbox's models with our manifest, and kmon-tui tells its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import processes, scraping, tools
from tests.e2e.sandbox import KMON, Place, plain_environment, run_json, running_sandbox
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
COUNTER = 'kserve_request_count{service_name="sklearn-iris"}'
COUNT = f"sum by (namespace, service_name) ({COUNTER})"
EARLIER = f"sum by (namespace, service_name) ({COUNTER} offset 2s)"
"""What stood there at the whole second before, of which kmon-tui asks."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """A sandbox, and a real Prometheus that scrapes it."""

    place: Place
    prometheus_url: str

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that lead kmon-tui to both."""
        return ("--kubeconfig", str(self.place.kubeconfig), "--prometheus", self.prometheus_url)


@pytest.fixture(scope="module", params=["own", "2.53", "3.5"])
def scraped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    version = None if request.param == "own" else request.param
    binary = tools.prometheus(version)
    if binary is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))
    folder: Path = tmp_path_factory.mktemp("prometheus")
    native = version is not None
    with running_sandbox() as place, scraping.scraping(place, binary, folder, native=native) as url:
        # A counter that was scraped once or twice is `new`, and has no rate yet.
        scraping.wait_for_samples(url, f"min(count_over_time({COUNTER}[1m])) > 12")
        yield Scraped(place, url)


def test_the_walks_names_are_there(scraped: Scraped) -> None:
    (series,) = scraping.wait_for_samples(scraped.prometheus_url, COUNT)

    assert series["metric"] == {"namespace": "default", "service_name": "sklearn-iris"}
    assert float(series["value"][1]) > 0


def test_every_target_that_serves_is_up(scraped: Scraped) -> None:
    up = scraping.wait_for_samples(scraped.prometheus_url, 'up{job="kserve-metrics",service_name="sklearn-iris"}')

    assert {series["value"][1] for series in up} == {"1"}


def test_knatives_autoscaler_is_found_and_tells_the_pods(scraped: Scraped) -> None:
    query = 'kn_revision_pods_count{kn_configuration_name="sklearn-iris-predictor"}'
    (series,) = scraping.wait_for_samples(scraped.prometheus_url, query)

    answer = metrics(scraped)

    assert answer["scaling"]["source"] == "autoscaler"
    assert answer["scaling"]["ready"] == float(series["value"][1])


def metrics(scraped: Scraped) -> Any:
    """Ask kmon-tui for the traffic of the model."""
    return run_json("metrics", "sklearn-iris", "-n", "default", *scraped.flags)


def test_the_counter_that_kmon_tells_is_the_one_that_prometheus_has(scraped: Scraped) -> None:
    # A counter needs two scrapes and a window around them before a rate can be told.
    processes.wait_until(lambda: metrics(scraped)["requests_per_s"]["now"] is not None, 60, "a rate that is known")
    before = float(scraping.ask(scraped.prometheus_url, EARLIER)[0]["value"][1])
    answer = metrics(scraped)
    after = float(scraping.ask(scraped.prometheus_url, COUNT)[0]["value"][1])

    assert answer["family"] == "kserve-alias"
    assert before <= answer["counter_sum"] <= after
    assert answer["requests_per_s"]["now"] > 0


def test_the_screen_shows_the_traffic_of_the_model(scraped: Scraped) -> None:
    with Terminal([*KMON, *scraped.flags, "-n", "default"], columns=120, rows=40, env=plain_environment()) as terminal:
        terminal.wait_for("sklearn-iris")

        terminal.wait_for(
            lambda seen: any("sklearn-iris" in line and set(line) & set("▁▂▃▄▅▆▇█") for line in seen.lines())
        )

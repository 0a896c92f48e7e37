"""What a real Prometheus holds when things go wrong, and that neither the screen nor `metrics` makes numbers of it.

A target dies, an address goes over to a pod of another service, two clusters share one server. Each service counts
requests that were really sent, so every expectation is a count.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e import discovery, processes, scraping, tools
from tests.e2e.doors import Door, door, through
from tests.e2e.kubectl import Kubectl
from tests.e2e.outside_load import send
from tests.e2e.sandbox import KMON, Place, plain_environment, run_json, running_sandbox
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
WITHIN_S = 15.0
COUNT = "kserve_request_count"


@dataclass(frozen=True, slots=True)
class World:
    """A quiet cluster, and a real Prometheus that scrapes it through our own jobs, by doors where a test wants one."""

    place: Place
    kubectl: Kubectl
    url: str
    bridge: str
    binary: Path
    doors: dict[str, Door] = field(default_factory=dict)
    """By pod."""

    def serve(self, name: str) -> dict[str, Any]:
        """Deploy a model and give its pod once it is ready."""
        isvc = yaml.safe_load((MANIFESTS / "inference-service.yaml").read_text(encoding="utf-8"))
        isvc["metadata"]["name"] = name
        self.kubectl("apply", "--validate=false", "-f", "-", given=isvc)
        return self.pod_of(name)

    def pod_of(self, name: str, besides: str = "") -> dict[str, Any]:
        """Give the ready pod of a model."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            pods = self.kubectl.get("pods", "-l", f"serving.kserve.io/inferenceservice={name}")["items"]
            found[:] = [pod for pod in pods if _is_ready(pod) and pod["metadata"]["name"] != besides]
            return bool(found)

        processes.wait_until(look, 60, f"a ready pod of {name}")
        return found[0]

    def put_behind(self, one: Door, pod: dict[str, Any]) -> None:
        """From now on this pod has the address; nobody else."""
        one.behind = f"{pod['status']['podIP']}:9091"
        for name in [name for name, known in self.doors.items() if known is one]:
            del self.doors[name]
        self.doors[pod["metadata"]["name"]] = one

    def wait_for(self, query: str) -> None:
        """Wait until Prometheus gives an answer."""
        scraping.wait_for_samples(self.url, query)

    def metrics(self, name: str, enough: Callable[[Any], bool], url: str = "", *flags: str) -> Any:
        """Ask kmon-tui until it tells what is expected, for some ticks at most: then that is its answer."""
        end_s = time.monotonic() + WITHIN_S
        while True:
            told = run_json("metrics", name, *self.flags(url), "--window", "5m", *flags)
            if enough(told) or time.monotonic() > end_s:
                return told

    def flags(self, url: str = "") -> tuple[str, ...]:
        """The flags that lead to both."""
        return ("--kubeconfig", str(self.place.kubeconfig), "--prometheus", url or self.url, "-n", "default")


def _is_ready(pod: dict[str, Any]) -> bool:
    told = {one["type"]: one["status"] for one in pod["status"].get("conditions", ())}
    return told.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp")


def _jobs(bridge: str, cluster: str = "") -> list[dict[str, Any]]:
    """Give our job of the two names, quick; ``cluster``: as a federating server labels what comes from one."""
    job = yaml.safe_load(scraping.JOBS.read_text(encoding="utf-8"))[0]
    del job["kubernetes_sd_configs"]
    job |= {"http_sd_configs": [{"url": bridge, "refresh_interval": "1s"}], "scrape_interval": "1s"}
    if cluster:
        job["job_name"] = f"kserve-metrics-{cluster}"
        job["relabel_configs"] += [
            {"target_label": "cluster", "replacement": cluster},
            {"target_label": "job", "replacement": "kserve-metrics"},
        ]
    return [job]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    binary = tools.prometheus()
    if binary is None:
        pytest.skip(tools.reason_without_prometheus("own"))
    with ExitStack() as stack:
        place = stack.enter_context(running_sandbox("--world", "quiet", "--knative", "1.18", "--speed", "20"))
        kubectl = Kubectl(place.kubeconfig, "default")
        doors: dict[str, Door] = {}
        read = lambda: list(kubectl.get("pods", "-A")["items"])  # noqa: E731  # one expression, used once
        bridge = stack.enter_context(discovery.serving(read, lambda groups: through(groups, doors)))
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": _jobs(bridge)}
        url = stack.enter_context(scraping.running(binary, tmp_path_factory.mktemp("lies"), config))
        yield World(place, kubectl, url, bridge, binary, doors)


def test_a_target_that_dies_leaves_no_number_of_now_on_screen_or_in_json(world: World) -> None:
    with door() as one:
        pod = world.serve("iris-dies")
        world.put_behind(one, pod)
        name = pod["metadata"]["name"]
        world.wait_for(f'count_over_time(up{{pod="{name}"}}[1m]) > 5 and up{{instance="{one.address}"}} == 1')
        send(f"{pod['status']['podIP']}:8012", 20)
        world.wait_for(f'sum({COUNT}{{service_name="iris-dies"}}) == 20')

        with Terminal([*KMON, *world.flags()], columns=120, rows=40, env=plain_environment()) as terminal:
            counted = re.compile(r"iris-dies .* [0-9]+\.[0-9]+ +0p? ")
            terminal.wait_for(lambda seen: any(counted.search(line) for line in seen.lines()), 40)
            one.behind = ""
            world.wait_for(f'up{{instance="{one.address}"}} == 0')
            # What was known stays, with its age behind it.
            old = re.compile(r"iris-dies .* [0-9]+s old ")
            terminal.wait_for(lambda seen: any(old.search(line) for line in seen.lines()), 40)

        told = world.metrics("iris-dies", lambda told: told["requests_per_s"]["now"] is None)

    assert told["requests_per_s"]["now"] is None, "an unknown rate is not zero"
    assert told["requests_in_window"] == 20, json.dumps({k: v for k, v in told.items() if k != "requests_per_s"})
    assert told["age_s"] > 2
    assert told["problem"]


def test_an_address_that_goes_over_to_another_pod_takes_no_count_with_it(world: World) -> None:
    with door() as one:
        old = world.serve("iris-first")
        world.put_behind(one, old)
        world.wait_for(f'count_over_time(up{{pod="{old["metadata"]["name"]}"}}[1m]) > 5')
        send(f"{old['status']['podIP']}:8012", 20)
        world.wait_for(f'sum({COUNT}{{service_name="iris-first",instance="{one.address}"}}) == 20')

        world.kubectl("delete", "pod", old["metadata"]["name"], "--wait=false")
        new = world.pod_of("iris-first", besides=old["metadata"]["name"])
        other = world.serve("iris-second")
        world.put_behind(one, other)
        of_other, of_new = (f'pod="{pod["metadata"]["name"]}"' for pod in (other, new))
        world.wait_for(f'count_over_time(up{{instance="{one.address}",{of_other}}}[1m]) > 3')
        world.wait_for(f"count_over_time(up{{{of_new}}}[1m]) > 3")
        send(f"{other['status']['podIP']}:8012", 3)
        send(f"{new['status']['podIP']}:8012", 4)
        world.wait_for(f'sum({COUNT}{{instance="{one.address}",{of_other}}}) == 3')
        world.wait_for(f"sum({COUNT}{{{of_new}}}) == 4")

        second = world.metrics("iris-second", lambda told: told["requests_in_window"] == 3)
        first = world.metrics("iris-first", lambda told: told["requests_in_window"] == 24)

    assert (second["requests_in_window"], second["counter_sum"]) == (3, 3), "nothing of whoever had the address before"
    assert (first["requests_in_window"], first["counter_sum"]) == (24, 4)
    assert first["error_ratio"] == second["error_ratio"] == 0


def test_two_clusters_in_one_server_are_told_apart_or_not_told_at_all(world: World, tmp_path: Path) -> None:
    pod = world.serve("iris-twice")
    jobs = [*_jobs(world.bridge, "east"), *_jobs(world.bridge, "west")]
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    with scraping.running(world.binary, tmp_path, config) as url:
        up = f'up{{pod="{pod["metadata"]["name"]}"}}'
        scraping.wait_for_samples(url, f"count(count_over_time({up}[1m]) > 5) == 2")
        send(f"{pod['status']['podIP']}:8012", 6)
        scraping.wait_for_samples(url, f'sum({COUNT}{{service_name="iris-twice"}}) == 12')

        both = world.metrics("iris-twice", lambda told: "east" in (told["problem"] or ""), url)
        matcher = ("--prometheus-matcher", 'cluster="east"')
        one = world.metrics("iris-twice", lambda told: told["requests_in_window"] == 6, url, *matcher)
        command = [*KMON, "--filter", "iris-twice", *world.flags(url)]
        with Terminal(command, columns=120, rows=40, env=plain_environment()) as terminal:
            terminal.wait_for(lambda seen: any("iris-twice" in line and " ? " in line for line in seen.lines()), 40)
            # The line of the selected service says why there is nothing.
            terminal.wait_for("this Prometheus holds several clusters")

    assert both["requests_per_s"]["now"] is None
    assert both["requests_in_window"] is None
    assert "east" in both["problem"]
    assert "west" in both["problem"]
    assert (one["requests_in_window"], one["counter_sum"], one["problem"]) == (6, 6, None), json.dumps(one)

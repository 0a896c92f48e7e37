"""A cluster that is not ours: what is written there with kubectl is what kmon-tui tells, at once and in every form.

KMON_E2E_KUBECONFIG, KMON_E2E_NAMESPACE and KMON_E2E_PROMETHEUS name a real one: an API server with KServe's CRDs is
enough, and KServe's controller must not run there, for the tests write every status themselves and it would write over
them. Without them a sandbox stands in.
Everything that the tests create begins with ``kmon-e2e-`` and is deleted in the end.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import isvcs, scraping, tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import KMON, Place, plain_environment, run, run_json, running_sandbox
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e
RESOURCE = isvcs.RESOURCE
MESSAGE = "Failed to fetch model. No model found in gs://kfserving-examples/nosuch."


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the tests write and kmon-tui looks."""

    kubectl: Kubectl
    prefix: str
    prometheus_url: str

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that lead kmon-tui there."""
        return ("--kubeconfig", str(self.kubectl.kubeconfig), "--namespace", self.kubectl.namespace)

    def name(self, what: str) -> str:
        """A name that nobody else uses."""
        return f"{self.prefix}-{what}"

    def add(self, what: str, status: dict[str, Any] | None = None) -> str:
        """Create a service, and write its status if it has one; gives its name."""
        name = self.name(what)
        self.kubectl.create(isvcs.manifest(name, self.kubectl.namespace))
        if status:
            self.kubectl.set_status(RESOURCE, name, status)
        return name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    kubeconfig = os.environ.get("KMON_E2E_KUBECONFIG")
    if kubeconfig:
        yield Place(Path(kubeconfig), os.environ.get("KMON_E2E_PROMETHEUS", ""))
        return
    binary, folder = tools.prometheus(), tmp_path_factory.mktemp("prometheus")
    assert binary is not None
    with running_sandbox("--world", "none") as sandbox, scraping.running(binary, folder, {"global": {}}) as url:
        yield Place(sandbox.kubeconfig, url, sandbox.pid)


@pytest.fixture
def cluster(place: Place) -> Iterator[Cluster]:
    namespace = os.environ.get("KMON_E2E_NAMESPACE", "default")
    kubectl = Kubectl(place.kubeconfig, namespace)
    cluster = Cluster(kubectl, f"kmon-e2e-{secrets.token_hex(3)}", place.prometheus_url)
    yield cluster
    names = kubectl("get", RESOURCE, "-o", "name").split()
    mine = [name.partition("/")[2] for name in names if name.partition("/")[2].startswith(cluster.prefix)]
    if mine:
        kubectl.delete(RESOURCE, *mine)


def items(cluster: Cluster, *arguments: str) -> dict[str, Any]:
    answer = run_json("get", *arguments, *cluster.flags)
    return {item["name"]: item for item in answer["items"]}


def test_a_ready_service_is_told_as_its_status_says(cluster: Cluster) -> None:
    namespace = cluster.kubectl.namespace
    name = cluster.add("ready", isvcs.ready_status(cluster.name("ready"), namespace))

    item = items(cluster)[name]

    assert (item["kind"], item["namespace"]) == ("InferenceService", namespace)
    assert (item["readiness"], item["ready"]) == ("ready", True)
    assert (item["mode"], item["format"]) == ("Standard", "sklearn")
    assert item["url"] == f"http://{name}-{namespace}.example.com"
    assert item["age_s"] >= 0


def test_a_failed_service_tells_the_reason_that_helps(cluster: Cluster) -> None:
    name = cluster.add("failed", isvcs.failed_status(MESSAGE))

    item = items(cluster)[name]

    assert (item["readiness"], item["ready"]) == ("failed", False)
    assert item["reason"] != "Predictor ingress not created"
    assert MESSAGE in item["message"]


def test_a_service_that_starts_is_rolling_and_not_broken(cluster: Cluster) -> None:
    name = cluster.add("starts", isvcs.rolling_status())

    item = items(cluster)[name]

    assert (item["readiness"], item["ready"]) == ("rolling", False)


def test_a_service_without_a_status_is_unknown(cluster: Cluster) -> None:
    name = cluster.add("bare")

    item = items(cluster)[name]

    assert (item["readiness"], item["ready"]) == ("unknown", None)


def test_one_service_can_be_asked_for_by_name(cluster: Cluster) -> None:
    name = cluster.add("one", isvcs.rolling_status())
    cluster.add("other", isvcs.rolling_status())

    assert list(items(cluster, name)) == [name]


def test_names_are_printed_for_other_programs(cluster: Cluster) -> None:
    name = cluster.add("piped")

    done = run("get", "-o", "name", *cluster.flags)

    assert done.returncode == 0
    assert any(line.endswith(f"/{name}") for line in done.stdout.splitlines())


def test_all_namespaces_are_seen_or_it_is_said_why_not(cluster: Cluster) -> None:
    name = cluster.add("everywhere")

    done = run("get", "-A", "-o", "name", "--kubeconfig", str(cluster.kubectl.kubeconfig))

    assert done.returncode == 0
    assert name in done.stdout or "namespace" in done.stderr


def test_prometheus_is_asked_and_unknown_numbers_are_null(cluster: Cluster) -> None:
    if not cluster.prometheus_url:
        pytest.skip("KMON_E2E_PROMETHEUS is not set")
    name = cluster.add("quiet", isvcs.rolling_status())

    answer = run_json("metrics", name, *cluster.flags, "--prometheus", cluster.prometheus_url)

    assert answer["prometheus"]["url"].rstrip("/") == cluster.prometheus_url.rstrip("/")
    assert answer["requests_per_s"]["now"] is None


@pytest.fixture
def screen(cluster: Cluster) -> Iterator[Terminal]:
    command = [*KMON, *cluster.flags]
    if cluster.prometheus_url:
        command += ["--prometheus", cluster.prometheus_url]
    with Terminal(command, columns=120, rows=40, env=plain_environment()) as terminal:
        yield terminal


def find(terminal: Terminal, cluster: Cluster) -> None:
    """Show only the services of this test, whatever else lives in the cluster."""
    terminal.wait_for("api live", timeout_s=30)
    terminal.send("/")
    terminal.send(cluster.prefix)
    terminal.send("\r")


def row(terminal: Terminal, name: str) -> str:
    """Give the row of a service; a name that is too long for its column is told by its beginning."""
    return next((line for line in terminal.lines() if name[:20] in line), "")


def test_a_change_of_the_status_is_seen_at_once(cluster: Cluster, screen: Terminal) -> None:
    name = cluster.add("live", isvcs.rolling_status())
    find(screen, cluster)
    screen.wait_for(lambda terminal: "rolling" in row(terminal, name))

    cluster.kubectl.set_status(RESOURCE, name, isvcs.ready_status(name, cluster.kubectl.namespace))

    screen.wait_for(lambda terminal: "ready" in row(terminal, name), timeout_s=5)


def test_a_deleted_service_leaves_the_screen_and_a_new_one_of_its_name_comes_back(
    cluster: Cluster, screen: Terminal
) -> None:
    name = cluster.add("again", isvcs.rolling_status())
    find(screen, cluster)
    screen.wait_for(lambda terminal: "rolling" in row(terminal, name))

    cluster.kubectl.delete(RESOURCE, name)
    screen.wait_for(lambda terminal: "rolling" not in row(terminal, name), timeout_s=5)
    cluster.add("again", isvcs.failed_status(MESSAGE))

    screen.wait_for(lambda terminal: "failed" in row(terminal, name), timeout_s=5)


def test_the_program_leaves_when_asked_and_its_screen_held_no_traceback(cluster: Cluster, screen: Terminal) -> None:
    cluster.add("last", isvcs.rolling_status())
    find(screen, cluster)

    screen.wait_for("esc clears")
    screen.send("\x1b")
    screen.wait_for(lambda terminal: "esc clears" not in terminal.text())
    screen.send("q")

    assert screen.wait_for_exit() == 0
    assert b"Traceback" not in screen.raw

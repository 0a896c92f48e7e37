"""A real kserve model server behind the sandbox: reached through its kubelet, scraped by a real Prometheus."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import isvcs, processes, scraping, tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import Place, plain_environment, run_json, running_sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
NAME = "real-adder"
HOST = "127.77.0.1"
SCRIPT = Path(__file__).resolve().parents[1] / "data" / "e2e" / "kserve_model.py"
REQUESTS = 7
WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox with one pod that is a real model server."""

    place: Place
    kubectl: Kubectl
    port: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with running_sandbox("--world", "none") as place, model_server(tmp_path_factory.mktemp("kserve")) as port:
        kubectl = Kubectl(place.kubeconfig, "default")
        kubectl.create(isvcs.manifest(NAME, "default"))
        kubectl.set_status(isvcs.RESOURCE, NAME, isvcs.ready_status(NAME, "default"))
        kubectl("apply", "--validate=false", "-f", "-", given=pod(port))
        kubectl.set_status("pod", f"{NAME}-pod", pod_status())
        yield Served(place, kubectl, port)


@contextmanager
def model_server(folder: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    command = [str(tools.kserve_python()), str(SCRIPT), NAME, HOST, "--http_port", str(port), "--enable_grpc", "false"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=plain_environment())
    try:
        processes.wait_until(lambda: is_live(port) or process.poll() is not None, 60, "the model server is live")
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def is_live(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/v2/health/live", timeout=2) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


def pod(port: int) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{NAME}-pod",
            "namespace": "default",
            "labels": {"serving.kserve.io/inferenceservice": NAME, "component": "predictor"},
            "annotations": {"prometheus.kserve.io/port": str(port), "prometheus.kserve.io/path": "/metrics"},
        },
        "spec": {
            "nodeName": "node-a",
            "containers": [{"name": "kserve-container", "image": "adder:1", "ports": [{"containerPort": port}]}],
        },
    }


def pod_status() -> dict[str, object]:
    return {
        "phase": "Running",
        "podIP": HOST,
        "podIPs": [{"ip": HOST}],
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "kserve-container",
                "ready": True,
                "restartCount": 0,
                "image": "adder:1",
                "imageID": "",
                "state": {"running": {"startedAt": isvcs.SINCE}},
            }
        ],
    }


def predict(url: str, instances: list[list[int]]) -> list[int]:
    request = urllib.request.Request(
        f"{url}/v1/models/{NAME}:predict",
        json.dumps({"instances": instances}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return list(json.load(answer)["predictions"])


@contextmanager
def forwarded(served: Served) -> Iterator[str]:
    """kubectl's own port-forward to the pod, through the sandbox's API server and kubelet."""
    base = [str(tools.kubectl()), "--kubeconfig", str(served.place.kubeconfig), "-n", "default"]
    command = [*base, "port-forward", f"pod/{NAME}-pod", f":{served.port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=plain_environment()) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+)", told)
            assert found, told
            yield f"http://127.0.0.1:{found.group(1)}"
        finally:
            process.terminate()


def test_a_real_model_answers_through_the_sandboxs_kubelet(served: Served) -> None:
    with forwarded(served) as url:
        assert predict(url, [[1, 2], [3, 4]]) == [3, 7]


def wait_for_counter(place: tuple[str, ...], told: float) -> dict[str, Any]:
    """Ask kmon-tui until it tells so many requests: another job brings them, perhaps some seconds later."""
    answer: dict[str, Any] = {}
    end_s = time.monotonic() + WITHIN_S
    while answer.get("counter_sum") != told and time.monotonic() < end_s:
        answer = run_json("metrics", NAME, *place)
    return answer


def test_its_requests_are_counted_scraped_and_told(served: Served, tmp_path: Path) -> None:
    binary = tools.prometheus()
    assert binary is not None
    with scraping.scraping(served.place, binary, tmp_path, native=False) as url:
        scraping.wait_for_samples(url, f'up{{service_name="{NAME}"}} == 1')
        for number in range(REQUESTS):
            predict(f"http://{HOST}:{served.port}", [[number]])
        counter = f'kserve_request_count{{service_name="{NAME}"}}'
        (series,) = scraping.wait_for_samples(url, f"{counter} >= {REQUESTS}")

        place = ("-n", "default", "--kubeconfig", str(served.place.kubeconfig), "--prometheus", url)
        answer = wait_for_counter(place, float(series["value"][1]))

    assert answer["counter_sum"] == float(series["value"][1])
    assert answer["scope"] == "pods"

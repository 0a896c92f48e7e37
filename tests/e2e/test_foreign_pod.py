"""A pod that is not ours: what comes through our forward is what comes through kubectl's.

KMON_E2E_POD, as NAMESPACE/NAME:PORT, names a pod of the cluster of KMON_E2E_KUBECONFIG in which an HTTP server
listens; it is only asked for ``/``. Without it a model's pod in a sandbox stands in.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import KMON, plain_environment, running_sandbox

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True)
class Pod:
    """Where an HTTP server listens."""

    kubeconfig: Path
    namespace: str
    name: str
    port: int


@pytest.fixture(scope="module")
def pod() -> Iterator[Pod]:
    kubeconfig, named = os.environ.get("KMON_E2E_KUBECONFIG"), os.environ.get("KMON_E2E_POD")
    if kubeconfig and named:
        place, _, port = named.rpartition(":")
        namespace, _, name = place.rpartition("/")
        yield Pod(Path(kubeconfig), namespace or "default", name, int(port))
        return
    if kubeconfig:
        pytest.skip("KMON_E2E_POD is not set")
    with running_sandbox() as sandbox:
        selector = "serving.kserve.io/inferenceservice=sklearn-iris"
        found = Kubectl(sandbox.kubeconfig, "default").get("pods", "-l", selector)["items"]
        ready = [one for one in found if one["status"]["phase"] == "Running"]
        yield Pod(sandbox.kubeconfig, "default", ready[0]["metadata"]["name"], 8080)


@contextmanager
def program(*command: str, look: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a forward; give it and the local port that it says."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=plain_environment(),
    ) as process:
        assert process.stdout is not None
        try:
            found = re.search(look, process.stdout.readline())
            assert found is not None
            yield process, int(found[1])
        finally:
            process.kill()


@contextmanager
def ours(pod: Pod, *flags: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    target = f"{pod.namespace}/pod/{pod.name}:{pod.port}"
    command = (*KMON, "forward", "--kubeconfig", str(pod.kubeconfig), *flags, target)
    with program(*command, look=r"127\.0\.0\.1:(\d+)") as started:
        yield started


def told(port: int) -> tuple[int, bytes]:
    """Ask for ``/`` and give status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_pod_says_the_same_through_ours_and_through_kubectls(pod: Pod) -> None:
    flags = ("--kubeconfig", str(pod.kubeconfig), "-n", pod.namespace)
    command = (
        str(tools.kubectl()),
        *flags,
        "port-forward",
        "--address",
        "127.0.0.1",
        f"pod/{pod.name}",
        f":{pod.port}",
    )
    with ours(pod) as (_, mine), program(*command, look=r"127\.0\.0\.1:(\d+) ->") as (_, theirs):
        assert told(mine) == told(theirs)


def test_a_hundred_connections_at_once_are_all_answered(pod: Pod) -> None:
    with ours(pod) as (_, port), ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(told, [port] * 100))

    assert len(set(answers)) == 1


def test_a_client_that_is_cut_harms_no_other(pod: Pod) -> None:
    with ours(pod) as (_, port):
        before = told(port)
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), 30) as near:
                near.sendall(b"GET / HTTP/1.1\r\n")

        assert told(port) == before


def test_a_port_that_nobody_serves_ends_the_connection_and_not_the_forward(pod: Pod) -> None:
    deaf = Pod(pod.kubeconfig, pod.namespace, pod.name, 9)
    with ours(deaf) as (process, port):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), 30) as near, pytest.raises(ConnectionError):
                near.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if not near.recv(1):
                    raise ConnectionResetError
        assert process.poll() is None


def test_sigterm_frees_the_port_and_the_code_is_zero(pod: Pod) -> None:
    with ours(pod) as (process, port):
        told(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        time.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)

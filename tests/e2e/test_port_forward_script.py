"""manifests/port-forward.sh with a real kubectl: it finds what is meant, takes other ports, and fails with a reason."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e import tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import Place, plain_environment, running_sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SCRIPT = Path(__file__).resolve().parents[2] / "manifests" / "port-forward.sh"
OLD_CHART = """
apiVersion: v1
kind: Service
metadata:
  name: prometheus-server
  namespace: {namespace}
  labels: {labels}
spec:
  selector: {{app: prometheus}}
  ports: {ports}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


def environment(place: Place, kubectl: Path | None = None) -> dict[str, str]:
    """Give the script this cluster and no other."""
    return plain_environment({"KUBECTL": str(kubectl or tools.kubectl()), "KUBECONFIG": str(place.kubeconfig)})


def tried(place: Place, *words: str, kubectl: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the script to its end."""
    command = [str(SCRIPT), *words]
    return subprocess.run(
        command, env=environment(place, kubectl), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def forwarding(place: Place, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the script until its port is open; give it and the port that kubectl says."""
    script = subprocess.Popen(
        [str(SCRIPT), *words],
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert script.stdout is not None
        line = script.stdout.readline()
        found = re.search(r"Forwarding from 127\.0\.0\.1:(\d+) ->", line)
        assert found, f"{line}{script.stderr.read() if script.stderr else ''}"
        yield script, int(found[1])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(script.pid, signal.SIGTERM)
        script.communicate(timeout=20)


def ask(url: str) -> str:
    """Ask once."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


def free_port() -> int:
    """Give a port that is free just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def busy(port: int) -> Iterator[None]:
    """Have somebody listen on a port, if nobody does."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            taken.bind(("127.0.0.1", port))
            taken.listen()
        yield


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run([str(tools.shellcheck()), str(SCRIPT)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_it_opens_the_port_that_is_named_to_a_model(sandbox: Place) -> None:
    port = free_port()

    with forwarding(sandbox, "sklearn-iris", "-n", "default", "-p", str(port)) as (_, opened):
        answer = ask(f"http://127.0.0.1:{port}/v1/models/sklearn-iris")

    assert opened == port
    assert "sklearn-iris" in answer


def test_while_the_usual_port_is_busy_it_takes_another_one(sandbox: Place) -> None:
    with busy(8080), forwarding(sandbox, "iris-standard", "-n", "default") as (_, port):
        answer = ask(f"http://127.0.0.1:{port}/v2/models/iris-standard")

    assert port != 8080
    assert "iris-standard" in answer


def test_a_port_that_is_named_and_busy_is_no_reason_to_take_another(sandbox: Place) -> None:
    port = free_port()

    with busy(port):
        done = tried(sandbox, "sklearn-iris", "-n", "default", "-p", str(port))

    assert done.returncode == 1
    assert f"local port {port} is busy" in done.stderr


def test_it_opens_a_port_to_prometheus_wherever_it_is(sandbox: Place) -> None:
    with forwarding(sandbox, "--prometheus", "-p", str(free_port())) as (_, port):
        answer = ask(f"http://127.0.0.1:{port}/api/v1/status/buildinfo")

    assert '"version"' in answer


def test_nothing_is_left_when_it_is_stopped(sandbox: Place) -> None:
    with forwarding(sandbox, "sklearn-iris", "-n", "default", "-p", str(free_port())) as (script, port):
        script.terminate()
        script.wait(20)
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            try:
                ask(f"http://127.0.0.1:{port}/")
            except (urllib.error.URLError, OSError):
                break
            time.sleep(0.1)

        assert script.returncode == 143
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 2).close()


@pytest.mark.parametrize(
    ("labels", "ports", "port"),
    [
        ("{app: prometheus, component: server, release: prom}", "[{name: http, port: 80, targetPort: 9090}]", 80),
        (
            "{app.kubernetes.io/name: prometheus, app.kubernetes.io/component: server}",
            "[{name: grpc, port: 10901}, {name: http, port: 8081, targetPort: 9090}]",
            8081,
        ),
        (
            '{app: kube-prometheus-stack-prometheus, self-monitor: "true"}',
            "[{name: http-web, port: 9090, targetPort: 9090}, {name: reloader-web, port: 8080}]",
            9090,
        ),
        ('{operated-prometheus: "true"}', "[{name: web, port: 9090, targetPort: web}]", 9090),
    ],
    ids=["chart up to 20", "chart from 21 on", "kube-prometheus-stack", "operator"],
)
def test_it_finds_the_service_of_every_chart(
    sandbox: Place, labels: str, ports: str, port: int, tmp_path: Path
) -> None:
    only_look = tmp_path / "kubectl"
    only_look.write_text(
        f'#!/bin/sh\ncase "$1" in port-forward) echo "$@"; exit 0 ;; esac\nexec {tools.kubectl()} "$@"\n', "utf-8"
    )
    only_look.chmod(0o755)
    namespace = f"of-{port}-{len(labels)}"
    kubectl = Kubectl(sandbox.kubeconfig, namespace)
    kubectl("create", "namespace", namespace)
    manifest = tmp_path / "service.yaml"
    manifest.write_text(OLD_CHART.format(namespace=namespace, labels=labels, ports=ports), encoding="utf-8")
    kubectl("apply", "--server-side", "--validate=false", "-f", str(manifest))

    done = tried(sandbox, "--prometheus", "-n", namespace, kubectl=only_look)
    several = tried(sandbox, "--prometheus", kubectl=only_look)
    kubectl("delete", "service", "prometheus-server")

    assert f"-n {namespace} service/prometheus-server 9090:{port}" in done.stdout, done.stderr
    if "name" in labels:
        assert several.returncode == 1
        assert "several Prometheus" in several.stderr


@pytest.mark.parametrize(
    ("containers", "port"),
    [
        ("kserve-container:,", 8080),
        ("kserve-container:8085,", 8085),
        ("kserve-container:8080,queue-proxy:8022,", 8012),
        ("kserve-container:,agent:9081,", 9081),
        ("kserve-container:8081,transformer-container:8090,", 8090),
        ("kserve-container:8081,transformer-container:,", 8080),
    ],
)
def test_the_port_is_the_one_that_kserves_own_service_leads_to(
    sandbox: Place, containers: str, port: int, tmp_path: Path
) -> None:
    told = tmp_path / "kubectl"
    told.write_text(
        f"""#!/bin/sh
case "$1 $2" in
"get pods") echo "default helper - worker-container:," ; echo "default first - {containers}" ;;
port-forward*) echo "$@" ;;
esac
""",
        "utf-8",
    )
    told.chmod(0o755)

    done = tried(sandbox, "iris", "-n", "default", "-p", "18080", kubectl=told)

    assert done.stdout.strip().endswith(f"pod/first 18080:{port}"), done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nobody", "-n", "default"), "there is no such InferenceService (there is "),
        (("ocr", "-n", "vision"), "it is scaled to zero"),
        (("--prometheus", "-n", "default"), "no Prometheus found in namespace default"),
        (("sklearn-iris", "-p", "http"), "http is no port"),
        (("sklearn-iris", "-p", "65536"), "65536 is no port"),
        (("isvc/sklearn-iris",), "isvc/sklearn-iris is no name of an InferenceService"),
    ],
)
def test_it_fails_with_a_reason(sandbox: Place, words: tuple[str, ...], reason: str) -> None:
    done = tried(sandbox, *words)

    assert done.returncode == 1
    assert reason in done.stderr


def test_without_kubectl_it_says_so(sandbox: Place, tmp_path: Path) -> None:
    done = tried(sandbox, "sklearn-iris", kubectl=tmp_path / "nothing-here")

    assert done.returncode == 1
    assert "is not there: install kubectl" in done.stderr


def test_who_asks_for_help_gets_it(sandbox: Place) -> None:
    done = tried(sandbox, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "port-forward.sh sklearn-iris" in done.stdout


@pytest.mark.parametrize("words", [(), ("a", "b"), ("--prometheus", "a"), ("--nonsense",), ("a", "-p")])
def test_wrong_words_show_the_right_ones(sandbox: Place, words: tuple[str, ...]) -> None:
    done = tried(sandbox, *words)

    assert done.returncode == 2
    assert "port-forward.sh sklearn-iris" in done.stderr

"""The manifests under real programs: promtool reads the jobs, kubectl applies and forwards."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e import tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import Place, plain_environment, running_sandbox

pytestmark = pytest.mark.e2e
MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


@pytest.mark.parametrize("version", tools.RELEASES)
def test_promtool_takes_the_jobs(version: str, tmp_path: Path) -> None:
    promtool = tools.promtool(version)
    if promtool is None:
        pytest.skip(tools.reason_without_prometheus(version))
    configmap = yaml.safe_load((MANIFESTS / "prometheus-configmap.yaml").read_text(encoding="utf-8"))
    (tmp_path / "kserve.yml").write_text(configmap["data"]["kserve.yml"], encoding="utf-8")
    (tmp_path / "prometheus.yml").write_text(f"scrape_config_files: [{tmp_path}/kserve.yml]\n", encoding="utf-8")

    command = [str(promtool), "check", "config", "--syntax-only", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["inference-service.yaml", "message-dumper.yaml", "prometheus-configmap.yaml", "rbac.yaml"]
)
def test_kubectl_applies_each_file(sandbox: Place, name: str) -> None:
    kubectl = Kubectl(sandbox.kubeconfig, "default")

    told = kubectl("apply", "--server-side", "--force-conflicts", "--validate=false", "-f", str(MANIFESTS / name))

    assert "serverside-applied" in told


def test_the_script_opens_a_port_to_a_model(sandbox: Place) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = plain_environment({"KUBECTL": str(tools.kubectl()), "KUBECONFIG": str(sandbox.kubeconfig)})
    command = [str(MANIFESTS / "port-forward.sh"), "sklearn-iris", "-n", "default", "-p", str(port)]

    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as script:
        try:
            answer = _ask(f"http://127.0.0.1:{port}/v1/models/sklearn-iris", script)
        finally:
            script.terminate()

    assert "sklearn-iris" in answer


def test_the_script_says_what_is_wrong(sandbox: Place) -> None:
    environ = plain_environment({"KUBECTL": str(tools.kubectl()), "KUBECONFIG": str(sandbox.kubeconfig)})

    done = subprocess.run(
        [str(MANIFESTS / "port-forward.sh"), "nobody"], env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "no ready pod of nobody in namespace default" in done.stderr


def _ask(url: str, script: subprocess.Popen[str]) -> str:
    """Ask until the port is open."""
    deadline_s = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return str(response.read().decode())
        except urllib.error.URLError:
            assert script.poll() is None, script.stderr.read() if script.stderr else ""
            assert time.monotonic() < deadline_s
            time.sleep(0.1)

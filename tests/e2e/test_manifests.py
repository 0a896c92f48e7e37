"""The manifests under real programs: promtool reads the jobs, kubectl applies and forwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e import tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import Place, running_sandbox

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

"""What the doctor gives as a fix is what mends it: real kubectl runs it, and the finding is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.examine import examine
from tests.domain import test_doctor as checks
from tests.e2e import tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import KMON, Place, plain_environment, running_sandbox
from tests.ui.test_doctor import BROKEN, UNSEEN

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox() as place:
        yield place


def findings(place: Place, *words: str) -> dict[str, dict[str, Any]]:
    """Run the doctor and give its findings by id."""
    flags = ("--kubeconfig", str(place.kubeconfig), "--prometheus", place.prometheus_url, "-o", "json")
    done = subprocess.run(
        [*KMON, "doctor", *words, *flags], env=plain_environment(), capture_output=True, text=True, check=False
    )
    return {one["id"]: one for one in json.loads(done.stdout)["findings"]}


def mend(place: Place, fix: str, folder: Path) -> None:
    """Do in a shell what a finding says, word by word."""
    (folder / "kubectl").symlink_to(tools.kubectl())
    environ = plain_environment({"KUBECONFIG": str(place.kubeconfig), "PATH": f"{folder}:{os.environ['PATH']}"})
    subprocess.run(["bash", "-ec", fix], cwd=ROOT, env=environ, check=True, stdout=sys.stderr)


def test_knatives_metrics_are_switched_on(sandbox: Place, tmp_path: Path) -> None:
    kubectl = Kubectl(sandbox.kubeconfig, "knative-serving")
    off = '{"data":{"request-metrics-protocol":"none"}}'
    kubectl("patch", "configmap", "config-observability", "--type", "merge", "-p", off)

    before = findings(sandbox)["knative.protocol"]
    mend(sandbox, before["fix"], tmp_path)

    assert before["status"] == "fail"
    assert findings(sandbox)["knative.protocol"]["status"] == "ok"


def test_what_was_stopped_is_started(sandbox: Place, tmp_path: Path) -> None:
    before = findings(sandbox, "thumbnails", "-n", "vision")["chain.service"]
    mend(sandbox, before["fix"], tmp_path)

    annotations = Kubectl(sandbox.kubeconfig, "vision").get("isvc", "thumbnails")["metadata"]["annotations"]
    assert before["status"] == "warn"
    assert "serving.kserve.io/stop" not in annotations


def test_annotations_are_set(sandbox: Place, tmp_path: Path) -> None:
    mend(sandbox, fixes.annotate(checks.KEY, {"prometheus.io/scrape": "true"}), tmp_path)
    (tmp_path / "kubectl").unlink()
    mend(sandbox, fixes.new_revision(checks.KEY), tmp_path)

    isvc = Kubectl(sandbox.kubeconfig, "default").get("isvc", "sklearn-iris")
    assert isvc["metadata"]["annotations"]["prometheus.io/scrape"] == "true"
    assert isvc["metadata"]["annotations"]["restarted-at"].isdecimal()


def test_rights_are_bound_by_a_command_that_kubectl_takes(sandbox: Place, tmp_path: Path) -> None:
    def sent_as_json(fix: str) -> str:
        """The sandbox reads no protobuf of bindings, which `kubectl create` sends."""
        return fix.replace("--clusterrole=", "--dry-run=client -o json --clusterrole=") + " | kubectl apply -f -"

    mend(sandbox, sent_as_json(fixes.grant("kmon-tui-view", "default", "Jane Doe@example.com")), tmp_path)
    (tmp_path / "kubectl").unlink()
    mend(sandbox, sent_as_json(fixes.grant("kmon-tui-view", "", "system:serviceaccount:ml:bot")), tmp_path)

    kubectl = Kubectl(sandbox.kubeconfig, "default")
    bound = kubectl.get("rolebinding", "kmon-tui-view-jane-doe-example-com")
    everywhere = kubectl.get("clusterrolebinding", "kmon-tui-view-system-serviceaccount-ml-bot")
    assert bound["subjects"][0]["name"] == "Jane Doe@example.com"
    assert everywhere["subjects"][0] == {"kind": "ServiceAccount", "name": "bot", "namespace": "ml"}


def test_a_prometheus_of_ones_own_gets_the_jobs_in_a_file_beside_its_own(tmp_path: Path) -> None:
    promtool = tools.promtool("2.53")
    if promtool is None:
        pytest.skip(tools.reason_without_prometheus("2.53"))
    own = "global: {scrape_interval: 1m}\nscrape_configs: [{job_name: own, static_configs: []}]\n"
    (tmp_path / "prometheus.yml").write_text(own, encoding="utf-8")

    load = fixes.load_jobs(()).replace("P=/etc/prometheus", f"P={tmp_path}").partition(" && kill")[0]
    shell = load.replace("promtool", str(promtool))
    done = subprocess.run(["bash", "-ec", shell], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    jobs = yaml.safe_load((tmp_path / "kserve.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert "kserve-metrics" in {job["job_name"] for job in jobs}


@pytest.mark.parametrize("facts", [BROKEN, UNSEEN], ids=["broken", "unseen"])
def test_every_command_is_one_that_a_shell_understands(facts: Any) -> None:
    fixes = [one.fix for one in examine(facts) if one.fix and not one.fix.startswith("---")]

    assert fixes
    for fix in fixes:
        done = subprocess.run(["bash", "-n"], input=fix, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (fix, done.stderr)

"""The commands that load our scrape jobs take nothing away that somebody added before."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kmon_tui.domain.doctor import charts, fixes
from kmon_tui.domain.doctor.facts import Workload
from tests.e2e import tools
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import Place, plain_environment, running_sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
ROOT = Path(__file__).resolve().parents[2]
OWN = "- job_name: own\n  static_configs: [{targets: [127.0.0.1:1]}]"
OURS = (ROOT / fixes.JOBS).read_text(encoding="utf-8")
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "prometheuses.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"plural": "prometheuses", "singular": "prometheus", "kind": "Prometheus"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
HELM = """#!/bin/sh
# What helm would do, as far as these commands need it: values in, values out.
case "$1 $2" in
"get values") cat "$HELM_VALUES";;
"get metadata") echo '{"name": "kserve", "chart": "kserve-resources", "version": "v0.9.0"}';;
"search repo") printf 'NAME\tCHART VERSION\n'; for name in $HELM_HAS; do printf '%s\t1.0.0\n' "$name"; done;;
"search hub") echo '[{"repository": {"name": "other", "url": "http://127.0.0.1:1/other"}},
  {"repository": {"name": "prometheus-community", "url": "http://127.0.0.1:1/community"}}]';;
"repo add") echo "$3 $4" > "$HELM_SET.added";;
upgrade*) for word in "$@"; do case "$word" in extraScrapeConfigs=*) cat "${word#*=}" > "$HELM_SET";; esac; done
  echo "$@" > "$HELM_SET.words";;
esac
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with running_sandbox("--world", "quiet") as place:
        kubectl = Kubectl(place.kubeconfig, "default")
        kubectl("apply", "--validate=false", "-f", "-", given=CRD)
        kubectl("wait", "--for=condition=Established", "crd/prometheuses.monitoring.coreos.com", "--timeout=30s")
        yield place


def run(fix: str, folder: Path, kubeconfig: Path, values: object = None, has: str = "") -> None:
    """Do in a shell what the doctor says, on a machine whose helm repositories have these charts."""
    (folder / "kubectl").symlink_to(tools.kubectl())
    (folder / "helm").write_text(HELM, encoding="utf-8")
    (folder / "helm").chmod(0o755)
    (folder / "values.json").write_text(json.dumps(values), encoding="utf-8")
    own = {"KUBECONFIG": str(kubeconfig), "PATH": f"{folder}:{os.environ['PATH']}"}
    own |= {"HELM_VALUES": str(folder / "values.json"), "HELM_SET": str(folder / "set.yaml"), "TMPDIR": str(folder)}
    own |= {"HELM_HAS": has}
    subprocess.run(["bash", "-ec", fix], cwd=ROOT, env=plain_environment(own), check=True, stdout=sys.stderr)


def operated(name: str, chart: str = "") -> Workload:
    labels = {"operator.prometheus.io/name": name} | ({"helm.sh/chart": chart} if chart else {})
    return Workload("StatefulSet", "default", f"prometheus-{name}", labels)


def jobs_in(secret: dict[str, object]) -> list[str]:
    data = secret["data"]
    assert isinstance(data, dict)
    return names(base64.b64decode(data["scrape-kserve.yaml"]).decode())


def names(jobs: str) -> list[str]:
    return [job["job_name"] for job in yaml.safe_load(jobs)]


@pytest.mark.parametrize(
    ("values", "before"),
    [
        (None, []),
        ({"server": {}}, []),
        ({"extraScrapeConfigs": OWN}, ["own"]),
        ({"extraScrapeConfigs": f"{OWN}\n{OURS}"}, ["own"]),
    ],
    ids=["no values", "others", "own", "own and ours"],
)
def test_extra_jobs_of_the_chart_stay(
    sandbox: Place, tmp_path: Path, values: dict[str, object] | None, before: list[str]
) -> None:
    chart = Workload("Deployment", "monitoring", "prometheus-server", {"helm.sh/chart": "prometheus-27.1.0"})

    run(fixes.load_jobs([chart]), tmp_path, sandbox.kubeconfig, values)

    told = names((tmp_path / "set.yaml").read_text(encoding="utf-8"))
    assert told[: len(before)] == before
    assert told[len(before) :] == names(OURS)


@pytest.mark.parametrize(
    ("has", "chart", "added"),
    [
        ("", "prometheus-community/prometheus", "prometheus-community http://127.0.0.1:1/community\n"),
        ("mirror/prometheus-adapter mirror/prometheus", "mirror/prometheus", None),
    ],
    ids=["none", "a mirror of another name"],
)
def test_the_chart_of_the_release_is_found_and_stays_what_it_is(
    sandbox: Place, tmp_path: Path, has: str, chart: str, added: str | None
) -> None:
    server = Workload("Deployment", "monitoring", "prometheus-server", {"helm.sh/chart": "prometheus-27.1.0"})

    run(fixes.load_jobs([server]), tmp_path, sandbox.kubeconfig, has=has)

    words = (tmp_path / "set.yaml.words").read_text(encoding="utf-8")
    told = tmp_path / "set.yaml.added"
    assert words.startswith(f"upgrade prometheus {chart} --version 27.1.0 -n monitoring --reuse-values")
    assert (told.read_text(encoding="utf-8") if told.exists() else None) == added


def test_kserves_release_is_brought_up_to_date_from_the_repository_that_has_its_chart(
    sandbox: Place, tmp_path: Path
) -> None:
    has = "acme/kserve-resources-extra acme/kserve-resources"

    run(charts.newer("kserve", "kserve"), tmp_path, sandbox.kubeconfig, has=has)

    words = (tmp_path / "set.yaml.words").read_text(encoding="utf-8")
    assert words == "upgrade kserve acme/kserve-resources -n kserve --reset-then-reuse-values\n"


@pytest.mark.parametrize("with_jobs", [False, True], ids=["none", "some"])
def test_additional_jobs_of_the_operator_stay(sandbox: Place, tmp_path: Path, with_jobs: bool) -> None:
    kubectl, name = Kubectl(sandbox.kubeconfig, "default"), f"main-{with_jobs}".lower()
    spec = {"additionalScrapeConfigs": {"name": "own-jobs", "key": "prom.jobs.yaml"}} if with_jobs else {}
    data = {"prom.jobs.yaml": base64.b64encode(OWN.encode()).decode()}
    for made in (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own-jobs"}, "data": data},
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": name}, "spec": spec},
    ):
        kubectl("apply", "--validate=false", "-f", "-", given=made)

    run(fixes.load_jobs([operated(name)]), tmp_path, sandbox.kubeconfig)

    told = jobs_in(kubectl.get("secret", "kserve-scrape"))
    patched = kubectl.get("prometheuses.monitoring.coreos.com", name)["spec"]["additionalScrapeConfigs"]
    assert told[: 1 + with_jobs] == [*(["own"] if with_jobs else []), "kserve-metrics"]
    assert patched == {"name": "kserve-scrape", "key": "scrape-kserve.yaml"}

    for made_by_us in ("kubectl", "helm"):
        (tmp_path / made_by_us).unlink()
    run(fixes.load_jobs([operated(name)]), tmp_path, sandbox.kubeconfig)

    assert jobs_in(kubectl.get("secret", "kserve-scrape")) == told, "done twice it is the same"


def test_the_stack_reads_one_secret_with_the_jobs_of_its_values_in_it(sandbox: Place, tmp_path: Path) -> None:
    kubectl = Kubectl(sandbox.kubeconfig, "default")
    rendered = {"name": "kps-prometheus-scrape-confg", "key": "additional-scrape-configs.yaml"}
    data = {rendered["key"]: base64.b64encode(OWN.encode()).decode()}
    for made in (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": rendered["name"]}, "data": data},
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "Prometheus",
            "metadata": {"name": "kps"},
            "spec": {"additionalScrapeConfigs": rendered},
        },
    ):
        kubectl("apply", "--validate=false", "-f", "-", given=made)

    run(fixes.load_jobs([operated("kps", "kube-prometheus-stack-88.5.3")]), tmp_path, sandbox.kubeconfig)

    assert jobs_in(kubectl.get("secret", "kserve-scrape"))[:2] == ["own", "kserve-metrics"]
    words = (tmp_path / "set.yaml.words").read_text(encoding="utf-8")
    assert "additionalScrapeConfigs=null" in words, "with both the chart would write the field twice"
    assert "additionalScrapeConfigsSecret.name=kserve-scrape" in words

"""The manifests are what they say: parsed, complete, and the same jobs in both forms."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
BOUNDS_MS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]


def documents(name: str) -> list[Any]:
    """Parse one file."""
    return list(yaml.safe_load_all((MANIFESTS / name).read_text(encoding="utf-8")))


def jobs() -> dict[str, dict[str, Any]]:
    """Give the scrape jobs by name."""
    return {job["job_name"]: job for job in documents("scrape-kserve.yaml")[0]}


def rules() -> dict[str, list[dict[str, Any]]]:
    """Give the rules of each role."""
    return {role["metadata"]["name"]: role["rules"] for role in documents("rbac.yaml")}


def test_the_configmap_holds_the_same_jobs() -> None:
    configmap = documents("prometheus-configmap.yaml")[0]

    inside = yaml.safe_load(configmap["data"]["kserve.yml"])

    assert {job["job_name"]: job for job in inside["scrape_configs"]} == jobs()
    assert configmap["metadata"]["name"] != "prometheus-server", "this name would replace what the chart scrapes"


def test_helms_template_engine_finds_nothing_in_the_jobs() -> None:
    assert "{{" not in (MANIFESTS / "scrape-kserve.yaml").read_text(encoding="utf-8")


def test_each_second_bound_becomes_milliseconds_exactly_once() -> None:
    relabel = [
        rule for rule in jobs()["kserve-metrics"]["metric_relabel_configs"] if "le" in rule.get("source_labels", [])
    ]

    for bound_ms in BOUNDS_MS:
        for written in {f"{bound_ms / 1000:g}", str(bound_ms / 1000)}:
            le = written
            for rule in relabel:
                if match := re.fullmatch(rule["regex"], f"request_predict_seconds_bucket;{le}"):
                    le = match.expand(rule.get("replacement", "$1").replace("$1", r"\1"))
            assert le == str(bound_ms)


def test_the_first_model_is_one_that_every_kserve_takes() -> None:
    isvc = documents("inference-service.yaml")[0]

    assert (isvc["apiVersion"], isvc["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    assert isvc["metadata"]["name"] == "sklearn-iris"
    assert isvc["spec"]["predictor"]["model"]["modelFormat"] == {"name": "sklearn"}


@pytest.mark.parametrize(
    ("group", "resource"),
    [
        ("serving.kserve.io", "inferenceservices"),
        ("serving.kserve.io", "llminferenceservices"),
        ("serving.kserve.io", "inferencegraphs"),
        ("", "pods"),
    ],
)
def test_the_viewer_may_watch_all_that_the_program_watches(group: str, resource: str) -> None:
    granted = [
        rule for rule in rules()["kmon-tui-view"] if group in rule["apiGroups"] and resource in rule["resources"]
    ]

    assert {"get", "list", "watch"} <= {verb for rule in granted for verb in rule["verbs"]}


def test_the_viewer_may_change_nothing_and_read_no_secret() -> None:
    viewer = rules()["kmon-tui-view"]

    assert {verb for rule in viewer for verb in rule["verbs"]} <= {"get", "list", "watch"}
    assert not {"secrets", "*"} & {resource for rule in viewer for resource in rule["resources"]}


def test_the_script_is_executable_and_explains_itself() -> None:
    script = MANIFESTS / "port-forward.sh"

    done = subprocess.run([str(script)], capture_output=True, text=True, check=False)

    assert os.access(script, os.X_OK)
    assert done.returncode == 2
    assert "sklearn-iris" in done.stderr

"""Our manifests under the full schemas of the real releases: nothing unknown, nothing missing, no wrong type."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.facts import Workload
from kmon_tui.sandbox.apiserver.validation import check
from tests.e2e import crds

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
"""The first run fetches the modules."""
MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"


def document(name: str, kind: str) -> dict[str, Any]:
    """Give the one document of a kind in a file of manifests/."""
    text = (MANIFESTS / name).read_text(encoding="utf-8")
    (found,) = [one for one in yaml.safe_load_all(text) if one["kind"] == kind]
    return dict(found)


def strictly(release: crds.Release, obj: dict[str, Any]) -> list[str]:
    """Say what a strict apply to the real schema would refuse."""
    schema = crds.schemas(release)[f"{obj['apiVersion']}/{obj['kind']}"]
    found = check(schema, copy.deepcopy(obj))
    return [
        *(f"unknown field {name}" for name in found.unknown),
        *(f"{where}: {why}" for where, _, why in found.causes),
    ]


@pytest.mark.parametrize("release", crds.KSERVE, ids=str)
def test_each_kserve_takes_the_first_model_strictly(release: crds.Release) -> None:
    assert strictly(release, document("inference-service.yaml", "InferenceService")) == []


@pytest.mark.parametrize("release", crds.KSERVE, ids=str)
def test_no_kserve_takes_the_fields_that_the_walk_invented(release: crds.Release) -> None:
    isvc = document("inference-service.yaml", "InferenceService")
    isvc["spec"]["predictor"] |= {"tracing": {}, "metrics": {}, "logging": {}}

    assert strictly(release, isvc) == [
        f"unknown field spec.predictor.{name}" for name in ("tracing", "metrics", "logging")
    ]


def test_the_operator_takes_the_rules_strictly() -> None:
    assert strictly(crds.OPERATOR, document("prometheus-rule.yaml", "PrometheusRule")) == []


def test_the_operator_takes_the_secret_that_the_doctor_patches_in() -> None:
    operated = Workload("StatefulSet", "monitoring", "prometheus-main", {"operator.prometheus.io/name": "main"})
    (patch,) = re.findall(r"-p '(.*)'$", fixes.load_jobs([operated]), re.MULTILINE)
    prometheus = {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", **yaml.safe_load(patch)}

    assert strictly(crds.OPERATOR, prometheus) == []

"""Pages of metrics against those of real servers: names, types, labels and bucket bounds."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from kmon_tui.sandbox.models_pod import PodPlan
from tests.sandbox.world_tools import DATA, busy_pod

Shape = dict[str, set[frozenset[str]]]
SCOPE_LABELS = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def shape_of(page: str) -> tuple[dict[str, str], Shape, dict[str, list[str]]]:
    """Give types by name, label names by series name, and the bounds of each histogram in order."""
    types: dict[str, str] = {}
    labels: Shape = defaultdict(set)
    bounds: dict[str, list[str]] = defaultdict(list)
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif line and not line.startswith("#"):
            name = re.split(r"[ {]", line)[0]
            pairs = dict(SCOPE_LABELS.findall(line))
            labels[name].add(frozenset(pairs))
            if "le" in pairs and pairs["le"] not in bounds[name]:
                bounds[name].append(pairs["le"])
    return types, dict(labels), dict(bounds)


def queue_proxy(*, milliseconds: bool) -> str:
    """Give the page of a queue-proxy with traffic."""
    who: Any = {"revision": "sklearn-iris-predictor-00001", "configuration": "sklearn-iris-predictor", "host": "h"}
    plan = replace(PodPlan("default", "p", "sklearn-iris", **who), milliseconds=milliseconds)
    return busy_pod(plan).page(9091, "/metrics", time.time())


@pytest.mark.parametrize(("version", "milliseconds"), [("v1.18.0", True), ("v1.21.1", False)])
def test_queue_proxy_has_the_names_labels_and_bounds_of_its_version(version: str, milliseconds: bool) -> None:
    real = shape_of((DATA / "queue-proxy" / f"9091-after-traffic-knative-{version}.txt").read_text())

    ours = shape_of(queue_proxy(milliseconds=milliseconds))

    depth = "revision_queue_depth" if milliseconds else "kn_serving_queue_depth"
    real[1].pop(depth)  # written only while something is queued
    assert ours == real


def test_the_sdk_page_has_the_names_labels_and_bounds_of_kserve() -> None:
    real_types, real_labels, real_bounds = shape_of((DATA / "kserve-sdk" / "metrics-after.txt").read_text())

    page = busy_pod(PodPlan("default", "p", "sklearn-iris", knative=False)).page(8080, "/metrics", time.time())

    types, labels, bounds = shape_of(page)
    explained = "request_explain_seconds"  # nobody has asked for an explanation
    assert types == {name: kind for name, kind in real_types.items() if name != f"{explained}_created"}
    assert labels == {name: found for name, found in real_labels.items() if not name.startswith(explained)}
    assert bounds == {name: found for name, found in real_bounds.items() if not name.startswith(explained)}


def test_a_server_that_nobody_asked_names_its_metrics_without_series() -> None:
    real = shape_of((DATA / "kserve-sdk" / "metrics-before-any-request.txt").read_text())

    page = busy_pod(PodPlan("default", "p", "sklearn-iris", knative=False), lived_s=0).page(8080, "/metrics", 0.0)

    assert shape_of(page) == real


def test_vllm_has_its_names_labels_and_bounds() -> None:
    real_types, real_labels, real_bounds = shape_of((DATA / "openai" / "vllm-metrics.txt").read_text())

    page = busy_pod(PodPlan("llm", "p", "qwen", "llm", knative=False, workload=True)).page(
        8000, "/metrics", time.time()
    )

    types, labels, bounds = shape_of(page)
    real_names = {name for name in real_types if not name.endswith("_created")}
    assert types.pop("http_requests_total") == "counter", "its web layer's, which the constructed page lacks"
    assert labels.pop("http_requests_total") == {frozenset({"handler", "method", "status"})}
    assert set(types) == real_names
    assert labels == {name: found for name, found in real_labels.items() if not name.endswith("_created")}
    assert bounds == real_bounds

"""Discovery, relabelling and scraping, by the rules of Prometheus."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from kmon_tui.sandbox.prometheus_config import configuration_of
from kmon_tui.sandbox.prometheus_discovery import discovered
from kmon_tui.sandbox.prometheus_relabel import relabelled, rules_of
from kmon_tui.sandbox.prometheus_scrape import Reading, Target, end, ingest, targets_of
from kmon_tui.sandbox.promql import Engine, Samples
from kmon_tui.sandbox.promql.values import Vector
from kmon_tui.sandbox.world_templates import text_of
from tests.sandbox.world_tools import DATA

ROOT = Path(__file__).parents[2]
CONFIGURATION = configuration_of(text_of("prometheus.yml"), 15)
NOW_MS = 1_800_000_000_000


def pod(mode: str, **labels: str) -> dict[str, Any]:
    """Write a pod of sklearn-iris."""
    more = {"serving.knative.dev/revision": "sklearn-iris-predictor-00001"} if mode == "knative" else {}
    queue = {
        "name": "queue-proxy",
        "ports": [{"name": "http-usermetric", "containerPort": 9091}, {"name": "queue-port", "containerPort": 8012}],
    }
    model: dict[str, Any] = {"name": "kserve-container", "image": "x"}
    if mode == "knative":
        model["ports"] = [{"name": "user-port", "containerPort": 8080}]
    names = {"serving.kserve.io/inferenceservice": "sklearn-iris", "component": "predictor", **more, **labels}
    return {
        "metadata": {"name": "p-1", "namespace": "default", "uid": "u", "labels": names},
        "spec": {"containers": [model, queue] if mode == "knative" else [model]},
        "status": {"phase": "Running", "podIP": "127.9.9.9"},
    }


def targets(one: dict[str, Any]) -> dict[tuple[str, str], Target]:
    """Give the targets of a pod by job and address."""
    found = targets_of([job for job in CONFIGURATION.jobs if not job.static], list(discovered([one])))
    return {(target.job.name, target.address): target for target in found}


def series(samples: Samples, query: str, at_ms: int = NOW_MS) -> list[tuple[dict[str, str], float]]:
    """Answer a query at one instant."""
    value = Engine(samples).instant(query, at_ms)
    assert isinstance(value, Vector)
    return [(row.labels, row.values[0]) for row in value.rows if row.values[0] is not None]


def test_the_sandbox_scrapes_with_the_jobs_that_are_given_to_people() -> None:
    theirs = yaml.safe_load((ROOT / "manifests" / "scrape-kserve.yaml").read_text())
    ours = {job["job_name"]: job for job in yaml.safe_load(text_of("prometheus.yml"))["scrape_configs"]}

    for job in theirs[:-1]:  # nothing of the sandbox is KServe's controller
        job.pop("scrape_interval", None)
        assert ours[job["job_name"]] == job


def test_a_knative_pod_is_scraped_at_queue_proxy_and_at_the_model() -> None:
    found = targets(pod("knative"))

    assert set(found) == {
        ("kserve-metrics", "127.9.9.9:9091"),
        ("kserve-model-metrics", "127.9.9.9:9091"),
        ("kserve-model-metrics", "127.9.9.9:8080"),
    }


def test_a_standard_pod_is_scraped_at_8080_though_it_declares_no_port() -> None:
    found = targets(pod("standard"))

    assert set(found) == {("kserve-metrics", "127.9.9.9:8080"), ("kserve-model-metrics", "127.9.9.9:8080")}
    assert found["kserve-metrics", "127.9.9.9:8080"].labels == {
        "job": "kserve-metrics",
        "instance": "127.9.9.9:8080",
        "namespace": "default",
        "pod": "p-1",
        "service_name": "sklearn-iris",
        "component": "predictor",
    }


def test_both_queries_of_the_walk_are_answered_from_a_true_page() -> None:
    samples = Samples()
    target = targets(pod("knative"))["kserve-metrics", "127.9.9.9:9091"]
    page = (DATA / "queue-proxy" / "9091-after-traffic-knative-v1.21.1.txt").read_text()

    ingest(target, page, NOW_MS, samples, Reading())

    counts = series(samples, 'sum by (response_code_class) (kserve_request_count{service_name="sklearn-iris"})')
    below = series(samples, 'sum(kserve_request_duration_milliseconds{le="100",service_name="sklearn-iris"})')
    bounds = series(samples, "count by (le) (kserve_request_duration_milliseconds)")
    assert {labels["response_code_class"]: value for labels, value in counts} == {"2xx": 48, "4xx": 4, "5xx": 5}
    assert below[0][1] == 40
    assert sorted(float(labels["le"]) for labels, _ in bounds)[:3] == [5.0, 10.0, 25.0]
    assert len(bounds) == 15


def test_prometheus_3_writes_bounds_as_floats() -> None:
    samples = Samples()
    target = targets(pod("knative"))["kserve-model-metrics", "127.9.9.9:9091"]

    ingest(target, 'x_bucket{le="100"} 1\nx_bucket{le="+Inf"} 2\n', NOW_MS, samples, Reading(floats_in_le=True))

    assert {labels["le"] for labels, _ in series(samples, "x_bucket")} == {"100.0", "+Inf"}


def test_a_label_that_the_target_has_too_is_exported() -> None:
    samples = Samples()
    target = targets(pod("standard"))["kserve-model-metrics", "127.9.9.9:8080"]

    ingest(target, 'x{service_name="other"} 1\n', NOW_MS, samples, Reading())

    labels, _ = series(samples, "x")[0]
    assert (labels["service_name"], labels["exported_service_name"]) == ("sklearn-iris", "other")


def test_a_series_that_left_the_page_is_gone_at_once() -> None:
    samples = Samples()
    target = targets(pod("standard"))["kserve-model-metrics", "127.9.9.9:8080"]
    ingest(target, "x 1\ny 2\n", NOW_MS - 15_000, samples, Reading())

    ingest(target, "y 3\n", NOW_MS, samples, Reading())

    assert series(samples, "x") == []
    assert series(samples, "last_over_time(x[1m])")[0][1] == 1


def test_a_target_that_is_gone_leaves_no_series_behind() -> None:
    samples = Samples()
    target = targets(pod("standard"))["kserve-model-metrics", "127.9.9.9:8080"]
    ingest(target, "x 1\n", NOW_MS - 15_000, samples, Reading())

    end(target, NOW_MS, samples)

    assert series(samples, "x") == []
    assert series(samples, "rate(x[5m])") == []


def test_numbers_of_a_page_may_be_infinite_or_none() -> None:
    samples = Samples()
    target = targets(pod("standard"))["kserve-model-metrics", "127.9.9.9:8080"]

    ingest(target, 'a 1e+06\nb +Inf\nc NaN\nd{x="a\\"b\\\\c"} 1\n', NOW_MS, samples, Reading())

    assert series(samples, "a")[0][1] == 1e6
    assert math.isinf(series(samples, "b")[0][1])
    assert math.isnan(series(samples, "c")[0][1])
    assert series(samples, "d")[0][0]["x"] == 'a"b\\c'


def test_relabelling_keeps_drops_replaces_and_renames() -> None:
    rules = rules_of(
        [
            {"source_labels": ["a", "b"], "regex": "1;(.+)", "target_label": "c", "replacement": "${1}-x"},
            {"action": "labelmap", "regex": "meta_(.+)"},
            {"action": "labeldrop", "regex": "meta_.*|a"},
            {"source_labels": ["c"], "action": "keep", "regex": "2-x"},
        ]
    )

    assert relabelled({"a": "1", "b": "2", "meta_k": "v"}, rules) == {"b": "2", "c": "2-x", "k": "v"}
    assert relabelled({"a": "1", "b": "3"}, rules) is None

"""Prometheus is recognised among pods, whoever installed it, and what only looks like it is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kmon_tui.live.find_prometheus import Candidate, best, candidates
from kmon_tui.live.target_shapes import TargetPod
from tests.live.prometheus_pods import of_chart, of_old_chart, of_openshift, of_operator, pod


def found(*pods: dict[str, Any]) -> tuple[Candidate, ...]:
    """Recognise these objects."""
    return candidates([msgspec.convert(one, TargetPod) for one in pods])


@pytest.mark.parametrize(
    ("made", "name", "how", "url"),
    [
        (
            of_chart(),
            "monitoring/prometheus-server",
            "the prometheus chart (release prometheus)",
            "http://prometheus-server.monitoring.svc:9090",
        ),
        (
            of_chart("ml", "metrics"),
            "ml/metrics-prometheus-server",
            "the prometheus chart (release metrics)",
            "http://metrics-prometheus-server.ml.svc:9090",
        ),
        (
            of_old_chart(),
            "monitoring/prometheus-server",
            "the prometheus chart (release prometheus)",
            "http://prometheus-server.monitoring.svc:9090",
        ),
        (
            of_operator(),
            "monitoring/prometheus-kps-prometheus",
            "the Prometheus operator (kps-prometheus)",
            "http://prometheus-kps-prometheus.monitoring.svc:9090",
        ),
        (
            of_openshift(),
            "openshift-monitoring/thanos-querier",
            "OpenShift's thanos-querier",
            "https://thanos-querier.openshift-monitoring.svc:9091",
        ),
        (
            pod("ml", "prometheus", {"app": "prometheus"}, ports={"web": 9091}),
            "ml/prometheus",
            "the label app=prometheus",
            "http://prometheus.ml.svc:9091",
        ),
    ],
)
def test_each_way_to_install_it_is_recognised(made: dict[str, Any], name: str, how: str, url: str) -> None:
    (candidate,) = found(made)

    assert (str(candidate), candidate.how, candidate.url) == (name, how, url)


def test_other_parts_of_the_charts_are_no_prometheus() -> None:
    alertmanager = of_chart()
    alertmanager["metadata"]["labels"]["app.kubernetes.io/component"] = "alertmanager"
    exporter = pod("monitoring", "node-exporter", {"app.kubernetes.io/name": "prometheus-node-exporter"})

    assert found(alertmanager, exporter) == ()


def test_replicas_are_one_prometheus_with_several_pods() -> None:
    first, second, starting = (of_chart(suffix=suffix, ready=suffix != "c") for suffix in "cba")

    (candidate,) = found(first, second, starting)

    assert candidate.ready_pods == ("prometheus-server-6f9d8b7c4d-a", "prometheus-server-6f9d8b7c4d-b")


def test_a_selector_finds_the_same_pods_again() -> None:
    (candidate,) = found(of_chart())

    assert candidate.selector == (
        "app.kubernetes.io/name=prometheus,app.kubernetes.io/component=server,app.kubernetes.io/instance=prometheus"
    )


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (("--web.external-url=https://ops.example.com/prometheus/",), "/prometheus"),
        (("--web.external-url=/prom", "--web.route-prefix=/"), ""),
        (("--web.route-prefix=/x/y",), "/x/y"),
        (("--web.external-url=https://ops.example.com",), ""),
    ],
)
def test_a_route_prefix_is_part_of_the_address(args: tuple[str, ...], path: str) -> None:
    (candidate,) = found(of_chart(args=args))

    assert candidate.url == f"http://prometheus-server.monitoring.svc:9090{path}"


def test_openshifts_thanos_comes_before_the_prometheus_behind_it() -> None:
    known = found(of_operator("openshift-monitoring", "k8s"), of_openshift())

    assert [str(one) for one in best(known)] == ["openshift-monitoring/thanos-querier"]


def test_the_prometheus_of_a_mesh_comes_last() -> None:
    known = found(of_chart("istio-system"), of_chart("zoo"), of_chart("monitoring"))

    assert [one.namespace for one in known] == ["monitoring", "zoo", "istio-system"]
    assert len(best(known)) == 1


def test_one_without_a_ready_pod_comes_after_one_that_answers() -> None:
    known = found(of_chart("monitoring", ready=False), of_chart("zoo"))

    assert [one.namespace for one in known] == ["zoo", "monitoring"]


def test_two_that_nothing_sets_apart_are_both_likeliest() -> None:
    assert len(best(found(of_chart("team-a"), of_chart("team-b")))) == 2


def test_a_finished_pod_counts_for_nothing() -> None:
    finished = of_chart()
    finished["status"]["phase"] = "Succeeded"

    assert found(finished) == ()


@pytest.mark.parametrize(
    ("args", "port"),
    [
        ((), 9090),
        (("--web.listen-address=:9690",), 9690),
        (("--web.listen-address=127.0.0.1:9091", "--http-address=127.0.0.1:10902"), 9091),
        (("--web.listen-address=[::1]:9092",), 9092),
        (("--listen-address=:8080", "--http-address=:10902"), 9090),
    ],
)
def test_it_is_asked_where_it_is_told_to_listen(args: tuple[str, ...], port: int) -> None:
    assert [one.port for one in found(of_chart(args=args))] == [port]


def test_openshifts_one_is_asked_through_the_proxy_that_looks_at_rights() -> None:
    behind = of_openshift()
    behind["spec"]["containers"][0]["args"] = ["--http-address=127.0.0.1:9090"]

    assert [one.port for one in found(behind)] == [9091]

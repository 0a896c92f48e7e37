"""Commands that change Prometheus are for the one that answers, and say so where it may be another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.doctor.facts import Facts, Job, Told, Workload
from tests.domain.test_doctor import CHART, CLUSTER, HEALTHY, PROMETHEUS, found

OTHER = replace(CHART, name="prometheus-server-eu", namespace="eu", labels={"operator.prometheus.io/name": "eu"})
NAMED = "http://127.0.0.1:9090 was named, this is for prometheus-server in namespace monitoring: is it that one?"


def without_job(found_by: str, host: str = "", *workloads: Workload) -> Facts:
    """Give facts of a Prometheus that keeps little and has not our jobs."""
    prometheus = replace(
        PROMETHEUS,
        url="http://127.0.0.1:9090",
        found_by=found_by,
        host=host,
        retention=Told("1h"),
        jobs=Told((Job("prometheus"),)),
        counts=Told({}),
        targets=Told(()),
        families=Told(()),
        series=Told(()),
    )
    return replace(HEALTHY, cluster=replace(CLUSTER, prometheus=Told(workloads or (CHART,))), prometheus=prometheus)


@pytest.mark.parametrize("found_by", ["--prometheus", "PROMETHEUS_URL", "config"])
@pytest.mark.parametrize("id_", ["prometheus.job", "prometheus.families", "prometheus.retention", "chain.target"])
def test_commands_for_a_prometheus_of_the_cluster_ask_whether_it_is_the_named_one(found_by: str, id_: str) -> None:
    fix = found(without_job(found_by), id_).fix

    assert fix.startswith(f"# {NAMED}")
    assert "helm upgrade prom " in fix


@pytest.mark.parametrize(
    "found_by", ["found in the cluster: a service of the chart", "--prometheus, through a tunnel: x"]
)
def test_one_that_was_found_in_the_cluster_needs_no_question(found_by: str) -> None:
    assert "was named" not in found(without_job(found_by), "prometheus.job").fix


def test_one_that_names_its_pod_is_told_from_the_others_of_the_cluster() -> None:
    first = found(without_job("--prometheus", "prometheus-server-7d9f8-x2x", CHART, OTHER), "prometheus.job").fix
    second = found(without_job("--prometheus", "prometheus-server-eu-0", CHART, OTHER), "prometheus.job").fix

    assert "helm upgrade prom " in first
    assert "kubectl patch prometheus eu -n eu" in second
    assert "was named" not in first + second


def test_one_that_runs_elsewhere_is_mended_there() -> None:
    fix = found(without_job("--prometheus", "laptop"), "prometheus.job").fix

    assert "helm" not in fix
    assert "scrape_config_files" in fix

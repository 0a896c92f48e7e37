"""Labels of replicas and clusters that nobody knows, found in the counters themselves; and what only looks like it."""

from __future__ import annotations

import pytest

from kmon_tui.live.copies import clusters, copied
from kmon_tui.live.guards import Several

POD = {"__name__": "kserve_request_count", "job": "j", "instance": "10.0.0.1:1", "pod": "a", "service_name": "iris"}


def scraped(count: float, **labels: str) -> tuple[dict[str, str], float]:
    return {**POD, **labels}, count


@pytest.mark.parametrize("label", ["ha_replica", "prometheus_cluster", "promhost", "scraped_by", "agent_hostname"])
def test_twins_apart_in_a_label_that_tells_of_scrapers_are_copies(label: str) -> None:
    rows = [scraped(count, response_code=code, **{label: value})
            for code, count in (("200", 100.0), ("500", 3.0)) for value in ("a", "b")]  # fmt: skip

    assert copied(rows) == {"j": Several(label, ("a", "b"))}


def test_a_label_that_only_one_of_them_has_tells_them_apart_too() -> None:
    assert copied([scraped(100, ha_replica="a"), scraped(101)]) == {"j": Several("ha_replica", ("", "a"))}


def test_two_labels_of_one_scraper_are_named_by_the_one_that_tells_more() -> None:
    rows = [scraped(100, az="x", ha_replica="0"), scraped(101, az="y", ha_replica="1")]

    assert copied(rows) == {"j": Several("ha_replica", ("0", "1"))}


def test_a_label_that_tells_nothing_must_be_so_of_two_processes() -> None:
    one = [scraped(1000, lab="x"), scraped(1001, lab="y")]
    other = [scraped(500, lab="x", instance="10.0.0.2:1"), scraped(500, lab="y", instance="10.0.0.2:1")]

    assert copied(one) == {}
    assert copied([*one, *other]) == {"j": Several("lab", ("x", "y"))}


@pytest.mark.parametrize(
    "rows",
    [
        [scraped(100, response_code="200"), scraped(100, response_code="500")],
        [scraped(100, model_name="a"), scraped(100, model_name="b")],
        [scraped(100, gpu_uuid="a"), scraped(100, gpu_uuid="b")],
        [scraped(100, worker_id="a"), scraped(100, worker_id="b")],
        [scraped(100, lab="x"), scraped(60, lab="y")] * 2,
        [scraped(100, ha_replica="a", code="200"), scraped(100, ha_replica="b", code="500")],
        [scraped(0, finished_reason="stop"), scraped(0, finished_reason="length")],
        [scraped(100, pod="a"), scraped(100, pod="b")],
        [scraped(100, replica="a"), scraped(100, replica="b")],
    ],
    ids=["codes", "models", "GPUs", "workers", "unlike", "no twins", "reasons", "pods", "known"],
)
def test_what_is_apart_for_another_reason_is_no_copy(rows: list[tuple[dict[str, str], float]]) -> None:
    assert copied(rows) == {}


def test_a_job_of_which_some_process_is_there_once_is_not_copied() -> None:
    whole = [scraped(9, instance="10.0.0.2:1", ha_replica="a", code=code) for code in ("200", "500")]

    assert copied([scraped(100, ha_replica="a"), scraped(101, ha_replica="b"), *whole]) == {}


@pytest.mark.parametrize("label", ["prometheus_cluster", "eks_cluster", "gke_cluster_name", "kube_context"])
def test_labels_that_name_clusters_are_known_by_their_names(label: str) -> None:
    rows = [scraped(1, **{label: "eu"}), scraped(1, instance="10.0.0.2:1", **{label: "us"})]

    assert clusters(rows) == {("j", label): {"eu", "us"}}


@pytest.mark.parametrize("label", ["cluster", "cluster_ip", "replicaset", "upstream_cluster_type", "contextual"])
def test_other_labels_name_no_clusters(label: str) -> None:
    assert clusters([scraped(1, **{label: "eu"})]) == {}

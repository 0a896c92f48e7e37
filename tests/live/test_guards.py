"""Series of several clusters, replicas or scrapers in one server: never added up, and what is sound is told."""

from __future__ import annotations

import math

import pytest

from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import Traffic, TrafficReport
from kmon_tui.live.guards import APART, GUARDS, Several, doubled
from tests.live.served import Serve, serve_by_sandbox
from tests.live.stories import BUCKET, COUNT, IRIS, OK, OTHER_POD, POD, Story, rising
from tests.live.test_metrics_numbers import measured, report_of

ROSE = InferenceService(Key(Kind.ISVC, "default", "rose"))
ROSE_POD = {**OTHER_POD, "service_name": "rose", "pod": "rose-predictor-00001-deployment-7-abcde"}


@pytest.fixture
def serve() -> Serve:
    return serve_by_sandbox


def of(report: TrafficReport, isvc: InferenceService = IRIS) -> Traffic:
    return report.traffic[isvc.key]


def scraped_by(story: Story, pod: dict[str, str], **more: str) -> None:
    """One scraper's samples of a pod, with its labels."""
    story.tell(COUNT, {**pod, **OK, **more}, rising(30))
    story.tell("up", {"job": pod["job"], "instance": pod["instance"], "pod": pod["pod"], **more}, lambda n: 1)


@pytest.mark.parametrize("label", GUARDS)
async def test_labels_of_clusters_and_replicas_are_never_summed_over(serve: Serve, label: str) -> None:
    story = Story()
    scraped_by(story, POD, **{label: "a"})
    scraped_by(story, POD, **{label: "b"})

    report = await report_of(story, serve)

    assert (of(report).requests_per_s, of(report).counter_sum) == (None, None)
    assert f'{label}="a"\' (there are a, b)' in of(report).problem
    assert [choice.text for choice in report.prometheus.choices] == [f'{label}="a"', f'{label}="b"']


@pytest.mark.parametrize("label", ["ha_replica", "prometheus_cluster"])
async def test_a_store_without_up_does_not_hide_that_all_is_there_twice(serve: Serve, label: str) -> None:
    """As behind a remote write, or a federation, that leaves ``up`` out."""
    story = Story()
    story.tell(COUNT, {**POD, **OK, label: "a"}, lambda n: 1000 + 30 * n)
    story.tell(COUNT, {**POD, **OK, label: "b"}, lambda n: 1003 + 30 * n)

    both = await report_of(story, serve)
    one = await report_of(story, serve, matchers=(f'{label}="b"',))

    assert (of(both).requests_per_s, of(both).counter_sum) == (None, None)
    assert all(math.isnan(value) for value in of(both).requests.values), "what was added up before is not drawn either"
    assert f'{label}="a"' in of(both).problem
    assert [choice.text for choice in both.prometheus.choices] == [f'{label}="a"', f'{label}="b"']
    assert (of(one).requests_per_s, of(one).problem) == (2, "")


async def test_two_clusters_under_a_name_that_nobody_knows_are_not_added_up(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK, "eks_cluster": "eu"}, rising(30))
    story.tell(COUNT, {**OTHER_POD, **OK, "eks_cluster": "us"}, rising(60))

    report = await report_of(story, serve)

    assert of(report).requests_per_s is None
    assert "several eks_clusters: choose one with P" in of(report).problem


@pytest.mark.parametrize("label", ["prometheus_group", "scraper", "lab"])
async def test_any_label_that_tells_two_series_of_one_target_apart_means_that_all_is_there_twice(
    serve: Serve, label: str
) -> None:
    story = Story()
    scraped_by(story, POD, **{label: "a"})
    scraped_by(story, POD, **{label: "b"})

    both = await report_of(story, serve)
    one = await report_of(story, serve, matchers=(f'{label}="b"',))

    assert of(both).requests_per_s is None
    assert f"several times: choose one with P, or as --prometheus-matcher '{label}=\"a\"'" in of(both).problem
    assert [choice.text for choice in both.prometheus.choices] == [f'{label}="a"', f'{label}="b"']
    assert (of(one).requests_per_s, of(one).problem) == (2, "")


@pytest.mark.parametrize("label", APART)
async def test_a_service_of_two_places_is_not_told_and_one_of_a_single_place_is(serve: Serve, label: str) -> None:
    story = Story()
    scraped_by(story, POD, **{label: "a"})
    scraped_by(story, OTHER_POD, **{label: "b"})
    scraped_by(story, {**ROSE_POD, "instance": "10.0.0.3:9091"}, **{label: "b"})

    report = await report_of(story, serve, IRIS, ROSE)

    assert of(report).requests_per_s is None
    assert of(report).problem.startswith(f"its series are of several {label}s")
    assert (of(report, ROSE).requests_per_s, of(report, ROSE).problem) == (2, "")


@pytest.mark.parametrize("label", ["cluster", "thanos_replica", "region", "lab"])
async def test_what_all_series_have_alike_is_sound(serve: Serve, label: str) -> None:
    """As behind a federation, a Thanos of one cluster, or with external labels."""
    story = Story()
    scraped_by(story, POD, **{label: "only"})
    scraped_by(story, OTHER_POD, **{label: "only"})

    assert (of(await report_of(story, serve)).requests_per_s, of(await report_of(story, serve)).problem) == (4, "")


async def test_a_copy_with_another_label_of_the_same_pod_counts_once(serve: Serve) -> None:
    story = Story()
    scraped_by(story, POD)
    scraped_by(story, POD, env="prod")

    assert of(await report_of(story, serve)).requests_per_s == 2


@pytest.mark.parametrize("label", ["cluster", "replica", "env"])
async def test_a_copy_with_a_label_more_is_not_in_the_window_either(serve: Serve, label: str) -> None:
    story = Story()
    for copy in ({}, {label: "a"}):
        for pod in (POD, OTHER_POD):
            scraped_by(story, pod, **copy)
            story.tell(BUCKET, {**pod, **OK, **copy, "le": "+Inf"}, rising(30))

    told = await measured(story, serve)

    assert told["requests_in_window"] == told["requests_by_class"]["2xx"] == 4 * 900
    assert sum(bucket["count"] for bucket in told["buckets"]) == 4 * 900
    assert (told["requests_per_s"]["now"], told["problem"]) == (4, None)


async def test_a_service_that_only_one_of_two_sources_has_is_told(serve: Serve) -> None:
    """One job adds a cluster to its series and another one does not."""
    story = Story()
    scraped_by(story, POD, cluster="eu")
    scraped_by(story, {**ROSE_POD, "job": "other"})

    report = await report_of(story, serve, IRIS, ROSE)

    assert (of(report).requests_per_s, of(report, ROSE).requests_per_s) == (2, 2)


async def test_pods_of_one_service_of_which_some_say_no_cluster_are_not_added(serve: Serve) -> None:
    story = Story()
    scraped_by(story, POD, cluster="eu")
    scraped_by(story, OTHER_POD)

    traffic = of(await report_of(story, serve))

    assert traffic.requests_per_s is None
    assert '(there are "", eu)' in traffic.problem


def test_two_pages_of_one_process_are_no_doubles() -> None:
    target = {"job": "j", "instance": "10.0.0.1:8080", "pod": "a"}

    assert doubled([{**target, "metrics_path": "/metrics"}, {**target, "metrics_path": "/other"}]) == {}


def test_another_pod_at_an_old_address_is_no_double() -> None:
    target = {"job": "j", "instance": "10.0.0.1:8080"}

    assert doubled([{**target, "pod": "a", "x": "1"}, {**target, "pod": "b", "x": "2"}]) == {}


def test_doubles_are_of_their_job() -> None:
    target = {"job": "j", "instance": "10.0.0.1:8080", "pod": "a"}
    other = {**target, "job": "k"}

    assert doubled([target, {**target, "lab": "x"}, other]) == {"j": Several("lab", ("", "x"))}

"""The numbers of kmon-tui, compared with those worked out anew from the raw samples that Prometheus has.

The cases run on the sandbox's Prometheus here, and in tests/e2e on real ones.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from kmon_tui.domain.service import InferenceService, Key, Kind, Pod
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.oneshot.metrics import document
from kmon_tui.settings import PrometheusSettings
from tests.live.interests import Interested
from tests.live.served import Serve
from tests.live.stories import (
    BAD,
    BUCKET,
    COUNT,
    IRIS,
    OK,
    OTHER_POD,
    POD,
    SCRAPE_S,
    Shape,
    Story,
    at,
    rising,
    steady,
)  # fmt: skip


@asynccontextmanager
async def asked(story: Story, serve: Serve, **settings: Any) -> AsyncIterator[PrometheusMetrics]:
    async with serve(story) as url:
        metrics = PrometheusMetrics(PrometheusSettings(url=url, found_by="--prometheus", **settings))
        try:
            yield metrics
        finally:
            await metrics.aclose()


async def report_of(story: Story, serve: Serve, *services: InferenceService, **settings: Any) -> TrafficReport:
    async with asked(story, serve, **settings) as metrics:
        stream = metrics.poll(Interested(services or (IRIS,)))
        try:
            return await anext(stream)
        finally:
            await stream.aclose()


async def measured(story: Story, serve: Serve, *services: InferenceService) -> dict[str, Any]:
    async with asked(story, serve) as metrics:
        return document(await metrics.measure(services or (IRIS,), IRIS.key, 900))


async def test_the_document_equals_what_the_raw_samples_give(serve: Serve) -> None:
    story = steady()

    told = await measured(story, serve)

    end_s = told["requests_per_s"]["series"][-1][0]
    requests = at(story, COUNT, end_s) - at(story, COUNT, end_s - 900)
    errors = at(story, COUNT, end_s, **BAD)
    assert told["requests_in_window"] == pytest.approx(requests)
    assert told["error_ratio"] == pytest.approx(errors / requests, abs=1e-6)
    assert told["counter_sum"] == at(story, COUNT, end_s)
    assert told["requests_per_s"]["now"] == pytest.approx(
        (at(story, COUNT, end_s) - at(story, COUNT, end_s - 60)) / 60, abs=1e-6
    )


async def test_the_buckets_of_the_document_equal_the_raw_ones(serve: Serve) -> None:
    story = steady()

    told = await measured(story, serve)

    end_s = told["requests_per_s"]["series"][-1][0]
    cumulative = [
        at(story, BUCKET, end_s, le=le) - at(story, BUCKET, end_s - 900, le=le) for le in ("5", "100", "1000")
    ]
    own = [b - a for a, b in zip([0, *cumulative], cumulative, strict=False)]
    assert [bucket["count"] for bucket in told["buckets"]][:3] == own
    assert [bucket["le_ms"] for bucket in told["buckets"]] == [5, 100, 1000, None]
    assert all(sum(v for _, v in bucket["series"]) == bucket["count"] for bucket in told["buckets"])


async def test_the_screen_shows_the_numbers_of_the_document(serve: Serve) -> None:
    story = steady()

    async with asked(story, serve) as metrics:
        stream = metrics.poll(Interested((IRIS,)))
        shown = (await anext(stream)).traffic[IRIS.key]
        told = document(await metrics.measure((IRIS,), IRIS.key, 900))
        await stream.aclose()

    assert shown.requests_per_s == pytest.approx(told["requests_per_s"]["now"], rel=1e-6)
    assert shown.counter_sum is not None and told["counter_sum"] - shown.counter_sum in (0, 31)
    assert shown.p90_ms == pytest.approx(told["latency_ms"]["p90"], rel=0.02)


async def test_a_restarted_process_does_not_make_negative_traffic(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 1000 + 30 * n if n < 60 else 30 * (n - 59))

    told = await measured(story, serve)

    assert told["requests_in_window"] == 30 * 60
    assert told["requests_per_s"]["now"] == 2


async def test_a_replaced_pod_goes_on_where_the_old_one_ended(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 1000 + 30 * n if n < 40 else None)
    story.tell(COUNT, {**OTHER_POD, **OK}, lambda n: 30 * (n - 39) if n >= 40 else None)
    born = datetime.fromtimestamp(story.times[39] + 1, UTC)
    isvc = InferenceService(IRIS.key, pods=(Pod("default", OTHER_POD["pod"], "u", "iris", created=born),))

    told = await measured(story, serve, isvc)

    assert told["requests_in_window"] == pytest.approx(30 * 60, abs=30)
    assert told["counter_sum"] == 30 * 40


def from_76_on(value: float) -> Shape:
    return lambda n: value if n >= 76 else None


@pytest.mark.parametrize("made_at", [0, 60], ids=["its pod is old", "its pod was made in the window"])
async def test_a_first_burst_before_the_program_began_is_counted_in_full(serve: Serve, made_at: int) -> None:
    story = Story()
    story.tell("up", {"job": POD["job"], "instance": POD["instance"]}, lambda n: 1 if n >= made_at else None)
    story.tell(COUNT, {**POD, **OK}, from_76_on(20))
    for le, count in (("50", 10), ("100", 20), ("+Inf", 20)):
        story.tell(BUCKET, {**POD, **OK, "le": le}, from_76_on(count))
    born = datetime.fromtimestamp(story.times[made_at] - (7200 if not made_at else 1), UTC)
    isvc = InferenceService(IRIS.key, pods=(Pod("default", POD["pod"], "u", "iris", created=born),))

    traffic = (await report_of(story, serve, isvc)).traffic[IRIS.key]

    # Scraped without a series at n = 75, with all twenty at 76: they came in between, and none in the 45 s after it.
    # A question that comes a second or two after the last scrape sees that much less of a minute.
    late_s = time.time() - story.times[-1]
    assert traffic.requests_per_s is not None
    assert 20 / 60 - 1e-9 <= traffic.requests_per_s <= 20 / (60 - late_s)
    assert (traffic.p50_ms, traffic.p90_ms) == (50, 90)


async def test_a_dead_target_is_a_gap_and_not_falling_traffic(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 100 + 30 * n if n < 72 else None)

    report = await report_of(story, serve)

    traffic = report.traffic[IRIS.key]
    values = [value for _, value in traffic.requests.points()]
    assert report.prometheus.is_stale(traffic)
    assert traffic.requests_per_s == 2
    assert values[-4:] == [None] * 4 and set(values[:50]) == {2.0}


async def test_what_is_old_is_null_now_and_has_its_age(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 100 + 30 * n if n < 72 else None)

    told = await measured(story, serve)

    assert told["requests_per_s"]["now"] is None
    assert told["age_s"] == pytest.approx(8 * SCRAPE_S, abs=6)


async def test_a_window_without_a_single_sample_has_no_requests_that_are_known(serve: Serve) -> None:
    """Not zero: what came since the last scrape is told by the next one."""
    story = Story()
    last = 75
    for name, labels in ((COUNT, {**POD, **OK}), (BUCKET, {**POD, **OK, "le": "+Inf"})):
        story.tell(name, labels, lambda n: 100 + 30 * n if n <= last else None)

    async with asked(story, serve) as metrics:
        told = document(await metrics.measure((IRIS,), IRIS.key, 60))

    assert told["age_s"] >= told["window_s"] == 60
    assert (told["requests_in_window"], told["error_ratio"], told["buckets"]) == (None, None, [])
    assert set(told["latency_ms"].values()) == {None}
    assert told["counter_sum"] == 100 + 30 * last
    assert told["problem"] == "no sample of it came in this window"


async def test_a_counter_with_one_sample_is_new(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 7 if n == 78 else None)
    story.tell(COUNT, {**POD, **OK, "service_name": "other", "pod": "o", "instance": "o"}, lambda n: 7)
    other = InferenceService(Key(Kind.ISVC, "default", "other"))

    report = await report_of(story, serve, IRIS, other)

    assert report.traffic[IRIS.key].new_requests == 7
    assert report.traffic[IRIS.key].requests_per_s is None


async def test_requests_before_the_first_sample_count_when_an_earlier_scrape_found_none(serve: Serve) -> None:
    story = Story()
    story.tell("up", {"job": POD["job"], "instance": POD["instance"]}, lambda n: 1)
    story.tell(COUNT, {**POD, **OK}, lambda n: 7 if n >= 60 else None)
    for le in ("100", "+Inf"):
        story.tell(BUCKET, {**POD, **OK, "le": le}, lambda n: 7 if n >= 60 else None)

    told = await measured(story, serve)

    assert told["requests_in_window"] == 7
    assert [bucket["count"] for bucket in told["buckets"]] == [7, 0]


async def test_requests_before_the_first_scrape_are_only_in_the_counter(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 7 if n >= 60 else None)

    told = await measured(story, serve)

    assert (told["requests_in_window"], told["counter_sum"]) == (0, 7)


async def test_an_idle_service_has_no_requests_and_no_error_ratio(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 7)

    traffic = (await report_of(story, serve)).traffic[IRIS.key]

    assert (traffic.requests_per_s, traffic.error_ratio) == (0, None)


async def test_torchserve_without_a_series_of_failures_has_no_error_and_its_first_one_counts(serve: Serve) -> None:
    story, place = Story(), {k: v for k, v in POD.items() if k != "component"}
    story.tell("ts_inference_requests_total", {**place, "model_name": "iris"}, rising(30))
    story.tell("Requests2XX", {**place, "Level": "Host"}, rising(31))
    healthy = await measured(story, serve)
    story.tell("Requests5XX", {**place, "Level": "Host"}, lambda n: 3 if n >= 78 else None)

    failing = await measured(story, serve)

    assert (healthy["family"], healthy["error_ratio"]) == ("torchserve", 0)
    assert failing["error_ratio"] == pytest.approx(3 / failing["requests_in_window"], abs=1e-6)


async def test_the_only_model_that_is_scraped_no_more_still_has_its_window(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 100 + 30 * n if n < 50 else None)

    told = await measured(story, serve)

    assert told["requests_per_s"]["now"] is None
    assert told["requests_in_window"] == pytest.approx(30 * 29, abs=30), "what is known of the fifteen minutes"
    assert told["age_s"] == pytest.approx(30 * SCRAPE_S, abs=6)


async def test_without_errors_the_error_ratio_is_zero(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 7 * n)

    assert (await report_of(story, serve)).traffic[IRIS.key].error_ratio == 0


@pytest.mark.parametrize("label", ["cluster", "prometheus_replica"])
async def test_two_clusters_are_never_summed(serve: Serve, label: str) -> None:
    story = Story()
    for name in ("eu", "us"):
        story.tell(COUNT, {**POD, **OK, label: name}, lambda n: 30 * n)

    report = await report_of(story, serve)
    traffic = report.traffic[IRIS.key]

    assert (traffic.requests_per_s, traffic.counter_sum, traffic.p90_ms) == (None, None, None)
    assert f"with P, or as --prometheus-matcher '{label}=\"eu\"'" in traffic.problem
    assert [choice.text for choice in report.prometheus.choices] == [f'{label}="eu"', f'{label}="us"']


async def test_a_service_that_only_the_other_cluster_counts_has_no_numbers_either(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK, "cluster": "us"}, rising(30))
    story.tell(COUNT, {**POD, **OK, "cluster": "eu", "namespace": "elsewhere", "pod": "x"}, rising(30))

    assert (await report_of(story, serve)).traffic[IRIS.key].requests_per_s is None


async def test_a_matcher_chooses_one_of_two_clusters(serve: Serve) -> None:
    story = Story()
    for name, speed in (("eu", 30), ("us", 300)):
        story.tell(COUNT, {**POD, **OK, "cluster": name}, rising(speed))

    report = await report_of(story, serve, matchers=('cluster="eu"',))

    assert report.traffic[IRIS.key].requests_per_s == 2


async def test_a_matcher_that_leaves_two_clusters_chooses_none(serve: Serve) -> None:
    story = Story()
    for name in ("eu", "us", "ap"):
        story.tell(COUNT, {**POD, **OK, "cluster": name}, rising(30))

    traffic = (await report_of(story, serve, matchers=('cluster=~"eu|us"',))).traffic[IRIS.key]

    assert traffic.requests_per_s is None
    assert "(there are eu, us)" in traffic.problem


async def test_a_matcher_that_fits_nothing_is_named_as_the_reason(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK, "cluster": "eu"}, rising(30))

    report = await report_of(story, serve, matchers=('cluster="ue"',))

    assert any('no request metrics of models with cluster="ue"' in note for note in report.prometheus.notes)


async def test_a_process_that_two_jobs_scrape_counts_once(serve: Serve) -> None:
    story = Story()
    for job in ("kserve-metrics", "kubernetes-pods"):
        story.tell(COUNT, {**POD, **OK, "job": job}, lambda n: 30 * n)
        story.tell(BUCKET, {**POD, **OK, "job": job, "le": "+Inf"}, lambda n: 30 * n)
        story.tell(BUCKET, {**POD, **OK, "job": job, "le": "100"}, lambda n: 30 * n)

    told = await measured(story, serve)

    assert told["requests_per_s"]["now"] == 2
    assert sum(bucket["count"] for bucket in told["buckets"]) == told["requests_in_window"]


async def test_knative_1_19_is_joined_by_target_info(serve: Serve) -> None:
    story = Story()
    target = {"job": "pods", "instance": "10.0.0.1:9091"}
    told = {
        "k8s_namespace_name": "default",
        "kn_service_name": "iris-predictor",
        "kn_revision_name": "iris-predictor-1",
    }
    story.tell("target_info", {**target, **told}, lambda n: 1)
    # A second one on the same instance, as an upgraded collector leaves it: no join in PromQL would survive it.
    story.tell("target_info", {**target, **told, "service_version": "2"}, lambda n: 1)
    code = {"http_response_status_code": "200", "kn_route_tag": "kn:disabled"}
    story.tell("http_server_request_duration_seconds_count", {**target, **code}, lambda n: 30 * n)
    for le in ("0.1", "1.0", "+Inf"):
        name = "http_server_request_duration_seconds_bucket"
        story.tell(name, {**target, **code, "le": le}, lambda n: 30 * n)

    traffic = (await report_of(story, serve)).traffic[IRIS.key]

    assert (traffic.family, traffic.requests_per_s, traffic.p50_ms) == ("knative-s", 2, 50)


async def test_foreign_programs_with_the_same_metric_name_are_left_alone(serve: Serve) -> None:
    story = Story()
    name = "http_server_request_duration_seconds_count"
    story.tell(name, {"job": "shop", "instance": "a", "pod": "iris-predictor-x-y", "namespace": "default"}, lambda n: n)

    assert IRIS.key not in (await report_of(story, serve)).traffic


async def test_failures_of_the_sdk_are_attempts_without_success(serve: Serve) -> None:
    story = Story()
    pod = {"job": "m", "instance": "10.0.0.1:8080", "namespace": "default", "pod": "iris-predictor-7c9f-abcde"}
    for stage, speed in (("preprocess", 40), ("predict", 40), ("postprocess", 30)):
        labels = {**pod, "model_name": "iris"}
        story.tell(f"request_{stage}_seconds_count", labels, rising(speed))

    traffic = (await report_of(story, serve)).traffic[IRIS.key]

    assert (traffic.family, traffic.error_ratio) == ("kserve-sdk", 0.25)


async def test_a_target_without_a_pod_label_has_its_buckets(serve: Serve) -> None:
    story = Story()
    target = {"job": "m", "instance": "10.0.0.1:8080", "namespace": "default", "service_name": "iris"}
    story.tell("up", {"job": "m", "instance": "10.0.0.1:8080"}, lambda n: 1)
    story.tell("request_predict_seconds_count", {**target, "model_name": "iris"}, rising(30))
    for le in ("0.1", "+Inf"):
        story.tell("request_predict_seconds_bucket", {**target, "model_name": "iris", "le": le}, rising(30))

    told = await measured(story, serve)

    assert told["requests_in_window"] == told["buckets"][0]["count"] == 30 * 60


async def test_an_alias_without_codes_takes_its_failures_from_the_sdk(serve: Serve) -> None:
    story = Story()
    pod = {"job": "m", "instance": "10.0.0.1:8080", "namespace": "default", "pod": "iris-predictor-7c9f-abcde"}
    story.tell(COUNT, {**pod, "service_name": "iris"}, rising(40))
    for stage, speed in (("preprocess", 40), ("predict", 40), ("postprocess", 30)):
        story.tell(f"request_{stage}_seconds_count", {**pod, "model_name": "iris"}, rising(speed))

    traffic = (await report_of(story, serve)).traffic[IRIS.key]

    assert (traffic.family, traffic.error_ratio) == ("kserve-alias", 0.25)


async def test_where_nobody_counts_failures_it_is_said(serve: Serve) -> None:
    pod = {"job": "m", "instance": "10.0.0.1:8080", "namespace": "default", "pod": "iris-predictor-7c9f-abcde"}
    busy = Story()
    busy.tell(COUNT, {**pod, "service_name": "iris"}, rising(40))

    told = await measured(busy, serve)

    assert told["error_ratio"] is None
    assert told["problem"] == "which requests failed is not known: none of its metrics counts them"


async def test_without_a_request_there_is_no_failure_to_say_anything_of(serve: Serve) -> None:
    pod = {"job": "m", "instance": "10.0.0.1:8080", "namespace": "default", "pod": "iris-predictor-7c9f-abcde"}
    idle = Story()
    idle.tell(COUNT, {**pod, "service_name": "iris"}, lambda _: 40)

    told = await measured(idle, serve)

    assert (told["error_ratio"], told["problem"]) == (None, None)


async def test_the_failures_beside_an_alias_without_codes_are_those_of_the_whole_window(serve: Serve) -> None:
    story = Story()
    pod = {"job": "m", "instance": "10.0.0.1:8080", "namespace": "default", "pod": "iris-predictor-7c9f-abcde"}
    story.tell(COUNT, {**pod, "service_name": "iris"}, rising(40))
    story.tell("request_preprocess_seconds_count", {**pod, "model_name": "iris"}, rising(40))
    story.tell("request_predict_seconds_count", {**pod, "model_name": "iris"}, rising(40))
    good_until = len(story.times) - 31  # all good, and in the last half of the window half of them fail
    story.tell(
        "request_postprocess_seconds_count",
        {**pod, "model_name": "iris"},
        lambda n: 40 * n if n <= good_until else 40 * good_until + 20 * (n - good_until),
    )

    told = await measured(story, serve)

    assert told["error_ratio"] == pytest.approx(0.25, abs=0.01)


async def test_nan_in_one_series_leaves_the_others_alone(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, lambda n: 30 * n)
    story.tell(COUNT, {**OTHER_POD, **OK}, lambda n: math.nan)

    assert (await report_of(story, serve)).traffic[IRIS.key].requests_per_s == 2

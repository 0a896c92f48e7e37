"""Many processes behind one scraped address, as behind a federation or a collector: each is a process of its own."""

from __future__ import annotations

import pytest

from kmon_tui.domain.service import InferenceService, Key, Kind
from tests.live.served import Serve
from tests.live.stories import BUCKET, COUNT, IRIS, OK, Story, rising, share_of
from tests.live.test_metrics_numbers import report_of

ROSE = InferenceService(Key(Kind.ISVC, "default", "rose"))
AGENT = {"job": "federate", "instance": "prometheus:9090", "namespace": "default"}
COLLECTOR = {**AGENT, "pod": "collector-0"}


def told(story: Story, labels: dict[str, str], per_scrape: float, below_100_ms: float) -> None:
    story.tell(COUNT, {**labels, **OK}, rising(per_scrape))
    for le, share in (("100", below_100_ms), ("1000", 1.0), ("+Inf", 1.0)):
        story.tell(BUCKET, {**labels, **OK, "le": le}, share_of(share))


@pytest.mark.parametrize("agent", [AGENT, COLLECTOR])
async def test_a_federation_that_keeps_no_labels_mixes_nothing(serve: Serve, agent: dict[str, str]) -> None:
    story = Story()
    for name, pod, per_scrape, share in (("iris", 1, 30, 1.0), ("iris", 2, 30, 1.0), ("rose", 3, 60, 0.0)):
        process = {"exported_job": "kserve", "exported_instance": f"10.0.0.{pod}:9091", "service_name": name}
        told(story, {**agent, **process}, per_scrape, share)

    report = await report_of(story, serve, IRIS, ROSE)

    iris, rose = report.traffic[IRIS.key], report.traffic[ROSE.key]
    assert (iris.requests_per_s, rose.requests_per_s) == (4, 4)
    assert (iris.counter_sum, rose.counter_sum) == (2 * 30 * 79, 60 * 79)
    assert iris.p90_ms == pytest.approx(90)
    assert rose.p90_ms == pytest.approx(910)


async def test_a_series_that_says_its_own_namespace_second_is_found(serve: Serve) -> None:
    story = Story()
    pod = "iris-predictor-7c9fd8b6c-x2x4a"
    own = {"exported_namespace": "default", "exported_pod": pod, "exported_instance": "10.0.0.1:8080"}
    told(story, {**COLLECTOR, "namespace": "monitoring", **own}, 30, 1.0)

    traffic = (await report_of(story, serve, IRIS)).traffic[IRIS.key]

    assert (traffic.requests_per_s, traffic.counter_sum) == (2, 30 * 79)


async def test_pods_behind_a_collector_are_told_apart_by_the_pod_they_name(serve: Serve) -> None:
    story = Story()
    for name, pod, share in (("iris", "a", 1.0), ("iris", "b", 1.0), ("rose", "c", 0.0)):
        own = {"k8s_pod_name": f"{name}-predictor-7c9fd8b6c-x2x4{pod}", "service_name": name}
        told(story, {**AGENT, **own}, 30, share)

    report = await report_of(story, serve, IRIS, ROSE)

    assert report.traffic[IRIS.key].requests_per_s == 4
    assert report.traffic[IRIS.key].p90_ms == pytest.approx(90)
    assert report.traffic[ROSE.key].p90_ms == pytest.approx(910)

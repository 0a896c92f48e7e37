"""Counters that are NaN: what they leave out of the numbers is said, and never taken for silence."""

from __future__ import annotations

import math

from kmon_tui.domain.traffic import Traffic
from tests.live.served import Serve
from tests.live.stories import BAD, COUNT, IRIS, OK, OTHER_POD, POD, Shape, Story, rising
from tests.live.test_metrics_numbers import measured, report_of
from tests.live.test_metrics_poll import watched

THIRD_POD = {**POD, "instance": "10.0.0.3:9091", "pod": "iris-predictor-00001-deployment-6d4b-klmno"}


def nan(_: int) -> float:
    return math.nan


async def traffic_of(serve: Serve, *pods: tuple[dict[str, str], Shape]) -> Traffic:
    story = Story()
    for labels, shape in pods:
        story.tell(COUNT, labels, shape)
    return (await report_of(story, serve)).traffic[IRIS.key]


async def test_one_pod_of_three_whose_counter_is_nan_is_left_out_with_words(serve: Serve) -> None:
    pods = [({**one, **OK}, rising(30)) for one in (POD, OTHER_POD)]

    traffic = await traffic_of(serve, *pods, ({**THIRD_POD, **OK}, nan))

    assert (traffic.requests_per_s, traffic.remark) == (4, "2 of 3 pods counted: NaN from 1")


async def test_a_counter_that_became_nan_is_left_out_with_words(serve: Serve) -> None:
    traffic = await traffic_of(
        serve, ({**POD, **OK}, rising(30)), ({**OTHER_POD, **OK}, lambda n: 30 * n if n < 40 else math.nan)
    )

    assert (traffic.requests_per_s, traffic.remark) == (2, "1 of 2 pods counted: NaN from 1")


async def test_when_only_the_errors_of_a_pod_are_nan_all_of_it_is_left_out(serve: Serve) -> None:
    traffic = await traffic_of(
        serve,
        ({**POD, **OK}, rising(27)),
        ({**POD, **BAD}, rising(3)),
        ({**OTHER_POD, **OK}, rising(300)),
        ({**OTHER_POD, **BAD}, nan),
    )

    assert (traffic.requests_per_s, traffic.error_ratio) == (2, 0.1)
    assert traffic.remark == "1 of 2 pods counted: NaN from 1"


async def test_a_service_whose_counters_are_all_nan_is_unknown_and_says_why(serve: Serve) -> None:
    traffic = await traffic_of(serve, ({**POD, **OK}, nan))

    assert (traffic.requests_per_s, traffic.counter_sum) == (None, None)
    assert traffic.problem == "its counters are NaN in this Prometheus"


async def test_the_one_shot_says_so_too(serve: Serve) -> None:
    story = Story()
    story.tell(COUNT, {**POD, **OK}, nan)

    told = await measured(story, serve)

    assert told["requests_per_s"]["now"] is None
    assert told["requests_in_window"] is None


async def test_a_pod_scraped_twice_of_which_one_is_nan_is_counted(serve: Serve) -> None:
    traffic = await traffic_of(serve, ({**POD, **OK}, rising(30)), ({**POD, **OK, "job": "other"}, nan))

    assert (traffic.requests_per_s, traffic.remark) == (2, "")


async def test_a_nan_for_one_scrape_makes_no_burst() -> None:
    story = Story()
    line = (COUNT, {**POD, **OK}, rising(30))
    errors = (COUNT, {**POD, **BAD}, rising(30))
    story.tell(*line)
    story.tell(*errors)
    async with watched(story) as seen:
        await seen.poll()
        seen.pass_time(line, (COUNT, {**POD, **BAD}, nan))
        during = (await seen.poll()).traffic[IRIS.key]
        seen.pass_time(line, errors)
        after = (await seen.poll()).traffic[IRIS.key]

    assert during.remark == "0 of 1 pods counted: NaN from 1"
    assert (after.requests_per_s, after.remark) == (4, "")


async def test_a_pod_that_is_nan_is_not_looked_at_closely_at_each_tick() -> None:
    story = Story()
    lines = [(COUNT, {**POD, **OK}, rising(30)), (COUNT, {**OTHER_POD, **OK}, nan)]
    for line in lines:
        story.tell(*line)
    async with watched(story) as seen:
        await seen.poll()
        seen.pass_time(*lines)
        seen.requests.clear()
        await seen.poll()

    assert not [path for path in seen.requests if "/query?" in path and "+offset+" in path]

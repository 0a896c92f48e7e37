"""A longer past of one service: asked for by range, in steps that fit the screen, and only what is new."""

from __future__ import annotations

import math
from urllib.parse import parse_qs, urlsplit

import pytest

from kmon_tui.domain.command import Span
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import Buckets
from kmon_tui.live.ranged import step_of
from tests.live.stories import BUCKET, COUNT, IRIS, OK, OTHER_POD, POD, SCRAPE_S, Story, rising
from tests.live.test_metrics_beside import SCALER
from tests.live.test_metrics_poll import Watched, watched

HOUR = Span(3600, 60)
NEIGHBOUR = InferenceService(Key(Kind.ISVC, "default", "iris-predictor"))


def long_story() -> Story:
    """Two hours of scrapes: one pod all the time, another one that is gone for forty minutes."""
    story = Story()
    story.times = [story.now - SCRAPE_S * back for back in reversed(range(480))]
    story.tell(COUNT, {**POD, **OK}, rising(30))
    story.tell(COUNT, {**OTHER_POD, **OK}, lambda n: 60.0 * n if n < 320 else None)
    for le, share in (("100", 0.5), ("+Inf", 1.0)):
        story.tell(BUCKET, {**POD, **OK, "le": le}, lambda n, share=share: math.floor(share * 30 * n))  # type: ignore[misc]  # a default binds it
    stranger = {**POD, "service_name": "iris-predictor", "instance": "10.0.0.9:9091"}
    stranger["pod"] = "iris-predictor-predictor-00001-deployment-6d4b-zzzzz"
    story.tell(COUNT, {**stranger, **OK}, rising(7000))
    return story


async def seen_over(seen: Watched, span: Span = HOUR) -> Buckets:
    return (await seen.poll(IRIS.key, span)).buckets[IRIS.key]


def with_an_outage(first: int, last: int) -> Story:
    """Two hours of two requests a second, of which no scrape between these minutes ago: Prometheus itself was away."""
    story = Story()
    story.times = [story.now - SCRAPE_S * back for back in reversed(range(480))]
    away = range(480 - first * 4, 480 - last * 4)
    lines = [
        (COUNT, {**POD, **OK}, 1.0),
        (BUCKET, {**POD, **OK, "le": "100"}, 0.5),
        (BUCKET, {**POD, **OK, "le": "+Inf"}, 1.0),
    ]
    for name, labels, share in lines:
        story.tell(name, labels, lambda n, share=share: 5000 + math.floor(share * 30 * n) if n not in away else None)  # type: ignore[misc]  # a default binds it
    story.tell("up", {"job": POD["job"], "instance": POD["instance"]}, lambda n: 1.0 if n not in away else None)
    story.tell("kn_revision_pods_desired", SCALER, lambda n: 2.0 if n not in away else None)
    return story


@pytest.mark.parametrize(
    ("minutes", "span"),
    [
        ((20, 16), HOUR),
        ((12, 8), None),
        ((20, 16), Span(900, 60)),
        ((17, 13), None),
        ((62, 58), HOUR),
        ((20, 13), HOUR),
    ],
    ids=["range", "books", "before", "edge of the books", "edge of the range", "longer than it remembers"],
)
async def test_an_outage_of_prometheus_is_a_gap_and_no_burst_after_it(
    minutes: tuple[int, int], span: Span | None
) -> None:
    """Prometheus itself still answers for five minutes what it scraped last, and up is then 1, too."""
    async with watched(with_an_outage(*minutes), IRIS, NEIGHBOUR) as seen:
        buckets = (await seen.poll(IRIS.key, span)).buckets[IRIS.key]

    rates = buckets.by_code["2xx"].points()
    known = [rate for _, rate in rates if rate is not None]
    assert known and max(known) == pytest.approx(2.0, rel=0.35)
    assert min(known) >= 0.9, "a step in which it went away may hold half of it"
    away = range(round(seen.server.clock()) - (minutes[0] - 1) * 60, round(seen.server.clock()) - minutes[1] * 60 - 30)
    assert {rate for at_s, rate in rates if round(at_s) in away} <= {None}
    assert {wanted for at_s, wanted in buckets.gauges["wanted"].points() if round(at_s) in away} <= {None}
    columns = [[row[i] for row in buckets.counts] for i in range(len(rates))]
    told = [sum(column) for column in columns if not any(map(math.isnan, column))]
    assert all(0.9 * buckets.step_s <= count <= 2.7 * buckets.step_s for count in told)


def ranges(seen: Watched) -> list[dict[str, list[str]]]:
    """The range queries of the last tick, but for the one that measures how often Prometheus scrapes."""
    asked = [parse_qs(urlsplit(path).query) for path in seen.requests if "/query_range" in path]
    return [one for one in asked if one["step"] != ["1"]]


@pytest.mark.parametrize(
    ("range_s", "steps", "step_s"),
    [(1800, 70, 30), (3600, 70, 60), (21_600, 70, 315), (21_600, 170, 135), (300, 70, 15)],
)
def test_a_step_is_as_short_as_the_screen_can_show(range_s: int, steps: int, step_s: int) -> None:
    assert step_of(Span(range_s, steps), 15) == step_s


async def test_an_hour_has_the_steps_that_fit_and_says_that_it_is_an_hour() -> None:
    async with watched(long_story(), IRIS, NEIGHBOUR) as seen:
        buckets = await seen_over(seen)

    assert (buckets.range_s, buckets.step_s, buckets.end_s % 60) == (3600, 60, 0)
    assert len(buckets.by_code["2xx"].values) >= 60


async def test_pods_that_are_gone_for_long_are_counted_and_neighbours_are_not() -> None:
    async with watched(long_story(), IRIS, NEIGHBOUR) as seen:
        rates = (await seen_over(seen)).by_code["2xx"].values

    assert rates[5] == pytest.approx(6.0, rel=0.05), "2/s of the pod that stayed, 4/s of the one that is gone"
    assert rates[-1] == pytest.approx(2.0, rel=0.05)


async def test_how_many_pods_counted_is_known_over_time() -> None:
    async with watched(long_story(), IRIS, NEIGHBOUR) as seen:
        pods = (await seen_over(seen)).gauges["scraped"].values

    assert (pods[5], pods[-1]) == (2, 1)


async def test_processes_that_only_target_info_names_are_found_though_they_are_gone_for_long() -> None:
    story = Story()
    story.times = [story.now - SCRAPE_S * back for back in reversed(range(480))]
    name = "http_server_request_duration_seconds_count"
    code = {"http_response_status_code": "200", "kn_route_tag": "kn:disabled"}
    for n, (service, ends) in enumerate((("iris", 480), ("iris", 320), ("iris-predictor", 480))):
        target = {"job": "pods", "instance": f"10.0.0.{n}:9091"}
        told = {"k8s_namespace_name": "default", "kn_revision_name": f"{service}-predictor-0000{n}"}
        story.tell("target_info", {**target, **told}, lambda n, ends=ends: 1 if n < ends else None)  # type: ignore[misc]  # a default binds it
        story.tell(name, {**target, **code}, lambda n, ends=ends: 30.0 * n if n < ends else None)  # type: ignore[misc]  # as above
    async with watched(story, IRIS, NEIGHBOUR) as seen:
        rates = (await seen_over(seen)).by_code["2xx"].values

    assert rates[5] == pytest.approx(4.0, rel=0.05), "both pods"
    assert rates[-1] == pytest.approx(2.0, rel=0.05)


async def test_without_an_index_of_series_the_pods_that_are_known_count() -> None:
    async with watched(long_story(), IRIS, NEIGHBOUR) as seen:
        seen.lacks = "/api/v1/series"
        rates = (await seen_over(seen)).by_code["2xx"].values

    assert rates[-1] == pytest.approx(2.0, rel=0.05)


async def test_between_two_steps_nothing_is_asked_by_range_and_then_only_what_is_new() -> None:
    story = long_story()
    async with watched(story, IRIS, NEIGHBOUR) as seen:
        await seen_over(seen)
        asked = []
        for _ in range(8):
            seen.pass_time((COUNT, {**POD, **OK}, rising(30)))
            await seen_over(seen)
            asked.append([int(float(one["end"][0])) - int(float(one["start"][0])) for one in ranges(seen)])

    assert sum(map(len, asked)) == 2, "eight scrapes are two minutes: two steps"
    assert all(wide == 0 for one in asked for wide in one), "each time one step alone"


async def test_the_promql_of_each_panel_is_told() -> None:
    async with watched(long_story(), IRIS, NEIGHBOUR) as seen:
        queries = (await seen_over(seen)).queries

    assert set(queries) >= {"requests", "latency", "heat", "pods", "raw"}
    assert queries["requests"].startswith("sum by (response_code_class, response_code) (rate(kserve_request_count{")
    assert "histogram_quantile(0.9, sum by (le) (rate(kserve_request_duration_milliseconds{" in queries["latency"]


async def test_without_a_range_the_books_are_enough() -> None:
    async with watched(long_story(), IRIS, NEIGHBOUR) as seen:
        await seen_over(seen)
        buckets = (await seen.poll(IRIS.key)).buckets[IRIS.key]

    assert (buckets.range_s, buckets.step_s) == (None, SCRAPE_S)

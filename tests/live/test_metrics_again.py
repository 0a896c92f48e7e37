"""What a Prometheus is like may change under the running program: another interval, other families, another pace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.service import Pod
from kmon_tui.domain.traffic import TrafficReport
from kmon_tui.live.introduction import _JOB, Introduction
from tests.live.stories import COUNT, IRIS, OK, OTHER_POD, POD, Shape, rising
from tests.live.test_metrics_poll import Watched, busy, watched

Line = tuple[str, dict[str, str], Shape]


def instant(seen: Watched) -> int:
    """Count the instant queries since the last poll began."""
    return sum("/api/v1/query?" in path for path in seen.requests)


async def polled(seen: Watched, *lines: Line, minutes: int, every: int = 1) -> list[tuple[int, TrafficReport]]:
    """Poll once a minute while Prometheus scrapes at every n-th quarter of one."""
    found = []
    for _ in range(minutes):
        for _ in range(4 // every):
            seen.pass_time(*lines, scrapes=every - 1, scraped=False)
            seen.pass_time(*lines)
        report = await seen.poll()
        found.append((instant(seen), report))
    return found


async def test_no_tick_asks_more_than_four_questions_also_when_it_looks_again_at_what_there_is() -> None:
    story, line = busy()
    async with watched(story) as seen:
        await seen.poll()
        ticks = await polled(seen, line, minutes=10)

    assert max(asked for asked, _ in ticks) <= 4


async def test_an_interval_that_became_longer_is_noticed_and_the_rate_window_with_it() -> None:
    story, line = busy()
    async with watched(story) as seen:
        before = (await seen.poll()).prometheus
        ticks = await polled(seen, line, minutes=10, every=4)

    last = ticks[-1][1]
    assert (before.scrape_interval_s, before.window_s) == (15, 60)
    assert (last.prometheus.scrape_interval_s, last.prometheus.window_s) == (60, 240)
    assert not last.prometheus.is_stale(last.traffic[IRIS.key])
    assert max(asked for asked, _ in ticks) <= 4


async def test_at_half_the_pace_a_rate_still_is_of_all_of_its_window() -> None:
    story, _ = busy()
    burst = (COUNT, {**POD, **OK}, lambda n: 30.0 * n + 300)
    async with watched(story) as seen:
        await seen.poll()
        seen.server.faults.delay_s = 0.3
        seen.pass_time(burst)
        await seen.poll()
        seen.server.faults.delay_s = 0
        seen.pass_time(burst, scrapes=2)
        report = await seen.poll()

    assert (report.prometheus.tick_s, report.prometheus.window_s) == (30, 60)
    assert report.traffic[IRIS.key].requests_per_s == pytest.approx((4 * 30 + 300) / 60)


async def test_when_prometheus_is_quick_again_no_tick_is_blank() -> None:
    story, line = busy()
    async with watched(story) as seen:
        await seen.poll()
        seen.server.faults.delay_s = 0.3
        seen.pass_time(line)
        slowed = (await seen.poll()).prometheus.tick_s
        seen.server.faults.delay_s = 0
        rates, ticks = set(), set()
        for _ in range(25):
            seen.pass_time(line, scrapes=2)
            report = await seen.poll()
            rates.add(report.traffic[IRIS.key].requests_per_s if IRIS.key in report.traffic else None)
            ticks.add(report.prometheus.tick_s)

    assert (slowed, ticks, rates) == (30, {15, 30}, {2})


@pytest.mark.parametrize(
    ("skew_s", "words"),
    [(3600.0, "60 min ahead of"), (-90.0, "90 s behind"), (-7200.0, "120 min behind")],
)
def test_a_clock_that_is_far_off_is_said_since_times_are_drawn_by_it(skew_s: float, words: str) -> None:
    assert Introduction((), {}, skew_s, notes=("more",)).words == (
        f"its clock is {words} this machine's: ages are right, times are its own",
        "more",
    )


def test_clocks_that_nearly_agree_are_not_spoken_of() -> None:
    assert Introduction((), {}, 12.0).words == ()


CONFIG = """
scrape_configs:
- job_name: other
  scrape_interval: 5m
- job_name: kserve-metrics
  honor_timestamps: true
  scrape_interval: 1m
"""
TWO = tuple(Pod("default", one["pod"], one["pod"], "iris", ready=True) for one in (POD, OTHER_POD))


async def rarely(seen: Watched, ticks: int, *lines: Line, second: Line) -> list[TrafficReport]:
    """Poll at each tick of the old interval while two pods are scraped once a minute, half a minute apart."""
    found = []
    for tick in range(ticks):
        scraped = [*(lines if tick % 4 == 3 else ()), *([second] if tick % 4 == 1 else ())]
        seen.pass_time(*scraped)
        found.append(await seen.poll())
    return found


@pytest.mark.parametrize("told", [True, False])
async def test_no_rate_is_too_low_without_a_word_when_the_interval_became_longer(told: bool) -> None:
    """Where the configuration can be read it is known before it matters, elsewhere after two samples."""
    story, line = busy()
    second = (COUNT, {**OTHER_POD, **OK}, rising(30))
    story.tell(*second)
    async with watched(story, IRIS._replace(pods=TWO)) as seen:
        await seen.poll()
        if told:
            seen.server.configuration = replace(seen.server.configuration, text=CONFIG)
        reports = await rarely(seen, 16, line, second=second)

    rates = [report.traffic[IRIS.key] for report in reports]
    low = [one for one in rates if one.requests_per_s is not None and one.requests_per_s < 3.5 and not one.remark]
    known = next(n for n, report in enumerate(reports) if report.prometheus.scrape_interval_s == 60)
    assert low == []
    assert known <= (4 if told else 12)
    assert rates[-1].requests_per_s == pytest.approx(4, rel=0.1)
    assert rates[-1].remark == ""


def test_the_interval_of_our_jobs_is_read_as_prometheus_writes_it() -> None:
    assert _JOB.findall(CONFIG) == [("other", "5m"), ("kserve-metrics", "1m")]

"""What `kmon-tui metrics` tells of pods that are scraped, where Prometheus is away or knows nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from kmon_tui.backend import Interest
from kmon_tui.domain.doctor.facts import PrometheusFacts, Suspects
from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.domain.traffic import Family, Prometheus, Traffic, TrafficReport
from kmon_tui.domain.tree import Peak
from kmon_tui.live.scrape.scraper import Scraper
from kmon_tui.live.scrape.with_pods import WithPods
from tests.live.interests import Interested
from tests.live.test_scrape import IRIS, Told, page


class Scripted:
    """A Prometheus that says what a test tells it; None: it is away."""

    def __init__(self, traffic: Traffic | None, *, away: bool = False) -> None:
        self.traffic = traffic
        self.away = away

    async def poll(self, interest: Interest) -> AsyncGenerator[TrafficReport]:
        """Stream one report, then nothing."""
        self._check()
        yield TrafficReport(Prometheus("http://h"), {IRIS.key: self.traffic} if self.traffic else {})
        await asyncio.Event().wait()

    async def measure(
        self, services: tuple[InferenceService, ...], key: Key, window_s: int, family: Family | None = None
    ) -> Measurement:
        """Measure nothing."""
        self._check()
        return Measurement(key, Prometheus("http://h"), window_s, 15, self.traffic, problem="no series")

    async def examined(self, suspects: Suspects) -> PrometheusFacts:
        """Nobody asks."""
        raise AssertionError

    async def memory_peaks(self, namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
        """Nobody asks."""
        raise AssertionError

    def _check(self) -> None:
        if self.away:
            raise Unreachable("no answer from http://h")


class Growing(Told):
    """Pages on which thirty more requests stand at each scrape."""

    async def page(self, place: object) -> bytes:
        """Give the next page."""
        self.asked += 1
        return page(100 + 30 * self.asked).encode()


def scraped(told: Told) -> Scraper:
    return Scraper(told, lambda: asyncio.get_running_loop().time() + 1_800_000_000)


@pytest.mark.looptime
@pytest.mark.parametrize("prometheus", [Scripted(None, away=True), Scripted(None)], ids=["away", "without series"])
async def test_pods_are_measured_where_prometheus_cannot(prometheus: Scripted) -> None:
    both = WithPods(prometheus, scraped(Growing(a="")), wanted=True)

    measured = await both.measure((IRIS,), IRIS.key, 900)

    assert measured.traffic is not None
    assert measured.traffic.requests_per_s == 1
    assert measured.requests_in_window == 30
    assert measured.prometheus.scraped.startswith("scraped, 1 pod, since ")


@pytest.mark.looptime
async def test_what_is_wrong_is_said_once_and_why_prometheus_was_not_asked_beside_it() -> None:
    both = WithPods(Scripted(None, away=True), scraped(Growing(a="")), wanted=True)
    half = WithPods(Scripted(None), scraped(Told(a=page(100), b=None)), wanted=True)

    answered = await both.measure((IRIS,), IRIS.key, 900)
    halved = await half.measure((IRIS,), IRIS.key, 900)

    assert (answered.problem, answered.prometheus.notes) == ("", ("Prometheus: no answer from http://h",))
    assert "b" in halved.problem
    assert halved.prometheus.notes == ()


@pytest.mark.looptime
async def test_what_prometheus_said_stays_where_no_pod_answers_either() -> None:
    both = WithPods(Scripted(None), scraped(Told(a=None)), wanted=True)

    measured = await both.measure((IRIS,), IRIS.key, 900)

    assert measured.problem == "no series"
    assert measured.prometheus.notes == ("pods are not scraped: pod a does not answer",)


@pytest.mark.looptime
async def test_prometheus_is_believed_where_it_knows_something() -> None:
    told = Growing(a="")
    both = WithPods(Scripted(Traffic(Family.ALIAS, requests_per_s=7)), scraped(told), wanted=True)

    measured = await both.measure((IRIS,), IRIS.key, 900)

    assert measured.traffic is not None
    assert (measured.traffic.requests_per_s, told.asked) == (7, 0)


@pytest.mark.looptime
async def test_pods_are_left_alone_unless_it_is_wanted() -> None:
    told = Growing(a="")

    with pytest.raises(Unreachable):
        await WithPods(Scripted(None, away=True), scraped(told), wanted=False).measure((IRIS,), IRIS.key, 900)

    assert told.asked == 0


@pytest.mark.looptime
async def test_on_the_screen_pods_fill_in_for_a_prometheus_without_series() -> None:
    both = WithPods(Scripted(None), scraped(Growing(a="")), wanted=True)
    stream = both.poll(Interested((IRIS,)))
    rates = []

    async with asyncio.timeout(200):
        async for report in stream:
            if (traffic := report.traffic.get(IRIS.key)) and traffic.requests_per_s is not None:
                rates.append((traffic.requests_per_s, report.prometheus.url))
            if len(rates) == 2:
                break
    await stream.aclose()

    assert rates == [(1, "http://h"), (1, "http://h")]


class Dying(Growing):
    """Pods that answer twice."""

    async def page(self, place: object) -> bytes:
        """Give a page, or nothing any more."""
        if self.asked == 2:
            raise Unreachable("pod a does not answer")
        return await super().page(place)


@pytest.mark.looptime
async def test_pods_that_answer_no_more_leave_numbers_that_grow_old_and_say_so() -> None:
    both = WithPods(Scripted(None, away=True), scraped(Dying(a="")), wanted=True)
    told: list[tuple[float, str]] = []

    async with asyncio.timeout(400), aclosing(both.poll(Interested((IRIS,)))) as stream:
        async for report in stream:
            traffic, prometheus = report.traffic.get(IRIS.key), report.prometheus
            if prometheus.unscraped and traffic and (age_s := prometheus.age_s(traffic.sampled_at)) is not None:
                told.append((age_s, prometheus.scraped))
            if len(told) == 12:
                break

    assert told[-1][0] - told[0][0] >= 80, "its age grows with the clock"
    assert ", failing since " in told[-1][1]


@pytest.mark.looptime
async def test_numbers_of_prometheus_are_not_called_scraped_after_another_service_was() -> None:
    other = InferenceService(Key(Kind.ISVC, "default", "other"))
    interest = Interested((other, IRIS))
    told = Growing(a="")
    both = WithPods(Scripted(Traffic(Family.ALIAS, requests_per_s=7)), scraped(told), wanted=True)
    seen: list[str] = []

    async with asyncio.timeout(200), aclosing(both.poll(interest)) as stream:
        async for report in stream:
            if report.prometheus.scraped:
                interest.select(IRIS.key)
            elif told.asked:
                seen.append(report.prometheus.scraped)
                break
            both_news = report

    assert seen == [""]
    assert both_news.traffic[IRIS.key].requests_per_s == 7

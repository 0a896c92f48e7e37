"""One tick: ask the few questions, book the answers, give the report. Runs in the thread of PrometheusClient."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import TypeVar

from kmon_tui.domain.command import Span
from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Buckets, Family, Traffic, TrafficReport
from kmon_tui.live.again import Again, Aside
from kmon_tui.live.closeup import SWEEP, CloseUp
from kmon_tui.live.ended import Ended
from kmon_tui.live.feeder import Column, Feeder
from kmon_tui.live.heap import give_back
from kmon_tui.live.introduction import (
    UNKNOWN_SCRAPE_S,
    Front,
    Introduction,
    configured_interval,
    configured_of,
    introduce,
    scrape_interval,
)
from kmon_tui.live.ledger import Ledger
from kmon_tui.live.pace import HISTORY_S, SHORTEST_S, Pace
from kmon_tui.live.prometheus import Api, Spent
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.live.ranged import Ranged
from kmon_tui.live.rations import LEAST_ASKED, Rations, Tick
from kmon_tui.live.reporter import Reporter, Standing
from kmon_tui.live.telling import traffic_of_all

_PAST, _LATENCY = "the past", "latency"
GROWING_S, GROWN = 120, 1.2
"""So long the books are begun anew when there are so many times the services that they were begun for."""
MANY = 5_000
"""After answers about so many counters what they took is given back to the system at once."""


T = TypeVar("T")


@dataclass(slots=True)
class Look:
    """What the rest of kmon-tui is interested in at the moment of asking."""

    services: tuple[InferenceService, ...]
    """Once they are known all but one are let go: those of a busy fleet, kept for a tick, would double its memory."""
    selected: Key | None = None
    visible: tuple[Key, ...] = ()
    near: tuple[Key, ...] = ()
    family: Family | None = None
    """The one that a person chose."""
    span: Span | None = None
    edition: int = 0
    """Of the services, as in Fleet."""


class Poller:
    """Knows one Prometheus and keeps its books; all of it lives in one thread."""

    def __init__(self, matchers: Matchers, url: str, found_by: str, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._feeder = Feeder(matchers)
        self._reporter = Reporter(url, found_by)
        self._scrape_s: float | None = None
        self._now_s = 0.0
        self._pace = Pace(UNKNOWN_SCRAPE_S)
        self._ledger: Ledger | None = None
        self._closeup = CloseUp(matchers.text)
        self._ranged = Ranged(matchers.text)
        self._before_s = 0.0
        """What the tick before took."""
        self._family: Family | None = None
        self._outdated = False
        """The books are of another pace: they are begun anew at the next tick."""
        self._past_refused = False
        self._front = Front()
        self._ended = Ended()
        self._again = Again()
        self._began = (0.0, 0)
        """When the books were begun, and for how many services."""
        self._rations = Rations()

    @property
    def next_s(self) -> float:
        """Seconds until the next point of the grid by Prometheus' clock."""
        if self._outdated:
            return float(SHORTEST_S)
        if self._ledger is None or self._ledger.at_s is None or self._feeder.introduction is None:
            return float(self._pace.tick_s)
        return self._until(self._ledger.at_s + self._pace.tick_s)

    @property
    def spare(self) -> bool:
        """Whether one more question may be asked in this tick."""
        return self._rations.spare(self._now(), self._length_s)

    @property
    def may_begin_anew(self) -> bool:
        """Whether enough questions of this tick are left for the numbers of another family."""
        return self._rations.left >= LEAST_ASKED

    def lacks(self, keys: Iterable[Key]) -> bool:
        """Whether quantiles of one of these services are due, and there is a question left for them."""
        told = self._reporter.told
        return self.spare and any(key in told and told[key].latency_due for key in keys)

    @property
    def skew_s(self) -> float | None:
        """Prometheus' clock minus ours, as it was told last."""
        return self._feeder.introduction.skew_s if self._feeder.introduction else None

    def beside(self, api: Api, job: Callable[[Api], T]) -> T:
        """Ask what is no part of a tick with the questions that it leaves. Raises Spent when there is none."""
        if not self.spare:
            raise Spent("all questions of this tick are asked")
        with self._rationed(api):
            return job(api)

    def poll(self, api: Api, look: Look) -> TrafficReport:
        """Do one tick: counters of all services, latency of some, and the selected one in detail.

        Whoever asks earlier, as after a failure, has what is left of the questions of this tick.
        """
        with self._rationed(api):
            known = self._feeder.introduction
            if known is None or not known.families:
                known = self._introduce(api)
            self._now_s = self._now() + known.skew_s
            self._feeder.know(look.services, look.edition)
            count, look.services = len(look.services), look.services[:1]
            if not known.families or not count:
                self._feeder.ask_alerts(api)
                self._look_back(api, look.selected)
                return self._report({}, self._traffic())
            if look.family is not self._family:
                # Its past is asked for anew: no step of another family is among its own.
                self._family, self._ledger = look.family, None
            if self._outdated or self._has_grown(count):
                self._ledger, self._outdated = None, False
            if self._ledger is None:
                self._began = (self._now(), count)
            return self._tick(api, look)

    def look_closer(self, api: Api, look: Look) -> TrafficReport:
        """Between two ticks: only what another selection needs; what is told of all others stays the same value."""
        ledger = self._ledger
        if ledger is None or ledger.at_s is None or look.family is not self._family:
            return self.poll(api, look) if self.may_begin_anew else self._report({}, self._reporter.told)
        with self._rationed(api):
            found = self._look_back(api, look.selected)
            asked, buckets = self._look_closer(api, ledger, look, sweep=0)
            new = self._traffic((*found, *asked)) if found or asked else {}
            return self._report(buckets, {**self._reporter.told, **new} if new else self._reporter.told)

    def _tick(self, api: Api, look: Look) -> TrafficReport:
        first = self._ledger is None
        at_s = self._grid(self._now_s)
        ledger = self._ledger_of()
        if ledger.at_s is None or at_s > ledger.at_s:
            seen = self._feeder.look(api, ledger, at_s)
            self._measure_interval(api, ledger, seen, at_s)
            self._now_s = at_s
            self._catch_up(api, ledger, at_s)
            self._feeder.book_now(api, ledger, at_s, seen, look.selected)
            self._past_refused = False
        else:
            # Whoever asks between two ticks wants to know whether it is there at all.
            self._now_s = at_s
            self._is_there(api)
            # Somebody set our clock, and what was booked since then is of a time that has not come.
            self._outdated |= at_s < ledger.at_s - ledger.step_s
        free = api.left and not first
        aside = self._again.due(self._now(), suspicious=ledger.suspicious) if free else None
        back = aside is None and not first and bool(self._look_back(api, look.selected))
        _, buckets = self._look_closer(api, ledger, look, SWEEP, latency=aside is None and not back)
        if aside is not None:
            self._look_again(api, ledger, aside)
        self._reporter.asked(api)
        if first or self._feeder.rows > MANY:
            give_back()
        before_s, self._before_s = self._before_s, 0.0 if first else api.took_s
        if not first:
            # Our own clock may have had a bad moment: what it tells must be so twice.
            self._set_pace(self._pace.after(api.took_s if api.exact else min(api.took_s, before_s)))
        return self._report(buckets, self._traffic())

    def _rationed(self, api: Api) -> AbstractContextManager[None]:
        introduction = self._feeder.introduction
        now_s, skew_s = self._now(), introduction.skew_s if introduction else 0.0
        tick = Tick(now_s, self._grid(now_s + skew_s) - skew_s, self._length_s)
        return self._rations.of(tick, api, LEAST_ASKED + (introduction is None))

    @property
    def _length_s(self) -> int:
        """How long the tick is, as far as it is known."""
        ledger = self._ledger  # read once: those who wait for a question look at it from another thread
        known = ledger is not None and ledger.at_s is not None and not self._outdated
        return self._pace.tick_s if known else SHORTEST_S

    def _until(self, at_s: float) -> float:
        skew_s = self._feeder.introduction.skew_s if self._feeder.introduction else 0.0
        return max(0.2, at_s - (self._now() + skew_s))

    def _catch_up(self, api: Api, ledger: Ledger, at_s: int) -> None:
        """Ask for what was missed; where that is refused, go on without it: the numbers of now do not need it."""
        if self._past_refused:
            return  # it may be what took too long
        try:
            self._feeder.catch_up(api, ledger, at_s)
        except BackendError as error:
            self._past_refused = True
            self._reporter.lack(_PAST, error, at_s + HISTORY_S)

    def _introduce(self, api: Api) -> Introduction:
        known = self._feeder.introduction
        self._feeder.introduction = introduce(api, self._feeder.matchers.text, known, self._front, self._now)
        self._again.introduced(self._now())
        self._closeup.native = self._ranged.native = self._feeder.introduction.native
        return self._feeder.introduction

    def _has_grown(self, services: int) -> bool:
        """Whether many services came after the first tick, as of a fleet that is listed page by page."""
        began_s, then = self._began
        return self._now() - began_s < GROWING_S and services > GROWN * then

    def _is_there(self, api: Api) -> None:
        """Raise BackendError when it does not answer."""
        if api.left:
            self._introduce(api)
            return
        with suppress(NotFound, Forbidden):  # not all that are only compatible have this
            api.read("status/buildinfo")

    def _look_again(self, api: Api, ledger: Ledger, what: Aside) -> None:
        """Look at something that may have changed."""
        if what is Aside.HOLDINGS:
            # The numbers of this tick are there; whether it answers at all is found out by the next one.
            with suppress(BackendError):
                self._introduce(api)
            return
        some = ledger.some_series()
        if what is Aside.CONFIG:
            found_s = configured_of(api, {one.get("job", "") for one in some})
            if found_s is None or found_s <= (self._scrape_s or 0.0):
                self._again.measure_next()
                return
        else:
            found_s = scrape_interval(api, self._feeder.matchers.text, some, ledger.at_s or 0)
        if found_s is not None and found_s != self._scrape_s:
            self._scrape_s, self._outdated = found_s, True
            self._set_pace(Pace(found_s, self._pace.doublings))

    def _grid(self, now_s: float) -> int:
        """Give the newest point of the grid that has passed; it begins whenever somebody started kmon-tui."""
        if self._ledger is None or self._ledger.at_s is None:
            return int(now_s)
        step_s = self._pace.tick_s
        return int((now_s - self._ledger.at_s) // step_s) * step_s + self._ledger.at_s

    def _ledger_of(self) -> Ledger:
        """Give the books, at the pace that is known so far."""
        if self._ledger is None:
            pace = self._pace
            self._ledger = Ledger(pace.tick_s, pace.window_s, pace.points, pace.scrape_s, self._family)
            self._ledger.ended = self._ended
        return self._ledger

    def _measure_interval(self, api: Api, ledger: Ledger, seen: Column, at_s: int) -> None:
        """Find out how often Prometheus scrapes, before anything is booked, or once there is something to see."""
        if self._scrape_s is not None or not (ledger.at_s is None or ledger.flows):
            return
        self._scrape_s = self._feeder.scrape_interval(api, seen, at_s)
        guess_s = self._scrape_s or (configured_interval(api) if ledger.at_s is None else self._pace.scrape_s)
        self._set_pace(Pace(guess_s or UNKNOWN_SCRAPE_S, self._pace.doublings))
        if ledger.at_s is None:
            self._outdated = False
            ledger.keep_pace(self._pace)

    def _look_closer(
        self, api: Api, ledger: Ledger, look: Look, sweep: int, *, latency: bool = True
    ) -> tuple[Sequence[Key], dict[Key, Buckets]]:
        """Ask for quantiles of some services and for one in detail; say of which.

        Where Prometheus refuses one of these, the requests and errors that it told stay.
        """
        asked: Sequence[Key] = ()
        try:
            if latency and api.left:
                asked = self._closeup.ask_latency(api, ledger, (look.selected, *look.visible), look.near, sweep)
        except BackendError as error:
            ledger.forget_latency()
            self._reporter.lack(_LATENCY, error, ledger.at_s or 0)
        try:
            return asked, self._in_detail(api, ledger, look)
        except BackendError as error:
            return asked, self._closeup.refused(ledger, look.selected, error.message)

    def _look_back(self, api: Api, key: Key | None) -> tuple[Key, ...]:
        """Find when a service was sampled last that is in no book; once in a while, with a question that is left."""
        ledger, owners = self._ledger, self._feeder.owners
        if key is None or not api.left or key not in owners or not self._ended.is_due(key, self._now_s):
            return ()
        if ledger is not None and (key in ledger.flows or key in ledger.users):
            return ()
        scrape_s = self._pace.scrape_s
        found = self._ended.seek(api, self._feeder.matchers.text, owners, key, self._now_s, scrape_s)
        return (key,) if found else ()

    def _in_detail(self, api: Api, ledger: Ledger, look: Look) -> dict[Key, Buckets]:
        known = (self._feeder.owners, self._feeder.levels)
        if look.span is None or look.selected is None:
            return self._closeup.ask_detail(api, ledger, *known, look.selected)
        found = self._ranged.ask(api, ledger, *known, look.selected, look.span)
        return {look.selected: found} if found is not None else {}

    def _report(self, buckets: dict[Key, Buckets], traffic: dict[Key, Traffic]) -> TrafficReport:
        at = Standing(self._now_s, self._scrape_s, self._pace, self._family)
        return self._reporter.report(self._feeder, self._ledger, at, buckets, traffic)

    def _traffic(self, keys: Iterable[Key] | None = None) -> dict[Key, Traffic]:
        """Give the traffic of these services, or of all of which anything is known."""
        if self._ledger is None:
            return {key: told for key in self._ended if (told := self._ended.of(key)) is not None}
        return traffic_of_all(self._ledger, self._feeder.levels, self._feeder.owners, keys)

    def _set_pace(self, pace: Pace) -> None:
        """Go on at another pace; the books are thinned out, or begun anew when the steps became shorter."""
        old, self._pace = self._pace, pace
        if self._ledger is not None and not self._outdated and pace.tick_s == 2 * old.tick_s:
            self._ledger.slow_down(pace.tick_s, pace.window_s, pace.points)
        elif pace.tick_s != old.tick_s:
            self._outdated = True

"""PrometheusMetrics: one Prometheus as a stream of reports, a tick apart, and as single measurements."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kmon_tui.backend import Interest, Stream
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.measurement import Measurement
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family, Prometheus, TrafficReport
from kmon_tui.live.measure import measure
from kmon_tui.live.pace import IDLE_S, wait_s
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import AdapterFactory, Api, PrometheusClient, Spent
from kmon_tui.live.prometheus_address import parse_matchers
from kmon_tui.live.rests import SETTLE_S, Rests
from kmon_tui.settings import PrometheusSettings

if TYPE_CHECKING:
    from kmon_tui.domain.command import Span
    from kmon_tui.domain.doctor.facts import PrometheusFacts, Suspects
    from kmon_tui.domain.tree import Peak

T = TypeVar("T")
JITTER_S = (0.05, 0.5)
BESIDE_S, LISTING_S, PAGES_S = 0.5, 0.25, 0.75
PAGE = 500
"""A fleet of so many services is listed in several pages, which may come slowly."""


class PrometheusMetrics:
    """Keeps its books over failures: when ``poll`` is iterated anew, what was missed is asked for by range."""

    def __init__(self, settings: PrometheusSettings, adapter: AdapterFactory | None = None) -> None:
        """Check the settings; nothing is sent and nothing heavy imported. Raises SettingsError."""
        self._client = PrometheusClient(settings, adapter)
        self._matchers = parse_matchers(settings.matchers)
        self._found_by = settings.found_by
        self._poller = Poller(self._matchers, self._client.address.url, settings.found_by)
        self._rests = Rests()

    async def poll(self, interest: Interest) -> Stream[TrafficReport]:
        """Stream a report a tick, and one more when another service, or another time of it, is selected.

        Rows that come onto the screen bring one more, too, if they have no quantiles and a question is left for them.
        """
        look = _look(interest)
        yield await self._asked(partial(self._poller.poll, look=look))
        while True:
            look.services = look.services[:1]
            closer = await self._wait(interest, look)
            look = _look(interest)
            step = self._poller.look_closer if closer else self._poller.poll
            yield await self._asked(partial(step, look=look))

    async def _asked(self, job: Callable[[Api], TrafficReport]) -> TrafficReport:
        """Run a job; of a failure say who was asked, which nobody knows before the first report."""
        try:
            return await self._client.run(job)
        except BackendError as error:
            error.asked = (self._client.address.url, self._found_by)
            raise

    async def _wait(self, interest: Interest, look: Look) -> bool:
        """Wait for the next tick; True: something else is selected before it is due."""
        if not look.services:
            await _within(_until_services(interest), IDLE_S)
            return False
        chosen, seen = (look.selected, look.span), _seen(look)
        while True:
            delay_s = wait_s(self._poller.next_s, idle=interest.idle, jitter_s=random.uniform(*JITTER_S))
            if _seen(interest) == seen and not await _within(interest.changed(), delay_s):
                return False
            begins_anew = interest.family is not look.family and self._poller.may_begin_anew
            if _seen(interest) == seen or begins_anew:
                await asyncio.sleep(min(SETTLE_S, delay_s))
                return False  # somebody wants it now
            await self._rest(interest, chosen, delay_s)
            moved = (interest.selected, interest.span) != chosen
            if moved or self._poller.lacks(interest.visible):
                closer = self._poller.next_s > SETTLE_S
                if closer and moved:
                    self._rests.take(time.monotonic())
                return closer
            seen = _seen(interest)

    async def _rest(self, interest: Interest, chosen: tuple[Key | None, Span | None], limit_s: float) -> None:
        """Return once nothing moves any more, and another selection may be looked at; or when the next tick is due."""
        until_s = time.monotonic() + limit_s
        while (left_s := until_s - time.monotonic()) > 0:
            seen = _seen(interest)
            moved = (interest.selected, interest.span) != chosen
            rest_s = self._rests.wait_s(time.monotonic()) if moved else SETTLE_S
            if not await _within(interest.changed(), min(rest_s, left_s)) or _seen(interest) == seen:
                return

    async def measure(
        self, services: tuple[InferenceService, ...], key: Key, window_s: int, family: Family | None = None
    ) -> Measurement:
        """Measure one of the services over a window that ends now. Raises NotFound when it is none of them."""
        shown = Prometheus(url=self._client.address.url, found_by=self._found_by)
        return await self._client.run(lambda api: measure(api, self._matchers, shown, services, key, window_s, family))

    async def examined(self, suspects: Suspects) -> PrometheusFacts:
        """Tell what it scrapes, keeps and holds; see ``backend.Patient``."""
        from kmon_tui.live.doctor_prometheus import prometheus_facts  # late: ticks need none of it

        # Pages without anybody's wish wait, too: the server may have trouble enough.
        unasked = suspects.families is not None
        return await prometheus_facts(
            self._beside if unasked else self._client.run,
            self._beside,
            self._client.address.url,
            self._found_by,
            self._matchers.text,
            suspects,
            self._poller.skew_s,
        )

    async def _beside(self, job: Callable[[Api], T]) -> T:
        """Run a job of one question once a tick has one left."""
        while True:
            if self._poller.spare:
                with suppress(Spent):  # somebody else took it meanwhile
                    return await self._client.run(lambda api: self._poller.beside(api, job))
            await asyncio.sleep(BESIDE_S)

    async def memory_peaks(self, namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
        """Give the most memory of the last hour; see ``backend.Memory``."""
        from kmon_tui.live.tree_peaks import measured  # late: ticks need none of it

        return await self._beside(lambda api: measured(api, self._matchers.text, namespace, pods))

    async def aclose(self) -> None:
        """End the thread; the question that is on its way is cut off."""
        await self._client.aclose()


def _look(interest: Interest) -> Look:
    return Look(
        interest.services,
        interest.selected,
        interest.visible,
        interest.near,
        interest.family,
        interest.span,
        interest.edition,
    )


def _seen(of: Interest | Look) -> tuple[object, ...]:
    return of.selected, of.span, of.visible, of.family


async def _until_services(interest: Interest) -> None:
    """Return when there are some and no more come: a fleet is listed page by page, and the past is asked for once."""
    then = 0
    while not (now := len(interest.services)) or now > then:
        then = now
        await asyncio.sleep(LISTING_S if now < PAGE else PAGES_S)


async def _within(event: Awaitable[None], limit_s: float) -> bool:
    """Wait for something that happens; False when it did not in time."""
    try:
        async with asyncio.timeout(limit_s):
            await event
    except TimeoutError:
        return False
    return True

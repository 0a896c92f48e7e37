"""Which Prometheus is followed: the one of the settings, until a person chooses another."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from urllib.parse import urlsplit

from kmon_tui.backend import Backend, Metrics
from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.errors import KmonError, SettingsError
from kmon_tui.domain.health import Health
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.settings import PrometheusSettings
from kmon_tui.settings.parse import matchers, split_user_info

FOUND_BY = ":prom"


def chosen(old: PrometheusSettings, wish: ChoosePrometheus, offered: Collection[str] = ()) -> PrometheusSettings:
    """Give the settings of what was chosen. Raises SettingsError for a URL or a matcher that is none.

    Passwords, tokens and headers go only where they went already: to the same
    server, or to one that was found in the same cluster (``offered``).
    """
    if wish.url is None:
        return replace(old, matchers=_joined(old.matchers, wish.matchers))
    asked = _matchers(wish.matchers or ())
    if not wish.url:
        return replace(old if old.url is None else PrometheusSettings(), url=None, found_by="", matchers=asked)
    text = wish.url if "//" in wish.url else f"http://{wish.url}"
    try:
        url, user, password = split_user_info(text)
    except ValueError as error:
        raise SettingsError(f"Prometheus: {error}", "Type it as :prom http://localhost:9090") from None
    known = old.url is not None and _origin(old.url) == _origin(url)
    kept = old if known or (old.url is None and url in offered) else PrometheusSettings()
    if user is not None:
        kept = replace(kept, username=user, password=password, bearer_token_file=None)
    return replace(kept, url=url, found_by=FOUND_BY, matchers=asked)


def offered(state: State) -> frozenset[str]:
    """Give the addresses that discovery found."""
    told = state.traffic.prometheus.choices if state.traffic is not None else ()
    health = state.health.get(PROMETHEUS, Health())
    return frozenset(choice.text for choice in (*told, *health.choices) if not choice.is_matcher)


class Followed:
    """Follows the metrics of one Prometheus at a time."""

    def __init__(self, follow: Callable[[Metrics], Awaitable[None]]) -> None:
        self._follow = follow
        self._next: AbstractAsyncContextManager[Metrics] | None = None
        self._wish = asyncio.Event()

    def choose(self, backend: Backend, settings: PrometheusSettings) -> None:
        """Follow another one from now on. Raises KmonError when it cannot be."""
        if backend.metrics_at is None:
            raise KmonError("another Prometheus cannot be asked here")
        self._next = backend.metrics_at(settings)
        self._wish.set()

    async def run(self, first: Metrics | None) -> None:
        """Follow until cancelled. ``first`` is open already and stays so; the others are closed when they are left."""
        opening: AbstractAsyncContextManager[Metrics | None] = nullcontext(first)
        while True:
            self._wish.clear()
            async with opening as metrics, asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._stay(metrics), name="metrics")
                await self._wish.wait()
                following.cancel()
            assert self._next is not None
            opening, self._next = self._next, None

    async def _stay(self, metrics: Metrics | None) -> None:
        if metrics is not None:
            await self._follow(metrics)


def _joined(old: tuple[str, ...], new: tuple[str, ...] | None) -> tuple[str, ...]:
    """Put new matchers in the place of those of the same labels; none at all takes all away."""
    if new is None or not new:
        return old if new is None else ()
    asked = _matchers(new)
    labels = {_label(one) for one in asked}
    return (*(one for one in _matchers(old) if _label(one) not in labels), *asked)


def _label(matcher: str) -> str:
    return re.split("[=!]", matcher, maxsplit=1)[0]


def _matchers(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(one for text in texts for one in matchers(text)))
    except ValueError as error:
        raise SettingsError(str(error), """Type it as :prom cluster="prod-eu\"""") from None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)

"""Which Prometheus is followed: the one of the settings, until a person chooses another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from kmon_tui.backend import Backend, Metrics
from kmon_tui.domain.command import ChoosePrometheus
from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.health import Health
from kmon_tui.domain.state import PROMETHEUS, Activity, State
from kmon_tui.settings import PrometheusSettings
from kmon_tui.settings.remembered import PrometheusMemory, remembered


def remember(
    memory: PrometheusMemory | None, context: str, wish: ChoosePrometheus, made: PrometheusSettings, *, offered: bool
) -> str:
    """Write down what was chosen; the words say that it was, or why it could not be."""
    if memory is None:
        return ""
    try:
        memory.put(context, remembered(memory.read(context), wish, made, offered=offered))
    except KmonError as error:
        return f"; not remembered: {error.message}"
    return f"; remembered for {context}" if context else "; remembered"


def forgotten(memory: PrometheusMemory | None, context: str, activity: Activity) -> Activity:
    """Take away what was remembered for a context, and say so."""
    try:
        known = memory is not None and memory.forget(context)
    except KmonError as error:
        return replace(activity, done=False, text=error.message, hint=error.hint)
    text = "forgotten; the settings decide from the next start on" if known else "nothing was remembered here"
    return replace(activity, done=True, text=text)


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
        self.current: Metrics | None = None
        """The one that is followed now."""

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
        self.current = metrics
        if metrics is not None:
            await self._follow(metrics)

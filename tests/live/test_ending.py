"""A task is ended without a lost cancellation and without a lost bug."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from kmon_tui.backend import Interest, Stream
from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.domain.traffic import Prometheus, TrafficReport
from kmon_tui.live.ending import ended
from kmon_tui.live.scrape.with_pods import WithPods
from kmon_tui.monitor.interest import Looked
from kmon_tui.monitor.store import Store
from kmon_tui.monitor.supervise import supervise


async def test_a_wish_to_end_that_comes_while_a_task_is_ended_is_not_lost() -> None:
    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)

    async def owner() -> None:
        inner = asyncio.create_task(slow())
        await asyncio.sleep(0)
        await ended(inner)
        await asyncio.Event().wait()  # for ever, if the cancellation was lost

    outer = asyncio.create_task(owner())
    await asyncio.sleep(0.02)
    outer.cancel()

    done, _ = await asyncio.wait((outer,), timeout=2.0)
    assert outer in done and outer.cancelled()


async def test_a_bug_in_its_end_reaches_the_light() -> None:
    async def broken() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)

    with pytest.raises(ZeroDivisionError):
        await ended(task)


async def test_several_are_ended_together_and_failures_of_the_outside_are_no_bugs() -> None:
    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise Unreachable("gone")

    tasks = [asyncio.create_task(fails()) for _ in range(2)]
    await asyncio.sleep(0)

    await ended(*tasks, but=(BackendError,))
    assert all(task.done() for task in tasks)


class Away:
    """A Prometheus that is not there, as every poll finds."""

    async def poll(self, interest: Interest) -> Stream[TrafficReport]:
        await asyncio.sleep(0)
        if interest:
            raise Unreachable("no Prometheus")
        yield TrafficReport(Prometheus())


@pytest.mark.parametrize("turns", range(25))
async def test_a_stream_of_numbers_ends_whenever_it_is_told_to(turns: int) -> None:
    """Also while it fails: that moment made switches of the context stick (seen once in ten)."""
    metrics = WithPods(cast(Any, Away()), cast(Any, None), wanted=False)
    interest = cast(Interest, Looked(Store(), lambda: 0.0))

    async def follow() -> None:
        await supervise(lambda: metrics.poll(interest), lambda report: None, lambda error: None)

    task = asyncio.create_task(follow())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()

    done, _ = await asyncio.wait((task,), timeout=0.2)
    assert task in done and task.cancelled()

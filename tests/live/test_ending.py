"""A task is ended without a lost cancellation and without a lost bug."""

from __future__ import annotations

import asyncio

import pytest

from kmon_tui.live.ending import ended


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

"""The store: the newest State and its followers."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from kmon_tui.domain.fleet import Place
from kmon_tui.domain.state import State
from kmon_tui.monitor.store import Store

pytestmark = pytest.mark.looptime


def at(context: str) -> State:
    return State(place=Place(context=context))


async def test_a_follower_gets_the_present_state_at_once() -> None:
    async with aclosing(Store(at("a")).follow()) as states:
        assert (await anext(states)).place.context == "a"


async def test_a_slow_follower_skips_to_the_newest() -> None:
    store = Store(at("a"))
    async with aclosing(store.follow()) as states:
        await anext(states)
        store.put(at("b"))
        store.put(at("c"))

        assert (await anext(states)).place.context == "c"


async def test_saying_nothing_new_wakes_nobody() -> None:
    store = Store(at("a"))
    async with aclosing(store.follow()) as states:
        await anext(states)
        store.put(replace(store.state))

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(states), 10)


async def test_two_followers_both_see_the_newest() -> None:
    store = Store(at("a"))
    async with aclosing(store.follow()) as one, aclosing(store.follow()) as two:
        await anext(one), await anext(two)
        waits = [asyncio.create_task(anext(one)), asyncio.create_task(anext(two))]
        await asyncio.sleep(0)
        store.put(at("b"))

        assert [state.place.context for state in await asyncio.gather(*waits)] == ["b", "b"]


async def test_wait_for_gives_what_was_looked_for() -> None:
    store = Store(at("a"))
    waiting = asyncio.create_task(store.wait_for(lambda s: s.place.context if s.place.context == "c" else None))
    await asyncio.sleep(0)
    store.put(at("b"))
    store.put(at("c"))

    assert await asyncio.wait_for(waiting, 1) == "c"

"""While bytes flow others have their turns, and only those who have something to do."""

from __future__ import annotations

import asyncio
import time

from kmon_tui.live.turns import IN_ONE_GO, MOST_TURNS, Turns


async def _count(turns: Turns, work_s: float) -> int:
    """Carry one piece beside a task that is busy in each of its turns; give how many it had."""
    had = 0

    async def busy() -> None:
        nonlocal had
        while True:
            had += 1
            time.sleep(work_s)  # noqa: ASYNC251 - work that takes so long is what is meant
            await asyncio.sleep(0)

    other = asyncio.create_task(busy())
    await turns.after(IN_ONE_GO)
    other.cancel()
    return had


async def test_whoever_is_busy_has_several_turns_between_two_pieces() -> None:
    assert await _count(Turns(), 0.001) == MOST_TURNS


async def test_alone_nobody_is_waited_for() -> None:
    assert await _count(Turns(0), 0.001) == 0


async def test_small_pieces_are_carried_together() -> None:
    turns, began_s = Turns(), asyncio.get_running_loop().time()
    for _ in range(IN_ONE_GO // 1024 - 1):
        await turns.after(1024)

    assert asyncio.get_running_loop().time() - began_s < 0.5

"""Keep one stream running in a world that fails."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from typing import TypeVar

from kmon_tui.backend import Stream
from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.errors import BackendError

T = TypeVar("T")


async def supervise(
    stream: Callable[[], Stream[T]],
    put: Callable[[T], None],
    failed: Callable[[BackendError], None],
    *,
    chance: Callable[[], float] = random.random,
    wake: Callable[[], asyncio.Event] | None = None,
) -> None:
    """Hand each value of the stream to ``put``, and start a new stream, after a wait, when it ends or fails.

    Runs until cancelled. Anything but a BackendError is a bug and is let
    through. ``wake`` gives an event that cuts the wait short: a person asked.
    """
    clock = asyncio.get_running_loop().time
    backoff = Backoff()
    while True:
        began_s, least_s = clock(), 0.0
        try:
            async with aclosing(stream()) as values:
                async for value in values:
                    put(value)
                    del value  # a whole fleet, held until the next one comes
        except BackendError as error:
            failed(error)
            least_s = error.retry_after_s or 0.0
            _let_go(error)
        backoff = backoff.failed(clock() - began_s)
        await _wait(max(backoff.wait_s(chance()), least_s), wake() if wake else asyncio.Event())


def _let_go(error: BaseException) -> None:
    """Drop the frames it came through: they hold the last values of the stream until the collector comes.

    A stream that keeps its error is in a circle with them.
    """
    one: BaseException | None = error
    while one is not None:
        before = one.__cause__ or one.__context__
        one.__traceback__ = one.__cause__ = one.__context__ = None
        one = before


async def _wait(seconds: float, woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return

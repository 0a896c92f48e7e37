"""A time limit on silence."""

from __future__ import annotations

import asyncio

import pytest

from kmon_tui.live.silence import Silence


@pytest.mark.looptime
async def test_silence_after_a_word_ends_what_is_inside() -> None:
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with Silence(150.0) as silence:
            silence.heard()
            await asyncio.sleep(1000)

    assert asyncio.get_running_loop().time() - began_s == 150


@pytest.mark.looptime
async def test_whoever_goes_on_speaking_is_heard_for_ever() -> None:
    async with Silence(5.0) as silence:
        for _ in range(1000):
            silence.heard()
            await asyncio.sleep(0.5)


@pytest.mark.looptime
async def test_who_never_said_a_word_may_be_silent() -> None:
    async with Silence(5.0):
        await asyncio.sleep(1000)

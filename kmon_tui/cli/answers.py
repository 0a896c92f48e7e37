"""An answer of a one-shot on its two ways out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

from kmon_tui.cli import out
from kmon_tui.oneshot.get import Answer


def put(answer: Answer) -> int:
    """Write its data and say its words; give its exit code. Raises what `out.write` does."""
    if answer.text:
        out.write(answer.text)
    out.say(*answer.words)
    return answer.code


async def put_each(answers: AsyncGenerator[Answer, None]) -> int:
    """Put each answer as it comes, until there are no more or the reader goes away."""
    async with aclosing(answers):
        async for answer in answers:
            put(answer)
    return out.OK


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)

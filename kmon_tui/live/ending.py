"""Ends tasks of ours, without losing the wish that we end, too."""

from __future__ import annotations

import asyncio
from typing import Any


async def ended(*tasks: asyncio.Task[Any], but: tuple[type[Exception], ...] = ()) -> None:
    """Cancel tasks and wait for their end; what they fail with, which is a bug, is raised, ``but`` for these kinds.

    ``await task`` under ``suppress(CancelledError)`` would swallow a cancellation of whoever waits, and leave that
    running for ever: both look alike there.
    """
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (bug := task.exception()) is not None and not isinstance(bug, but):
            raise bug

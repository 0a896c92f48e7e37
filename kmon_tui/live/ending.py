"""Ends a task of ours, without losing the wish that we end, too."""

from __future__ import annotations

import asyncio


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; what it fails with, which is a bug, is raised.

    ``await task`` under ``suppress(CancelledError)`` would swallow a cancellation of whoever waits, and leave that
    running for ever: both look alike there.
    """
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled() and (bug := task.exception()) is not None:
        raise bug

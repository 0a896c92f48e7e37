"""A program that is run is ended whenever nobody waits for it any more, and so is all that it holds."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from kmon_tui.live.subprocesses import outcome


def children() -> set[str]:
    """Give the processes that this one has started and that are not gone."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[1] == str(os.getpid()):
            found.add(stat.parent.name)
    return found


def files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a Path for each of them opens more


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts what Linux lists in /proc")
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, 5, 6, 8, 12])
async def test_it_ends_when_nobody_waits_any_more_at_any_moment_of_its_beginning(turns: int) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    before, open_before = children(), files()

    task = asyncio.create_task(outcome(["sleep", "1000"], os.environ))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(5):
        while children() - before or files() > open_before:  # noqa: ASYNC110  # of the system, nothing tells
            await asyncio.sleep(0.01)
    assert complaints == []

"""A stream that fails is started again, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, Iterator

import pytest

from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.monitor.supervise import supervise


class Fleet:
    """A large value."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nobody comes by to clear circles away."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Watcher:
    """Streams one value and fails, and keeps the error."""

    def __init__(self) -> None:
        self.error: BackendError | None = None
        self.made: list[weakref.ref[Fleet]] = []

    async def fleets(self) -> AsyncGenerator[Fleet]:
        fleet = Fleet()
        self.made.append(weakref.ref(fleet))
        yield fleet
        try:
            try:
                raise OSError("connection refused")
            except OSError as error:
                raise Unreachable("the cluster is down") from error
        except BackendError as error:
            self.error = error
            raise


async def test_what_a_failed_stream_gave_is_free_at_once_although_its_error_is_kept(no_collector: None) -> None:
    watcher, told = Watcher(), asyncio.Event()
    task = asyncio.create_task(supervise(watcher.fleets, lambda _: None, lambda _: told.set()))
    await told.wait()
    await asyncio.sleep(0)

    assert watcher.error is not None and watcher.error.message == "the cluster is down"
    assert [fleet() for fleet in watcher.made] == [None]

    task.cancel()

"""Keeps the garbage collector from running while answers become rows and rows become numbers, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class PausedGc:
    """A context manager of one thread that pauses the collector, which is everybody's.

    Ten thousands of rows come and go in one job; a full collection in the midst
    of them would hold up the screen. While the thread waits for somebody else
    the pause is lifted: the rest of the program must not go without a collector for seconds.
    """

    def __init__(self) -> None:
        self._ours = False

    def __enter__(self) -> None:
        self._ours = gc.isenabled()
        gc.disable()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ours:
            gc.enable()
            self._ours = False

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Let the collector work while this is open; one that somebody else has paused stays so."""
        if not self._ours:
            yield
            return
        gc.enable()
        try:
            yield
        finally:
            self._ours = gc.isenabled()
            gc.disable()

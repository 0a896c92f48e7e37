"""Keeps the garbage collector from walking a big list again and again while it is being loaded."""

from __future__ import annotations

import gc
from types import TracebackType


def thaw() -> None:
    """Collect also what was set aside, once: what a context that was left held in circles is let go only so."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()


class QuietGc:
    """A context manager that pauses the collector until the last who entered it has left.

    What was loaded meanwhile is set aside until the context is left: a collector that walks it makes keys wait.
    What is loaded again is with the oldest only, as is then all that was set aside: old garbage may be among it.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._paused = self._loaded = False

    def __enter__(self) -> None:
        self._inside += 1
        if self._inside == 1 and gc.isenabled():
            gc.collect(1)  # what is garbage by now must not be set aside: nobody would collect it any more
            gc.disable()
            self._paused = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside -= 1
        if self._inside == 0 and self._paused:
            self._paused = False
            if kind is None:
                # A list that failed leaves tracebacks in circles, with all that they hold: a server that is down for
                # minutes would fill the memory with them.
                gc.freeze()
                if self._loaded:
                    gc.unfreeze()
                self._loaded = True
            gc.enable()


class Unpaused(QuietGc):
    """Leaves the collector alone: for what is little, and let go soon."""

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return

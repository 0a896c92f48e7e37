"""Gives up a search that would hold the keys: some regular expressions take years on a line of forty letters."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TOO_SLOW = "it takes too long on these lines: write it simpler, or as plain text"


class TooSlow(Exception):
    """The time is over."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlow in what is run within, once it has computed for so long; waiting does not count.

    The engine of ``re`` looks for signals while it searches, and lets itself be ended by one, which no thread and no
    timeout of the loop can do: it holds the interpreter. Signals come to the main thread alone; elsewhere, and on
    systems without this timer, nothing is limited.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGVTALRM"):
        yield
        return
    running = True

    def over(_signal: int, _frame: FrameType | None) -> None:
        if running:
            raise TooSlow

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)

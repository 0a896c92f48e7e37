"""How long one answer may take: who waits is told after some seconds, the question itself stays until it is answered.

Asking anew while a server may still be at work on the question before would give a slow one two of ours at once.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from kmon_tui.domain.errors import TimedOut
from kmon_tui.live.prometheus_answers import too_slow

CONNECT_S, SILENCE_S, WHOLE_ANSWER_S = 2.0, 5.0, 20.0
"""For a connection, for any word of an answer, and for all of it, before somebody who waits is told."""
SETTLE_S, LONGEST_SETTLE_S = 10.0, 60.0
"""Nothing is asked for so long of a server that was too slow, longer each time that it happens again."""

_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPALIVE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}
SOCKET_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEPALIVE.items()
        if hasattr(socket, name)
    ),
)
"""A machine that is gone is noticed within half a minute, a server that only thinks for long is not taken for gone."""
PATIENCE_S = 600.0 if hasattr(socket, "TCP_USER_TIMEOUT") else 150.0
"""After it a question is given up; a Prometheus stops by itself after two minutes, unless it was told otherwise."""


_LEFT: dict[str, float] = {}
"""Servers whose late answer nobody waits for any more, and until when they are left alone, by the monotonic clock."""
_BUSY: dict[str, float] = {}
"""Servers that may still work on a question that nobody wants the answer of, and until when: its ``timeout=``."""


class Turn:
    """What one job has of the thread: ``over`` once nobody waits for it any more."""

    __slots__ = ("over",)

    def __init__(self) -> None:
        self.over = False


class Pending:
    """The question that is on its way. Written in the thread, read by those who wait for it."""

    def __init__(self) -> None:
        self.opening: Callable[[], bool] = lambda: False
        """Whether the way to the server is only being opened, which has a limit of its own."""
        self._times: tuple[float, float] | None = None
        """When it was asked, and when something was heard last."""

    def begin(self) -> None:
        """A question is sent."""
        now_s = time.monotonic()
        self._times = (now_s, now_s)

    def heard(self) -> None:
        """A piece of the answer has come."""
        times = self._times
        if times is not None:
            self._times = (times[0], time.monotonic())

    def end(self) -> None:
        """The answer is there, or will never be."""
        self._times = None

    @property
    def asked_s(self) -> float | None:
        """When the question was asked that is on its way; None when none is."""
        times = self._times
        return times[0] if times is not None else None

    @property
    def overdue(self) -> bool:
        """Whether those who wait should wait no longer."""
        times = self._times
        if times is None:
            return False
        if self.opening():
            self.begin()
            return False
        now_s = time.monotonic()
        return now_s - times[1] > SILENCE_S or now_s - times[0] > WHOLE_ANSWER_S


class Manners:
    """Whether a server may be asked now."""

    def __init__(self, url: str, pending: Pending) -> None:
        self._url, self._pending = url, pending
        self._settle_s = SETTLE_S
        self._settled_s = _LEFT.pop(url, 0.0)
        self._free_s = _BUSY.pop(url, 0.0)
        self._told = False

    def leave(self) -> None:
        """Nobody waits any more; whoever asks this server next waits for a while, if it may still be at work."""
        if self._pending.overdue:
            _LEFT[self._url] = time.monotonic() + LONGEST_SETTLE_S
        elif (asked_s := self._pending.asked_s) is not None:
            _BUSY[self._url] = asked_s + SILENCE_S

    @property
    def busy_s(self) -> float:
        """How long the server may still work on what was asked before somebody asked anew, as with other matchers."""
        return max(0.0, self._free_s - time.monotonic())

    def answered(self) -> None:
        """An answer came in time."""
        self._settle_s = SETTLE_S

    def late(self) -> TimedOut | None:
        """Say what those are told who wait for an answer, or would ask anew; None: all is well."""
        now_s = time.monotonic()
        if not self._pending.overdue:
            self._told = False
            return too_slow(self._url, self._settled_s - now_s) if now_s < self._settled_s else None
        if not self._told:
            self._told = True
            self._settled_s = now_s + self._settle_s
            self._settle_s = min(LONGEST_SETTLE_S, 2 * self._settle_s)
        return too_slow(self._url, max(SILENCE_S, self._settled_s - now_s))

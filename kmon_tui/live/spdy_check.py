"""Whether the other side of a SPDY session still reads: it hands frames to five workers, each of which can get stuck.

All container runtimes use one library for this. A worker that holds bytes for a process that has gone waits for ever,
and with it every stream whose number gives the same rest; what the others carry goes on. Pings go round the workers.
"""

from __future__ import annotations

from collections import deque

from kmon_tui.wire.spdy import Ping

WORKERS = 5
DOUBT_S = 2.0
"""Pings that are not answered for so long say that a worker is stuck, or held up by a process that does not read."""
_LAST = 0x7FFFFFF0
_WAYS = 8
"""So many of the newest answers say how long the way is."""


def worker(stream: int) -> int:
    """Which worker of the other side gets the frames of a stream."""
    return stream % WORKERS


class Check:
    """One round of pings at a time, as many as there are workers."""

    def __init__(self) -> None:
        self._next = 1
        self._open: set[int] = set()
        self._since_s = 0.0
        self._again = False
        self._sent: tuple[int, float] | None = None
        self._ways: deque[float] = deque(maxlen=_WAYS)

    @property
    def way_s(self) -> float:
        """How long it takes to the other side and back; 0 until that is known."""
        return min(self._ways, default=0.0)

    def came_back(self, after_s: float) -> None:
        """Note how long an answer took that needs no work on the other side."""
        self._ways.append(after_s)

    def sign(self, now_s: float) -> Ping:
        """Give a ping that counts for nothing but a sign of life, and tells how long the way is."""
        ping = self._ping()
        self._sent = (ping.id, now_s)
        return ping

    def _ping(self) -> Ping:
        number, self._next = self._next, self._next % _LAST + 2
        return Ping(number)

    def begin(self, now_s: float) -> list[Ping]:
        """Give the pings of a round; none while one is open, which another then follows."""
        if self._open:
            self._again = True
            return []
        self._again = False
        self._since_s = now_s
        pings = [self._ping() for _ in range(WORKERS)]
        self._open = {ping.id for ping in pings}
        return pings

    def answered(self, number: int, now_s: float) -> bool:
        """Take an answer; True when it ends a round that another has to follow."""
        if self._sent is not None and self._sent[0] == number:
            self.came_back(now_s - self._sent[1])
            self._sent = None
        was_open = bool(self._open)
        self._open.discard(number)
        return was_open and not self._open and self._again

    def waits_s(self, now_s: float) -> float:
        """How long an answer has been missing; 0 when none is."""
        return now_s - self._since_s if self._open else 0.0

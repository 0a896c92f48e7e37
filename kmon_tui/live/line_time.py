"""How long a server took for one answer, from the last byte of the question to the last byte of the answer.

As the kernel saw it, where it tells: on a busy machine our own thread may look at an answer long after it came, and
that is no fault of the server. Elsewhere it is our own clock, less the time that this thread waited for a processor.
The way there and back is no fault of the server either, and no work for it: what is known of it is taken off.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LAST_SENT, _LAST_RECEIVED, _WAY = 44, 52, 68
"""Where Linux' ``struct tcp_info`` has how many milliseconds ago data was sent, and received, and how many microseconds
it takes to the other side and back."""
_SCHEDULED = Path("/proc/thread-self/schedstat")


class LineTime:
    """Measures one question. ``saw`` is called whenever a piece of the answer was read."""

    def __init__(self, aside_s: Callable[[], float] = lambda: 0.0) -> None:
        """``aside_s`` tells for how long all questions so far were on their way, where no kernel does."""
        self._began_s, self._waited_s, self._aside_s = time.monotonic(), _waited_s(), aside_s()
        self._aside = aside_s
        self._told_s: float | None = None

    def saw(self, one: Any) -> None:
        """Note what the kernel knows of this socket now; it may be closed with the last piece."""
        told_s = _of_kernel(one)
        if told_s is not None:
            self._told_s = told_s

    @property
    def exact(self) -> bool:
        """Whether the kernel told: our own clock may have had a bad moment."""
        return self._told_s is not None

    @property
    def took_s(self) -> float:
        """Give what it took so far."""
        if self._told_s is not None:
            return self._told_s
        waited_s, aside_s = _waited_s() - self._waited_s, self._aside() - self._aside_s
        return max(0.0, time.monotonic() - self._began_s - waited_s - aside_s)


def _of_kernel(one: Any) -> float | None:
    option = getattr(socket, "TCP_INFO", None)
    if option is None or not isinstance(one, socket.socket):
        return None
    try:
        info = one.getsockopt(socket.IPPROTO_TCP, option, 72)
    except OSError:
        return None  # no TCP, or closed
    if len(info) < _WAY + 4:
        return None
    sent, received, way = (struct.unpack_from("=I", info, at)[0] for at in (_LAST_SENT, _LAST_RECEIVED, _WAY))
    return max(0.0, (sent - received) / 1000 - way / 1e6) if sent >= received else None


def _waited_s() -> float:
    """Give for how long this thread could have run and was not let; 0 where nobody tells."""
    try:
        return int(_SCHEDULED.read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0

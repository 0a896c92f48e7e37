"""How long a server took for one answer, from the last byte of the question to the last byte of the answer.

As the kernel saw it, where it tells: on a busy machine our own thread may look at an answer long after it came, and
that is no fault of the server. Elsewhere it is our own clock, less the time that this thread waited for a processor.
"""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from typing import Any

_LAST_SENT, _LAST_RECEIVED = 44, 52
"""Where Linux' ``struct tcp_info`` has how many milliseconds ago data was sent, and received."""
_SCHEDULED = Path("/proc/thread-self/schedstat")


class LineTime:
    """Measures one question. ``saw`` is called whenever a piece of the answer was read."""

    def __init__(self) -> None:
        self._began_s, self._waited_s = time.monotonic(), _waited_s()
        self._told_s: float | None = None

    def saw(self, one: Any) -> None:
        """Note what the kernel knows of this socket now; it may be closed with the last piece."""
        told_s = _of_kernel(one)
        if told_s is not None:
            self._told_s = told_s

    @property
    def took_s(self) -> float:
        """Give what it took so far."""
        if self._told_s is not None:
            return self._told_s
        return max(0.0, time.monotonic() - self._began_s - (_waited_s() - self._waited_s))


def _of_kernel(one: Any) -> float | None:
    option = getattr(socket, "TCP_INFO", None)
    if option is None or not isinstance(one, socket.socket):
        return None
    try:
        info = one.getsockopt(socket.IPPROTO_TCP, option, 64)
    except OSError:
        return None  # no TCP, or closed
    if len(info) < _LAST_RECEIVED + 4:
        return None
    sent, received = (struct.unpack_from("=I", info, at)[0] for at in (_LAST_SENT, _LAST_RECEIVED))
    return (sent - received) / 1000 if sent >= received else None


def _waited_s() -> float:
    """Give for how long this thread could have run and was not let; 0 where nobody tells."""
    try:
        return int(_SCHEDULED.read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0

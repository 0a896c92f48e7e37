"""Join a local connection to one of a pod: whatever happens to one of the two happens to the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from kmon_tui.domain.errors import BackendError

OpenPod: TypeAlias = Callable[[asyncio.Protocol], Awaitable[asyncio.Transport]]
"""Opens a connection to the pod for a protocol; BackendError when there is no way."""
Ended: TypeAlias = Callable[[BackendError | None], None]

LOCAL_BUFFER = 512 * 1024


class Half(asyncio.Protocol):
    """One side of a relay: what it hears it does to the other side."""

    def __init__(self, ended: Ended | None = None) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None
        self.ended = False
        """Its peer has sent the end."""
        self._tell = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        other = self._others()
        if other is not None:
            other.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        other = self._others()
        if other is None or self.other is None:
            return False
        if self.other.ended:
            other.close()
            return False
        other.write_eof()
        return True

    def pause_writing(self) -> None:
        other = self._others()
        if other is not None:
            other.pause_reading()

    def resume_writing(self) -> None:
        other = self._others()
        if other is not None:
            other.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        other = self._others()
        if other is not None:
            # A side that goes without having sent its end was cut: its peer must not take that for an end.
            if exc is not None or not self.ended:
                reset(other)
            else:
                other.close()
        if self._tell is not None:
            self._tell(exc if isinstance(exc, BackendError) else None)

    def _others(self) -> asyncio.Transport | None:
        transport = self.other.transport if self.other is not None else None
        return None if transport is None or transport.is_closing() else transport


def reset(transport: asyncio.Transport) -> None:
    """End a connection so that its peer hears of a failure: a plain abort sends a TCP peer an orderly end."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # it is gone already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def relay(local: asyncio.Transport, open_pod: OpenPod, ended: Ended | None = None) -> None:
    """Open a connection to the pod for this local one and join the two; ``ended`` hears how the pod's side ended.

    Reading the local side ought to be paused; it is resumed when the pod's side is there. Raises BackendError when
    there is no way to the pod; the local side has been reset then.
    """
    near, far = Half(), Half(ended)
    near.other, far.other = far, near
    local.set_protocol(near)
    near.connection_made(local)
    local.set_write_buffer_limits(high=LOCAL_BUFFER)
    try:
        await open_pod(far)
    except BaseException:
        reset(local)
        raise
    if local.is_closing():
        if far.transport is not None:
            far.transport.abort()
    else:
        local.resume_reading()

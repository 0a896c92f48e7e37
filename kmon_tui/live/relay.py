"""Join a local connection to one of a pod: whatever happens to one of the two happens to the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from kmon_tui.domain.errors import BackendError
from kmon_tui.live.early import MOST, Early
from kmon_tui.live.pod_stream import NotConnected

OpenPod: TypeAlias = Callable[[asyncio.Protocol], Awaitable[asyncio.Transport]]
"""Opens a connection to the pod for a protocol; BackendError when there is no way."""
Ended: TypeAlias = Callable[[BackendError | None], None]

Elsewhere: TypeAlias = Callable[[BackendError, Callable[[], Early]], bool]
"""Hears that a pod never had the connection; True when it takes the local side, to join it with another pod."""

LOCAL_BUFFER = 512 * 1024


class Half(asyncio.Protocol):
    """One side of a relay: what it hears it does to the other side."""

    def __init__(self, ended: Ended | None = None, elsewhere: Elsewhere | None = None) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None
        self.ended = False
        """Its peer has sent the end."""
        self.full = False
        """Too much waits to be sent to its peer."""
        self.kept: list[bytes] | None = None
        """What it has heard, while that may have to be said again to another pod."""
        self._kept_size = 0
        self._tell = ended
        self._elsewhere = elsewhere

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        other = self._others()
        if other is not None:
            other.write(data)
        if self.kept is not None:
            self._keep(data)
        elif self.other is not None:
            self.other.kept = None  # the pod has answered

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
        self.full = True
        other = self._others()
        if other is not None:
            other.pause_reading()

    def resume_writing(self) -> None:
        self.full = False
        other = self._others()
        if other is not None:
            other.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if isinstance(exc, NotConnected) and self._again(exc):
            return
        other = self._others()
        if other is not None:
            # A side that goes without having sent its end was cut: its peer must not take that for an end.
            if exc is not None or not self.ended:
                reset(other)
            else:
                other.close()
        if self._tell is not None:
            self._tell(exc if isinstance(exc, BackendError) else None)

    def _keep(self, data: bytes) -> None:
        assert self.kept is not None
        self.kept.append(data)
        self._kept_size += len(data)
        if self._kept_size > MOST:
            self.kept = None

    def _again(self, error: NotConnected) -> bool:
        """Hand the other side over to be joined with another pod; False when it has to hear of the failure."""
        other, local = self.other, self._others()
        if self._elsewhere is None or other is None or other.kept is None or local is None:
            return False
        return self._elsewhere(error, lambda: Early.again(local, other.kept or [], other.ended))

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


def halves(ended: Ended | None = None, elsewhere: Elsewhere | None = None) -> tuple[Half, Half]:
    """Give the two sides of a relay, local and far; ``ended`` hears how the pod's side ended."""
    near, far = Half(), Half(ended, elsewhere)
    near.other, far.other = far, near
    near.kept = [] if elsewhere is not None else None
    return near, far


def join(local: Early, near: Half, far: Half) -> None:
    """Let the bytes flow: the pod's side is there."""
    if local.transport.is_closing():
        if far.transport is not None:
            far.transport.abort()
        return
    local.transport.set_write_buffer_limits(high=LOCAL_BUFFER)
    local.hand_over(near)
    if far.full and not local.transport.is_closing():
        local.transport.pause_reading()


async def relay(
    local: Early, open_pod: OpenPod, ended: Ended | None = None, elsewhere: Elsewhere | None = None
) -> None:
    """Open a connection to the pod for this local one and join the two; ``ended`` hears how the pod's side ended.

    Raises BackendError when there is no way to the pod; the local side has been reset then.
    """
    near, far = halves(ended, elsewhere)
    try:
        await open_pod(far)
    except BaseException:
        reset(local.transport)
        raise
    join(local, near, far)

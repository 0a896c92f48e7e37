"""The local end of a connection before the pod's end is there: what a client says at once is kept for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MOST = 64 * 1024
"""About so many bytes are kept."""


class Early(asyncio.Protocol):
    """Hands its connection over with what has come on it.

    Clients speak first, and at once: what they said then goes to the pod in one piece with the opening.
    """

    def __init__(self, arrived: Callable[[Early], None] | None = None) -> None:
        self._arrived = arrived
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._arrived is not None:
            self._arrived(self)

    @classmethod
    def again(cls, transport: asyncio.Transport, chunks: list[bytes], ended: bool) -> Early:
        """Give one that has heard this already, and takes the connection back."""
        early = cls()
        early._transport, early._chunks, early._ended = transport, chunks, ended
        early._size = sum(map(len, chunks))
        transport.set_protocol(early)
        return early

    @property
    def transport(self) -> asyncio.Transport:
        """The connection."""
        assert self._transport is not None
        return self._transport

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size >= MOST:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self._ended = True
        return True

    def hand_over(self, protocol: asyncio.Protocol) -> None:
        """Let another protocol hear all of it, and what comes from now on."""
        transport = self.transport
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._size >= MOST and not self._ended:
            transport.resume_reading()
        for chunk in self._chunks:
            protocol.data_received(chunk)
        self._chunks.clear()
        if self._ended and not transport.is_closing() and not protocol.eof_received():
            transport.close()

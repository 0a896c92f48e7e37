"""A chunked answer that faults can cut, slow down or silence."""

from __future__ import annotations

import asyncio
from types import TracebackType

from aiohttp import web

from kmon_tui.sandbox.apiserver.exchange import JSON, Exchange
from kmon_tui.sandbox.faults import Fault


class Stream:
    """Writes a chunked answer; leaving the block ends it. A client that goes away just ends the block's task."""

    def __init__(self, exchange: Exchange, content_type: str = JSON) -> None:
        headers = {"Content-Type": content_type, "Cache-Control": "no-cache, private"}
        self.response = web.StreamResponse(headers=headers)
        self.response.enable_chunked_encoding()
        self._request = exchange.request
        self._cut = _first(exchange, "cut")
        self._slow = _first(exchange, "slow")
        self._silent = _first(exchange, "silent")
        self._events_left = self._cut.after if self._cut else 0
        self._writes_left = self._silent.after if self._silent else 0

    async def __aenter__(self) -> Stream:
        await self.response.prepare(self._request)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None and self._silent is not None:
            # a connection that died unseen does not end either: only the client can leave it
            await asyncio.Event().wait()
        if error is None and not self.is_gone:
            await self.response.write_eof()
        return isinstance(error, ConnectionError)

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended."""
        return self._request.transport is None or self._request.transport.is_closing()

    async def write(self, data: bytes) -> None:
        """Write bytes, unless a fault keeps this stream silent."""
        if self._silent is not None:
            self._writes_left -= 1
            if self._writes_left < 0:
                return
        if self._slow is not None:
            await self._trickle(data, self._slow.amount)
        else:
            await self.response.write(data)

    async def write_events(self, lines: list[bytes]) -> None:
        """Write the lines of a watch; a cut strikes in the middle of the line after the last one let through."""
        if self._cut is None or len(lines) <= self._events_left:
            self._events_left -= len(lines)
            await self.write(b"".join(lines))
            return
        torn = lines[self._events_left]
        await self.write(b"".join(lines[: self._events_left]) + torn[: len(torn) // 2])
        self.abort()
        raise ConnectionResetError("cut by a fault")

    def abort(self) -> None:
        """Cut the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _trickle(self, data: bytes, bytes_per_s: float) -> None:
        step = max(1, int(bytes_per_s / 10))
        for start in range(0, len(data), step):
            await self.response.write(data[start : start + step])
            await asyncio.sleep(step / bytes_per_s)


def _first(exchange: Exchange, action: str) -> Fault | None:
    return next((fault for fault in exchange.faults if fault.action == action), None)

"""TLS over any stream of httpcore: asyncio's own start_tls takes nothing but sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import httpcore

T = TypeVar("T")
_PIECE = 64 * 1024


class TlsStream(httpcore.AsyncNetworkStream):
    """One connection that has shaken hands."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, host: str | None) -> None:
        self._inner = inner
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    @classmethod
    async def over(
        cls, inner: httpcore.AsyncNetworkStream, context: ssl.SSLContext, host: str | None, timeout: float | None
    ) -> TlsStream:
        """Shake hands. Raises httpcore's ConnectError or ConnectTimeout."""
        stream = cls(inner, context, host)
        try:
            async with asyncio.timeout(timeout):
                await stream._through(stream._tls.do_handshake)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except ssl.SSLError as error:
            raise httpcore.ConnectError(f"TLS: {_words(error)}") from error
        return stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come; empty at the end."""
        try:
            return await self._through(lambda: self._tls.read(max_bytes), timeout)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise httpcore.ReadError(f"TLS: {_words(error)}") from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        view = memoryview(buffer)
        while view:
            piece = view[:_PIECE]
            try:
                written = await self._through(lambda piece=piece: self._tls.write(piece), timeout)  # type: ignore[misc]  # the default binds the piece
            except ssl.SSLError as error:
                raise httpcore.WriteError(f"TLS: {_words(error)}") from error
            view = view[written:]

    async def aclose(self) -> None:
        """Close it; nobody waits for the other side."""
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks: the session, and whether bytes wait to be read."""
        return self._tls if info == "ssl_object" else self._inner.get_extra_info(info)

    async def _through(self, step: Callable[[], T], timeout: float | None = None) -> T:
        """Do a step of TLS, feeding it from the connection, and sending what it has to say."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush(timeout)
                came = await self._inner.read(_PIECE, timeout)
                if came:
                    self._in.write(came)
                else:
                    self._in.write_eof()
            else:
                await self._flush(timeout)
                return done

    async def _flush(self, timeout: float | None) -> None:
        if self._out.pending:
            await self._inner.write(self._out.read(), timeout)


def _words(error: ssl.SSLError) -> str:
    """Give the reason without the place in OpenSSL's source."""
    return (error.reason or str(error)).replace("_", " ").lower()

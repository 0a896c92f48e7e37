"""httpx over a tunnel: its connections are streams to a pod, and nothing listens on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from kmon_tui.domain.errors import BackendError
from kmon_tui.live.lean_httpx import httpx
from kmon_tui.live.pod_route import PodRoute
from kmon_tui.live.predict_tls import TlsStream

READ_LIMIT = 256 * 1024


class TunnelTransport(httpx.AsyncHTTPTransport):
    """Sends every request to the pod of a route, whatever host its URL names.

    A connection that fails raises the BackendError that the pod's side gave for it.
    """

    def __init__(self, route: PodRoute, most_connections: int) -> None:
        # The tunnel ends in the pod that the API server named: a certificate would prove nothing more.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(verify=context, trust_env=False)
        # httpx has no argument for it; its transport is a thin cover around this pool.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=most_connections,
            keepalive_expiry=30.0,
            network_backend=_Dialler(route),
        )


class _Dialler(httpcore.AsyncNetworkBackend):
    """Opens streams through the route in place of TCP connections."""

    def __init__(self, route: PodRoute) -> None:
        self._route = route

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the pod."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=READ_LIMIT, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            async with asyncio.timeout(timeout):
                stream = await self._route.open(protocol)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        return _Stream(reader, asyncio.StreamWriter(stream, protocol, reader, loop), self._route)

    async def sleep(self, seconds: float) -> None:
        """Wait before another try."""
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """One connection, as httpcore wants to use it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: PodRoute) -> None:
        self._reader, self._writer, self._route = reader, writer, route

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except BackendError:
            self._route.suspect()
            raise
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        if not buffer:
            return
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except BackendError:
            self._route.suspect()
            raise
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Close it; nobody waits for the other side."""
        self._writer.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Speak TLS from here on."""
        return await TlsStream.over(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Whether bytes wait to be read: httpcore asks this of idle connections, which ought to be silent."""
        return self._reader.at_eof() if info == "is_readable" else None

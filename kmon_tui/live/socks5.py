"""Connects through a SOCKS5 proxy (RFC 1928, user and password as in RFC 1929); names are looked up by the proxy.

Ours, for it is a page: kubectl's does the same, and of a library only this would be used.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from kmon_tui.domain.errors import Unreachable

SCHEMES = ("socks5", "socks5h")
PORT = 1080
_HINT = "Check HTTPS_PROXY, or proxy-url in the kubeconfig."
_VERSION, _CONNECT, _OPEN, _BY_PASSWORD, _NO_WAY = 5, 1, 0, 2, 255
_REFUSALS = (
    "",
    "it failed",
    "its rules forbid it",
    "no way to that network",
    "no way to that host",
    "nobody listens there",
    "it took too long",
    "it cannot connect",
    "it does not know such addresses",
)


class SocksConnector(aiohttp.TCPConnector):
    """Opens each connection through the proxy; TLS is spoken with the server behind it, under the usual name."""

    def __init__(self, proxy: str, **options: Any) -> None:
        super().__init__(**options, resolver=_AsItIs(), use_dns_cache=False)
        self._socks = proxy

    async def _wrap_create_connection(self, *args: Any, addr_infos: Any, timeout: Any, **options: Any) -> Any:
        host, port = addr_infos[0][4][:2]
        options.pop("req", None)
        options.pop("client_error", None)
        async with asyncio.timeout(timeout.sock_connect):
            through = await dial(self._socks, host, port)
            try:
                return await self._loop.create_connection(*args, **options, sock=through)
            except BaseException:
                through.close()
                raise


class _AsItIs(AbstractResolver):
    """Looks up nothing: that is for the proxy to do."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [{"hostname": host, "host": host, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Hold nothing."""


async def dial(proxy: str, host: str, port: int) -> socket.socket:
    """Give a socket that the proxy has connected to this host. Raises Unreachable in words, and OSError."""
    parts = urlsplit(proxy)
    loop = asyncio.get_running_loop()
    name = parts.hostname or ""
    try:
        family, kind, proto, _, address = (await loop.getaddrinfo(name, parts.port or PORT, type=socket.SOCK_STREAM))[0]
        through = socket.socket(family, kind, proto)
    except OSError as error:
        raise Unreachable("the proxy does not answer", _HINT) from error
    try:
        through.setblocking(False)
        try:
            await loop.sock_connect(through, address)
        except OSError as error:
            raise Unreachable("the proxy does not answer", _HINT) from error
        await _introduce(through, unquote(parts.username or ""), unquote(parts.password or ""))
        await _ask(through, host, port)
    except BaseException:
        through.close()
        raise
    return through


async def _introduce(through: socket.socket, user: str, password: str) -> None:
    loop = asyncio.get_running_loop()
    ways = bytes([_OPEN, _BY_PASSWORD] if user else [_OPEN])
    await loop.sock_sendall(through, bytes([_VERSION, len(ways)]) + ways)
    version, way = await _exactly(through, 2)
    if version != _VERSION:
        raise Unreachable("the proxy does not speak SOCKS5", _HINT)
    if way == _BY_PASSWORD and user:
        await loop.sock_sendall(through, b"\x01" + _short(user) + _short(password))
        if (await _exactly(through, 2))[1] != 0:
            raise Unreachable("the proxy refuses user and password", _HINT)
    elif way != _OPEN:
        raise Unreachable("the proxy wants to know who asks", "Write it as socks5://USER:PASSWORD@HOST:PORT.")


async def _ask(through: socket.socket, host: str, port: int) -> None:
    await asyncio.get_running_loop().sock_sendall(
        through, bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2)
    )
    _, answer, _, kind = await _exactly(through, 4)
    if answer != 0:
        why = _REFUSALS[answer] if answer < len(_REFUSALS) else f"error {answer}"
        raise Unreachable(f"the proxy refuses the way to {host}:{port}: {why}", _HINT)
    size = {1: 4, 4: 16}.get(kind) or (await _exactly(through, 1))[0]
    await _exactly(through, size + 2)


def _address(host: str) -> bytes:
    try:
        known = ip_address(host)
    except ValueError:
        return b"\x03" + _short(host.encode("idna").decode())
    return (b"\x01" if known.version == 4 else b"\x04") + known.packed


def _short(text: str) -> bytes:
    data = text.encode()
    if len(data) > 255:
        raise Unreachable("the proxy takes no name or password of more than 255 bytes", _HINT)
    return bytes([len(data)]) + data


async def _exactly(through: socket.socket, size: int) -> bytes:
    """Read so many bytes and not one more: what follows is the server's."""
    data = b""
    while len(data) < size:
        part = await asyncio.get_running_loop().sock_recv(through, size - len(data))
        if not part:
            raise Unreachable("the proxy closes the connection", _HINT)
        data += part
    return data

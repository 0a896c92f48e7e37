"""The port-forward endpoint of a pod: which protocol the client asks for, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import WSMsgType, hdrs, web

from kmon_tui.sandbox.kubelet.carry import Dial
from kmon_tui.sandbox.kubelet.channels import BASE64, BINARY, serve_channels
from kmon_tui.sandbox.kubelet.spdy import SpdyServer

TUNNEL = "SPDY/3.1+portforward.k8s.io"
UPGRADE = "SPDY/3.1"
STREAMS = "portforward.k8s.io"
_PROTOCOL_VERSION = "X-Stream-Protocol-Version"
_SWITCH = (
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    f"Upgrade: {UPGRADE}\r\n{_PROTOCOL_VERSION}: {STREAMS}\r\n\r\n"
).encode()


async def portforward(request: web.Request, dial: Dial, *, lets_go: bool = True) -> web.StreamResponse:
    """Serve one port-forward request for a pod that runs, until the client leaves; ``dial`` reaches the pod's ports.

    ``lets_go`` is told at SpdyServer.

    The path must be ``…/namespaces/NAMESPACE/pods/NAME/portforward``.
    """
    try:
        ports = [_uint16(text) for value in request.query.getall("ports", []) for text in value.split(",") if text]
    except ValueError as error:
        return _status(400, "BadRequest", f"cannot convert to []int32: {error}")
    if not _takes_anything(request):
        return web.Response(status=406, text="406: Not Acceptable\n\nAvailable representations: ")
    upgrade = request.headers.get(hdrs.UPGRADE, "")
    if upgrade.lower() == "websocket":
        return await _websocket(request, ports, dial, lets_go)
    if upgrade.upper() == UPGRADE:
        return await _upgrade(request, dial, lets_go)
    return _status(400, "BadRequest", "Upgrade request required")


def _takes_anything(request: web.Request) -> bool:
    """Tell what the API server asks of whoever connects, and of nobody else: that no form of the answer is wanted."""
    accepted = ",".join(request.headers.getall(hdrs.ACCEPT, ["*/*"])) or "*/*"
    return any(form.partition(";")[0].strip() == "*/*" for form in accepted.split(","))


async def _websocket(request: web.Request, ports: list[int], dial: Dial, lets_go: bool) -> web.StreamResponse:
    offered = [
        name.strip() for value in request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, []) for name in value.split(",")
    ]
    known = [name for name in offered if name in (TUNNEL, BINARY, BASE64)]
    if offered and not known:
        return web.Response(status=403)
    if TUNNEL not in known:
        if not ports:
            return web.Response(status=400, text='query parameter "port" is required\n')
        if 0 in ports:
            return web.Response(status=400, text='port "0" must be > 0\n')
    protocols = (TUNNEL,) if TUNNEL in known else tuple(known)
    socket = web.WebSocketResponse(protocols=protocols, max_msg_size=0, compress=False)
    await socket.prepare(request)
    try:
        if TUNNEL in known:
            await SpdyServer(_SocketLink(socket), dial, _pod(request), lets_go=lets_go).run()
        else:
            await serve_channels(socket, ports, dial, _pod(request))
    finally:
        await socket.close()
    return socket


async def _upgrade(request: web.Request, dial: Dial, lets_go: bool) -> web.StreamResponse:
    offered = [name.strip() for value in request.headers.getall(_PROTOCOL_VERSION, []) for name in value.split(",")]
    if not offered:
        return web.Response(status=400, text=f"unable to upgrade: {_PROTOCOL_VERSION} is required\n")
    if STREAMS not in offered:
        text = f"client supports [{' '.join(offered)}], server accepts [{STREAMS}]"
        return web.Response(
            status=403,
            headers={"X-Accepted-Stream-Protocol-Versions": STREAMS},
            text=f"unable to upgrade: unable to negotiate protocol: {text}\n",
        )
    link = _RawLink(request)
    try:
        await SpdyServer(link, dial, _pod(request), lets_go=lets_go).run()
    finally:
        link.close()
    return web.Response(status=101)


class _SocketLink:
    """SPDY frames in the binary messages of a WebSocket; where a message ends means nothing."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> bytes:
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                return b""
            if message.data:
                data: bytes = message.data
                return data

    async def send(self, data: bytes) -> None:
        await self._socket.send_bytes(data)


class _RawLink:
    """SPDY frames on the connection itself, which is taken away from the HTTP server."""

    def __init__(self, request: web.Request) -> None:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has left")
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=256 * 1024, loop=loop)
        protocol = _Taken(self._reader, request.protocol)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        self._writer.write(_SWITCH)

    async def receive(self) -> bytes:
        return await self._reader.read(256 * 1024)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


class _Taken(asyncio.StreamReaderProtocol):
    """Tells the HTTP server, which still counts the connection, when it is gone."""

    def __init__(self, reader: asyncio.StreamReader, before: asyncio.BaseProtocol) -> None:
        super().__init__(reader)
        self._before: Any = before

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._before.connection_lost(exc)


def _pod(request: web.Request) -> str:
    parts = request.path.split("/")
    return f"{parts[-4]}/{parts[-2]}"


def _uint16(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) > 65535:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _status(code: int, reason: str, message: str) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return web.json_response(body, status=code, headers={"Cache-Control": "no-cache, private"})

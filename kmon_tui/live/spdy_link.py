"""The way to a pod's ports: a WebSocket that tunnels SPDY where the server takes one, else a plain SPDY upgrade."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Protocol

import aiohttp

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, Unauthorized, Unreachable
from kmon_tui.live.credentials import Headers, Proof
from kmon_tui.live.kube_errors import FOREIGN, failure, translate
from kmon_tui.live.spdy_session import Link
from kmon_tui.live.transport import connector, http_proxy

TUNNEL = "SPDY/3.1+portforward.k8s.io"
"""Subprotocol of Kubernetes 1.30 and later."""
STREAMS = "portforward.k8s.io"
OPEN_S = 15.0
_READ = 256 * 1024


class Way(Protocol):
    """The authenticated way to one API server, as KubeClient is one."""

    @property
    def server(self) -> str:
        """URL without a slash at its end."""

    @property
    def server_hostname(self) -> str | None:
        """Name to expect in the certificate, when it is not the one in the URL."""

    @property
    def proxy(self) -> str | None:
        """URL of the proxy."""

    async def proof(self) -> Proof:
        """Give what proves who asks now."""

    async def refused(self, proof: Proof) -> bool:
        """Tell that a proof was refused; True when another one is worth a try."""

    async def ssl_context(self) -> ssl.SSLContext:
        """Give the TLS side of the way."""


async def open_link(way: Way, namespace: str, pod: str) -> Link:
    """Open a link to a pod. Raises BackendError with the reason of the server that refused it."""
    again = True
    while True:
        proof = await way.proof()
        try:
            async with asyncio.timeout(OPEN_S):
                return await _open(way, proof, namespace, pod)
        except Unauthorized:
            if not again or not await way.refused(proof):
                raise
            again = False
        except FOREIGN as error:
            raise translate(error, way.server) from error


async def _open(way: Way, proof: Proof, namespace: str, pod: str) -> Link:
    opening = connector(await way.ssl_context(), way.proxy, reused=False)
    session = aiohttp.ClientSession(connector=opening, cookie_jar=aiohttp.DummyCookieJar())
    try:
        return await _negotiate(way, session, proof, namespace, pod)
    except BaseException:
        await session.close()
        raise


async def _negotiate(way: Way, session: aiohttp.ClientSession, proof: Proof, namespace: str, pod: str) -> Link:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
    options: dict[str, Any] = {"proxy": http_proxy(way.proxy), "server_hostname": way.server_hostname}
    headers = Headers(proof.headers)
    headers["Accept"] = "*/*"  # the API server answers 406 to whoever wants a connection as JSON
    try:
        socket = await session.ws_connect(
            way.server + path,
            protocols=(TUNNEL,),
            headers=headers,
            max_msg_size=0,
            decode_text=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            **options,
        )
    except (aiohttp.WSServerHandshakeError, aiohttp.ServerDisconnectedError):
        pass  # as kubectl: whatever the reason, a plain upgrade may do, and its refusal has words
    else:
        if socket.protocol == TUNNEL:
            return SocketLink(socket, session, way.server)
        await socket.close()
    headers.update({"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": STREAMS})
    answer = await session.post(way.server + path, headers=headers, data=b"", allow_redirects=False, **options)
    if answer.status == 101 and answer.headers.get("Upgrade", "").upper() == "SPDY/3.1":
        return RawLink(answer, session, way.server)
    try:
        body = await answer.content.read(65536)
    finally:
        answer.close()
    raise _refusal(answer.status, answer.content_type, body, way.server, namespace, pod)


def _refusal(status: int, kind: str, body: bytes, server: str, namespace: str, pod: str) -> BackendError:
    """Say who refused and what would help; a forward needs a right of its own, which few people know."""
    error = failure(status, kind, body, server, f"create pods/portforward in namespace {namespace}")
    if isinstance(error, Forbidden):
        return Forbidden(
            error.message,
            f"Ask for the verbs create and get on pods/portforward in namespace {namespace}: see manifests/rbac.yaml.",
        )
    if isinstance(error, NotFound):
        if error.said and f'"{pod}"' not in error.said:  # a 404 of a pod that is there, as log_source knows, too
            return Unreachable(f"pod {namespace}/{pod}: {error.said}", "Is its node there and ready?")
        return NotFound(f"pod {namespace}/{pod} is gone", "Another pod may have taken its place.")
    if status >= 500 or status == 400:
        return Unreachable(error.message, "The API server cannot reach the pod's node now." if status >= 500 else "")
    return error


class SocketLink:
    """Frames in the binary messages of a WebSocket; where a message ends means nothing."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse[bool], session: aiohttp.ClientSession, server: str
    ) -> None:
        self._socket = socket
        self._session = session
        self._server = server

    async def receive(self) -> bytes:
        """The next bytes; empty when the other side has closed."""
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                if message.data:
                    data: bytes = message.data
                    return data
            elif message.type is aiohttp.WSMsgType.ERROR:
                raise Unreachable(f"the port-forward through {self._server} was cut: {message.data}")
            else:
                return b""

    async def send(self, data: bytes) -> None:
        """Write, then wait for room."""
        try:
            await self._socket.send_bytes(data)
        except FOREIGN as error:
            raise translate(error, self._server) from error

    async def close(self) -> None:
        """Close; may be called twice."""
        await self._socket.close()
        await self._session.close()


class RawLink:
    """Frames on the connection itself, which is taken away from the HTTP client."""

    def __init__(self, answer: aiohttp.ClientResponse, session: aiohttp.ClientSession, server: str) -> None:
        connection = answer.connection
        if connection is None or connection.transport is None or connection.protocol is None:
            raise Unreachable(f"the connection to {server} was cut")
        self._answer = answer
        self._session = session
        self._server = server
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=_READ, loop=loop)
        # What came together with the answer's head lies in the HTTP client: it hands that to any parser it is given.
        connection.protocol.set_parser(_First(self._reader), None)
        protocol = _Taken(self._reader, connection.protocol)
        connection.transport.set_protocol(protocol)
        protocol.connection_made(connection.transport)
        self._writer = asyncio.StreamWriter(connection.transport, protocol, self._reader, loop)

    async def receive(self) -> bytes:
        """The next bytes; empty when the other side has closed."""
        try:
            return await self._reader.read(_READ)
        except FOREIGN as error:
            raise translate(error, self._server) from error

    async def send(self, data: bytes) -> None:
        """Write, then wait for room."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except FOREIGN as error:
            raise translate(error, self._server) from error

    async def close(self) -> None:
        """Close; may be called twice."""
        self._writer.close()
        self._answer.close()
        await self._session.close()


class _First:
    """Takes over what the HTTP client has read already."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        """The reader hears of the end from the transport."""


class _Taken(asyncio.StreamReaderProtocol):
    """Tells the HTTP client, which still counts the connection, when it is gone."""

    def __init__(self, reader: asyncio.StreamReader, before: asyncio.Protocol) -> None:
        super().__init__(reader)
        self._before = before

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._before.connection_lost(exc)

"""A cluster of one pod, for tests of port-forward: a small API over TLS, the sandbox's kubelet, a TCP server."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web
from multidict import CIMultiDictProxy

from kmon_tui.sandbox.kubelet import portforward
from kmon_tui.sandbox.tls import Authority

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TOKEN = "a-token-of-the-test"
FORWARD = "/api/v1/namespaces/default/pods/iris-pod/portforward"
POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "iris-pod", "namespace": "default", "uid": "1", "labels": {"app": "iris"}},
    "spec": {"containers": [{"name": "kserve-container", "image": "iris", "ports": [{"containerPort": 8080}]}]},
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIP": "127.0.0.1"},
}
KINDS: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get", "list"]},
            {
                "name": "pods/portforward",
                "namespaced": True,
                "kind": "PodPortForwardOptions",
                "verbs": ["create", "get"],
            },
        ],
    },
    "/api/v1/namespaces/default/pods/iris-pod": POD,
}


@dataclass
class OnePod:
    """Where the API is, and what it refuses; ``serve`` is what listens on port 8080 of the pod."""

    url: str
    ssl: ssl.SSLContext
    kubeconfig: Path
    serve: Serve
    refuse_websocket: int = 0
    """Status with which a WebSocket upgrade is refused; 0: it is taken."""
    lets_go: bool = True
    """False: a container runtime of 2023, which leaves what it has not read of a connection that failed."""
    refuse: tuple[int, str] | None = None
    """Status and message with which any port-forward is refused."""
    gone: bool = False
    """The pod is deleted: its connections are cut, new ones and new forwards fail."""
    upgrades: list[str] = field(default_factory=list)
    """How each port-forward came: ``GET websocket``, ``POST spdy/3.1``."""
    headers: list[CIMultiDictProxy[str]] = field(default_factory=list)
    """Headers of each port-forward."""
    sessions: set[asyncio.Task[Any]] = field(default_factory=set)
    connections: int = 0

    def kill(self) -> None:
        """Delete the pod: whatever is forwarded to it ends now."""
        self.gone = True
        for session in self.sessions:
            session.cancel()


def status(code: int, message: str) -> web.Response:
    """Answer as an API server refuses."""
    reason = {403: "Forbidden", 404: "NotFound", 401: "Unauthorized"}.get(code, "InternalError")
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason}
    return web.json_response({**body, "code": code}, status=code)


@asynccontextmanager
async def one_pod(serve: Serve, folder: Path) -> AsyncGenerator[OnePod, None]:
    """Run it on loopback."""
    authority = Authority()
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    pod = OnePod("", trust, folder / "kubeconfig", serve)

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pod.connections += 1
        try:
            await pod.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has left: that is what some tests do
        finally:
            writer.close()
            pod.connections -= 1

    port_8080 = await asyncio.start_server(on_connection, "127.0.0.1", 0, limit=512 * 1024, backlog=1024)
    place = port_8080.sockets[0].getsockname()

    async def dial(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if port != 8080 or pod.gone:
            raise ConnectionRefusedError(111, "Connection refused")
        return await asyncio.open_connection(*place, limit=512 * 1024)

    async def forward(request: web.Request) -> web.StreamResponse:
        pod.upgrades.append(f"{request.method} {request.headers.get('Upgrade', '').lower()}")
        pod.headers.append(request.headers)
        if pod.gone:
            return status(404, 'pods "iris-pod" not found')
        if pod.refuse is not None:
            return status(*pod.refuse)
        if pod.refuse_websocket and request.headers.get("Upgrade", "").lower() == "websocket":
            return web.Response(status=pod.refuse_websocket, text="no websockets here")
        task = asyncio.current_task()
        assert task is not None
        pod.sessions.add(task)
        try:
            return await portforward(request, dial, lets_go=pod.lets_go)
        finally:
            pod.sessions.discard(task)

    async def read(request: web.Request) -> web.Response:
        found = KINDS.get(request.path)
        return web.json_response(found) if found else status(404, "the server could not find the requested resource")

    @web.middleware
    async def needs_token(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return status(401, "Unauthorized")
        answer: web.StreamResponse = await handler(request)
        return answer

    app = web.Application(middlewares=[needs_token])
    app.router.add_route("*", FORWARD, forward)
    app.router.add_get("/{path:.*}", read)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server_context(folder))
    await site.start()
    pod.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    pod.kubeconfig.write_text(json.dumps(kubeconfig(pod.url, folder / "ca.pem")))
    try:
        yield pod
    finally:
        for session in pod.sessions:
            session.cancel()
        await runner.cleanup()
        port_8080.close()


def kubeconfig(url: str, ca: Path) -> dict[str, Any]:
    """Give what kubectl needs to find the API."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "one", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "me"}}],
    }


async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Be the server of the recordings: one request, one answer, the end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(answer)
    await writer.drain()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, and the end after the end."""
    while chunk := await reader.read(256 * 1024):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()


async def until(look: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait until this holds; TimeoutError when it does not."""
    async with asyncio.timeout(timeout_s):
        while not look():  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.005)

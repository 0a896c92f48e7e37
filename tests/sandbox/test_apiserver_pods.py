"""What a pod is asked beyond its object: logs and port-forward."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import aiohttp
from aiohttp import web

from tests.sandbox.talk import MERGE, Talk, talking, trust

PODS = "/api/v1/namespaces/default/pods"


def put_pod(talk: Talk, *containers: str, **status: Any) -> None:
    talk.api.store.put(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p"},
            "spec": {"nodeName": "node-1", "containers": [{"name": name} for name in containers]},
            "status": {"phase": "Running", "podIP": "127.0.0.1", **status},
        }
    )


async def test_logs_are_the_lines_that_a_container_wrote() -> None:
    async with talking() as talk:
        put_pod(talk, "main")
        for number in range(3):
            talk.api.pods.logs.write("default", "p", "main", f"line {number}")
        everything = await talk.client.get(f"{PODS}/p/log")
        tail = await talk.client.get(f"{PODS}/p/log", params={"tailLines": "1"})

    assert everything.text == "line 0\nline 1\nline 2\n"
    assert tail.text == "line 2\n"


async def test_logs_are_followed() -> None:
    async with talking() as talk:
        put_pod(talk, "main")
        async with talk.client.stream("GET", f"{PODS}/p/log", params={"follow": "true"}) as response:
            lines = response.aiter_lines()
            talk.api.pods.logs.write("default", "p", "main", "first")
            first = await asyncio.wait_for(anext(lines), 5)
            talk.api.pods.logs.write("default", "p", "main", "second")
            second = await asyncio.wait_for(anext(lines), 5)

    assert (first, second) == ("first", "second")


async def test_of_two_containers_one_must_be_named() -> None:
    async with talking() as talk:
        put_pod(talk, "main", "proxy")
        response = await talk.client.get(f"{PODS}/p/log")

    assert response.status_code == 400
    assert response.json()["message"].endswith("choose one of: [main proxy]")


async def test_a_port_is_forwarded_to_the_pods_address() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello from the pod")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, talking() as talk:
        put_pod(talk, "main")
        url = f"{talk.api.url}{PODS}/p/portforward?ports={port}"
        headers = {"Authorization": f"Bearer {talk.api.token}"}
        connector = aiohttp.TCPConnector(ssl=trust(talk.sandbox))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.ws_connect(url, protocols=("v4.channel.k8s.io",), headers=headers) as socket,
        ):
            received = b""
            while len(received) < len(b"hello from the pod"):
                message = await socket.receive_bytes(timeout=5)
                if message[0] == 0 and message != b"\0" + struct.pack("<H", port):
                    received += message[1:]

    assert received == b"hello from the pod"


async def test_a_deleted_pod_takes_its_forwarded_connections_with_it() -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, talking() as talk:
        put_pod(talk, "main")
        url = f"{talk.api.url}{PODS}/p/portforward?ports={port}"
        headers = {"Authorization": f"Bearer {talk.api.token}"}
        connector = aiohttp.TCPConnector(ssl=trust(talk.sandbox))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.ws_connect(url, protocols=("v4.channel.k8s.io",), headers=headers) as socket,
        ):
            while await socket.receive_bytes(timeout=5) != b"\0x":
                pass
            talk.api.store.delete("", "pods", "default", "p")

            message = await socket.receive(timeout=5)

    assert message.type is aiohttp.WSMsgType.CLOSE


async def test_a_service_is_reached_through_the_server() -> None:
    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {request.path_qs}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", tell)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with talking() as talk:
            put_pod(talk, "main")
            await talk.client.patch(f"{PODS}/p", json={"metadata": {"labels": {"app": "a"}}}, headers=MERGE)
            metadata = {"name": "s", "namespace": "default"}
            spec = {"selector": {"app": "a"}, "ports": [{"name": "http", "port": 80, "targetPort": port}]}
            talk.api.store.put({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
            path = "/api/v1/namespaces/default/services"
            answered = await talk.client.get(f"{path}/s:http/proxy/v1/models", params={"q": "1"})
            refused = await talk.client.get(f"{path}/s:grpc/proxy/")
    finally:
        await runner.cleanup()

    assert answered.text == "GET /v1/models?q=1"
    assert refused.json()["message"] == 'no endpoints available for service "s"'

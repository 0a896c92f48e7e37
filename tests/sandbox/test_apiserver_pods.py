"""What a pod is asked beyond its object: logs and port-forward."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import aiohttp

from tests.sandbox.talk import Talk, talking, trust

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

"""A real kubectl forwards to a pod of the sandbox, in both protocols, and gets every byte."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e import tools
from tests.sandbox.one_pod import OnePod, echo, one_pod, until

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("websockets", ["true", "false"])]
BODY = os.urandom(8 * 1024 * 1024)


@asynccontextmanager
async def kubectl_forward(pod: OnePod, remote_port: int, websockets: str) -> AsyncGenerator[tuple[int, Path], None]:
    """Run ``kubectl port-forward`` and give its local port, and the file with its words on stderr."""
    home = pod.kubeconfig.parent
    words = home / "kubectl.err"
    environment = {**os.environ, "KUBECTL_PORT_FORWARD_WEBSOCKETS": websockets, "HOME": str(home)}
    with words.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(str(tools.kubectl()), "--kubeconfig", str(pod.kubeconfig)),
            *("port-forward", "--address", "127.0.0.1", "pod/iris-pod", f":{remote_port}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=environment,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", line)
        assert found, line + words.read_text()
        yield int(found[1]), words
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def echoed(port: int, body: bytes) -> bytes:
    """Send a body, half-close, and read until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        writer.write(body)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    answer = await reader.read()
    await sending
    writer.close()
    return answer


async def test_kubectl_carries_every_byte_of_many_connections(websockets: str, tmp_path: Path) -> None:
    async with one_pod(echo, tmp_path) as pod, kubectl_forward(pod, 8080, websockets) as (port, _):
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(echoed(port, BODY) for _ in range(3)))

        assert [hashlib.sha256(answer).digest() for answer in answers] == [hashlib.sha256(BODY).digest()] * 3
        assert pod.upgrades == ["GET websocket" if websockets == "true" else "POST spdy/3.1"]


async def test_kubectl_prints_why_a_port_refuses(websockets: str, tmp_path: Path) -> None:
    async with one_pod(echo, tmp_path) as pod, kubectl_forward(pod, 9999, websockets) as (port, words):
        await echoed(port, b"")

        await until(lambda: "connection refused" in words.read_text(), 10)
        assert "error forwarding port 9999 to pod default/iris-pod" in words.read_text()

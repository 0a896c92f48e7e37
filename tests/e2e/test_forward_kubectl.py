"""Our forward and kubectl's lead to the same pod of a sandbox and give the same bytes; ours outlives the pod."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.e2e import tools
from tests.live.forwarding import Cluster, cluster, held, model_pod, saying, service
from tests.sandbox.one_pod import echo

pytestmark = pytest.mark.e2e
BODY = os.urandom(4 * 1024 * 1024)


@asynccontextmanager
async def kubectl(where: Cluster, *words: str) -> AsyncGenerator[int, None]:
    """Run ``kubectl port-forward`` and give its local port."""
    process = await asyncio.create_subprocess_exec(
        *(str(tools.kubectl()), "--kubeconfig", str(where.sandbox.kubeconfig)),
        *("port-forward", "--address", "127.0.0.1", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HOME": str(where.sandbox.folder)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", line)
        assert found, line
        yield int(found[1])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def echoed(port: int) -> str:
    """Send a body and give the checksum of what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)

    async def send() -> None:
        writer.write(BODY)
        await writer.drain()

    sending = asyncio.create_task(send())
    answer = await reader.readexactly(len(BODY))
    await sending
    writer.close()
    return hashlib.sha256(answer).hexdigest()


@pytest.mark.parametrize(
    ("ours", "theirs"), [("pod/iris-1:8080", ("pod/iris-1", ":8080")), ("svc/front:80", ("svc/front", ":80"))]
)
async def test_both_give_the_same_bytes(ours: str, theirs: tuple[str, str]) -> None:
    async with cluster(tls=True) as where:
        await where.add(model_pod("iris-1", app="iris"), echo)
        where.store.put(service("front", selector={"app": "iris"}, ports=[{"port": 80, "targetPort": 8080}]))
        async with held(where, ours) as forward, kubectl(where, *theirs) as port:
            sums = {await echoed(forward.now.local_port), await echoed(port)}

    assert sums == {hashlib.sha256(BODY).hexdigest()}


async def test_ours_goes_on_where_kubectls_ends() -> None:
    async with cluster(tls=True) as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris") as forward, kubectl(where, "pod/iris-1", ":8080"):
            assert await forward.ask() == b"a"

            where.delete("iris-1")
            await where.add(model_pod("iris-2"), saying(b"b"))

            assert await forward.ask() == b"b"

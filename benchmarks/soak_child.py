"""Child program: a cluster whose pods give and take bytes with checksums; a line on stdin deletes a pod.

Prints its kubeconfig; ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import sys

from tests.live.forwarding import Cluster, cluster, model_pod

BLOCK = random.Random(7).randbytes(1 << 20)
PODS = {"steady-1": "steady", "victim-1": "victim", "victim-2": "victim", "deaf-1": "deaf"}
"""Pods and their models; nobody listens in that of the last one."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """GET /N gives N times the block; POST takes a body and answers with its SHA-256; the rest gets ``ok``."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        wanted = re.match(rb"GET /(\d+)", head)
        length = re.search(rb"Content-Length: (\d+)", head)
        if wanted:
            for _ in range(int(wanted[1])):
                writer.write(BLOCK)
                await writer.drain()
        elif length:
            writer.write(await _digest(reader, int(length[1])))
        else:
            writer.write(b"ok")
        await writer.drain()


async def _digest(reader: asyncio.StreamReader, left: int) -> bytes:
    digest = hashlib.sha256()
    while left:
        chunk = await reader.read(min(left, 1 << 18))
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest().encode()


async def main() -> None:
    """Run until stdin ends."""
    async with cluster(tls=True, within_s=600.0) as where:
        for name, model in PODS.items():
            await where.add(model_pod(name, model), None if model == "deaf" else serve)
        print(where.sandbox.kubeconfig, flush=True)
        await _obey(where)


async def _obey(where: Cluster) -> None:
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        where.delete(line)
        print("deleted", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

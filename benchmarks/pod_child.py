"""Child program: a cluster over TLS with one pod, whose port 8080 gives and takes as many bytes as it is asked to.

Prints its kubeconfig; ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import re
import sys

from benchmarks import objects
from tests.live.forwarding import cluster, model_pod

SERVICES = 200
BLOCK = bytes(1 << 20)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests of one connection: GET /N gives N MiB, POST takes a body, the rest gets ``ok``."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        wanted = re.match(rb"GET /(\d+)", head)
        length = re.search(rb"Content-Length: (\d+)", head)
        if wanted:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (int(wanted[1]) << 20))
            for _ in range(int(wanted[1])):
                writer.write(BLOCK)
                await writer.drain()
            continue
        left = int(length[1]) if length else 0
        while left:
            left -= len(await reader.read(min(left, 1 << 18)))
        writer.write(OK)
        await writer.drain()


async def main() -> None:
    """Run until stdin ends."""
    async with cluster(tls=True, within_s=900.0) as where:
        await where.add(model_pod("iris-pod"), serve)
        for number in range(SERVICES):
            where.store.put(objects.isvc(number))
        print(where.sandbox.kubeconfig, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())

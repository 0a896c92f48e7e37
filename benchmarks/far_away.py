"""A relay that makes a server on loopback far away: every byte takes its time each way, none is held back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def relay(port: int, round_trip_s: float) -> AsyncIterator[int]:
    """Relay to a port of 127.0.0.1; gives the port that is far away, or the port itself when it shall not be."""
    if not round_trip_s:
        yield port
        return

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The handshake of TCP is a round trip too.
        await asyncio.sleep(round_trip_s)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        ways = ((reader, there_writer), (there_reader, writer))
        try:
            await asyncio.gather(*(_one_way(source, sink, round_trip_s / 2) for source, sink in ways))
        except asyncio.CancelledError:
            # The relay ends. asyncio's own callback of this task (3.11) would print a traceback for it.
            writer.close()
            there_writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Pass on what comes, each piece ``delay_s`` after its arrival."""
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    passing = asyncio.create_task(_pass_on(pieces, writer))
    now_s = asyncio.get_running_loop().time
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            pieces.put_nowait((now_s() + delay_s, data))
    pieces.put_nowait((now_s() + delay_s, b""))
    await passing


async def _pass_on(pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    now_s = asyncio.get_running_loop().time
    with contextlib.suppress(ConnectionError):
        while True:
            due_s, data = await pieces.get()
            await asyncio.sleep(max(0.0, due_s - now_s()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    writer.close()

"""The older WebSocket port-forward, v4.channel.k8s.io: a pair of channels per port, no half-close."""

from __future__ import annotations

import asyncio
import base64
import binascii
import struct
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import WSMsgType, web

from kmon_tui.sandbox.kubelet.carry import Dial, Inbox, carry
from kmon_tui.sandbox.kubelet.outbox import Outbox

BINARY = "v4.channel.k8s.io"
BASE64 = "v4.base64.channel.k8s.io"
Channels: TypeAlias = Callable[[int, bytes], Awaitable[None]]


async def serve_channels(socket: web.WebSocketResponse, ports: list[int], dial: Dial, pod: str) -> None:
    """Forward these ports over one WebSocket, until all have ended or the client leaves.

    Channel 2i carries the data of port i, channel 2i+1 its error; the first message of each names the port.
    """
    outbox, send = _text_channels(socket) if socket.ws_protocol == BASE64 else _binary_channels(socket)
    writer = asyncio.create_task(outbox.run(), name=f"writer to a client of {pod}")
    inboxes = [Inbox() for _ in ports]
    for i, port in enumerate(ports):
        for channel in (2 * i, 2 * i + 1):
            await send(channel, struct.pack("<H", port))

    async def forward(i: int) -> None:
        reason = await carry(dial, ports[i], inboxes[i], lambda chunk: send(2 * i, chunk))
        if reason:
            await send(2 * i + 1, f"error forwarding port {ports[i]} to pod {pod}, uid : {reason}".encode())

    forwards = [asyncio.create_task(forward(i), name=f"forward {port} to {pod}") for i, port in enumerate(ports)]
    incoming = asyncio.create_task(_receive(socket, inboxes), name=f"client of {pod}")
    all_ended = asyncio.create_task(asyncio.wait(forwards), name=f"end of all forwards to {pod}")
    try:
        either: set[asyncio.Future[Any]] = {incoming, all_ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if all_ended.done():
            await outbox.flush()
    finally:
        tasks = [writer, incoming, all_ended, *forwards]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _receive(socket: web.WebSocketResponse, inboxes: list[Inbox]) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data:
            channel, chunk = message.data[0], memoryview(message.data)[1:]
        elif message.type is WSMsgType.TEXT and message.data:
            try:
                channel, chunk = ord(message.data[0]) - ord("0"), memoryview(base64.b64decode(message.data[1:]))
            except binascii.Error:
                return
        else:
            continue
        if chunk and channel % 2 == 0 and channel // 2 < len(inboxes):
            inbox = inboxes[channel // 2]
            inbox.put(chunk)
            await inbox.room()


def _binary_channels(socket: web.WebSocketResponse) -> tuple[Outbox, Channels]:
    outbox = Outbox(socket.send_bytes, join=False)

    async def send(channel: int, chunk: bytes) -> None:
        await outbox.put(bytes([channel]) + chunk)

    return outbox, send


def _text_channels(socket: web.WebSocketResponse) -> tuple[Outbox, Channels]:
    async def write(text: bytes) -> None:
        await socket.send_str(text.decode())

    outbox = Outbox(write, join=False)

    async def send(channel: int, chunk: bytes) -> None:
        await outbox.put(chr(ord("0") + channel).encode() + base64.b64encode(chunk))

    return outbox, send

"""The server of SPDY port-forwards: pairs of streams, each one connection to a port of the pod."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from kmon_tui.sandbox.kubelet.carry import Dial, Inbox, carry
from kmon_tui.sandbox.kubelet.outbox import Outbox
from kmon_tui.sandbox.kubelet.workers import Workers
from kmon_tui.wire.spdy import (
    Data,
    Encoder,
    Frame,
    Ping,
    ProtocolError,
    RstStream,
    SynReply,
    SynStream,
    data_head,
)
from kmon_tui.wire.spdy_parser import Parser

PAIR_S = 30.0
"""How long one stream of a pair waits for the other (kubelet, DefaultStreamCreationTimeout)."""


class Link(Protocol):
    """What carries the frames: a WebSocket or an upgraded connection."""

    async def receive(self) -> bytes:
        """The next bytes; empty at the end."""

    async def send(self, data: bytes) -> None:
        """Write, then wait for room; only one task at a time."""


@dataclass(slots=True, eq=False)
class _Pair:
    port: int
    data: int = 0
    error: int = 0
    inbox: Inbox = field(default_factory=Inbox)
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class SpdyServer:
    """One connection of one client to one pod, until the client leaves."""

    def __init__(self, link: Link, dial: Dial, pod: str, *, lets_go: bool = True) -> None:
        """``lets_go``: streams that failed are reset, as by the runtimes of today; containerd 1.6 left them unread."""
        self._lets_go = lets_go
        self._link = link
        self._dial = dial
        self._pod = pod
        """``namespace/name``, for the words of errors."""
        self._encoder = Encoder()
        self._outbox = Outbox(link.send, join=True)
        self._waiting: dict[str, _Pair] = {}
        """By requestid: pairs of which one stream has come."""
        self._pairs: dict[int, _Pair] = {}
        """By the number of each of its streams."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers = Workers()

    async def run(self) -> None:
        """Serve until the client leaves or sends what is no SPDY."""
        parser = Parser()
        self._tasks.add(asyncio.create_task(self._outbox.run(), name=f"writer to a client of {self._pod}"))
        try:
            while chunk := await self._link.receive():
                for frame in parser.feed(chunk):
                    if self._workers.take(frame):
                        await self._take(frame)
        except (ConnectionError, ProtocolError):
            return  # a kubelet drops such a connection without a word
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, frame: Frame) -> None:
        match frame:
            case Data():
                await self._data(frame)
            case SynStream():
                await self._open(frame)
            case RstStream(stream):
                await self._reset(stream)
            case Ping():
                await self._send(frame)
            case _:
                pass  # moby/spdystream does nothing on the others either

    async def _send(self, *frames: Frame) -> None:
        await self._outbox.put(*[self._encoder.encode(frame) for frame in frames])

    async def _data(self, frame: Data) -> None:
        pair = self._pairs.get(frame.stream)
        if pair is None or frame.stream != pair.data:
            return
        if frame.payload:
            pair.inbox.put(frame.payload)
        if frame.fin:
            pair.inbox.end()
        await pair.inbox.room()

    async def _open(self, frame: SynStream) -> None:
        kind, port = frame.headers.get("streamtype", ""), frame.headers.get("port", "")
        if kind not in ("data", "error") or not _is_port(port):
            await self._send(RstStream(frame.stream))
            return
        # kubectl before 1.2 sends no requestid: its data stream comes right after its error stream
        default = str(frame.stream if kind == "error" else frame.stream - 2)
        request_id = frame.headers.get("requestid", default)
        pair = self._waiting.get(request_id)
        if pair is None:
            pair = self._waiting[request_id] = _Pair(int(port))
            self._start(pair, request_id)
        self._pairs[frame.stream] = pair
        if kind == "error":
            pair.error = frame.stream
        else:
            pair.data = frame.stream
            if frame.fin:
                pair.inbox.end()
        if pair.data and pair.error:
            pair.complete.set()
        await self._send(SynReply(frame.stream))

    def _start(self, pair: _Pair, request_id: str) -> None:
        pair.task = asyncio.create_task(self._serve(pair, request_id), name=f"forward {request_id} to {self._pod}")
        self._tasks.add(pair.task)
        pair.task.add_done_callback(self._tasks.discard)

    async def _serve(self, pair: _Pair, request_id: str) -> None:
        try:
            try:
                async with asyncio.timeout(PAIR_S):
                    await pair.complete.wait()
            except TimeoutError:
                await self._fail(pair, f"request={request_id} timed out waiting for streams")
                return
            finally:
                self._waiting.pop(request_id, None)
            reason = await carry(self._dial, pair.port, pair.inbox, lambda chunk: self._send_data(pair.data, chunk))
            if reason:
                await self._fail(pair, f"error forwarding port {pair.port} to pod {self._pod}, uid : {reason}")
            else:
                await self._send(Data(pair.data, b"", fin=True), Data(pair.error, b"", fin=True))
        except ConnectionError:
            return  # the client has left: run() sees it too
        finally:
            if pair.data in self._pairs:
                self._workers.serves_no_more(pair.data, ended=pair.inbox.ended, unread=pair.inbox.unread)
            self._forget(pair)

    async def _send_data(self, stream: int, chunk: bytes) -> None:
        await self._outbox.put(data_head(stream, len(chunk)), chunk)

    async def _fail(self, pair: _Pair, text: str) -> None:
        frames: list[Frame] = [Data(pair.data, b"", fin=True)] if pair.data else []
        if pair.error:
            end = RstStream(pair.error) if self._lets_go else Data(pair.error, b"", fin=True)
            frames += (Data(pair.error, text.encode()), end)
        if self._lets_go:
            self._forget(pair)
        await self._send(*frames)

    async def _reset(self, stream: int) -> None:
        """The client gave one stream up: its connection to the pod ends, the others go on."""
        pair = self._pairs.get(stream)
        if pair is None or stream != pair.data:
            return
        self._forget(pair)
        if pair.task is not None:
            pair.task.cancel()
        if pair.error:
            await self._send(Data(pair.error, b"", fin=True))

    def _forget(self, pair: _Pair) -> None:
        self._pairs.pop(pair.data, None)
        self._pairs.pop(pair.error, None)
        pair.inbox.close()


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65536

"""One SPDY session to a pod: many connections over one link, each of them alone with its fate."""

from __future__ import annotations

import asyncio
from typing import Protocol

from kmon_tui.domain.errors import BackendError, TimedOut, Unreachable
from kmon_tui.live.pod_stream import MOST_UNREAD, PodStream, Unanswered
from kmon_tui.live.spdy_check import DOUBT_S, Check, worker
from kmon_tui.live.spdy_outgoing import Outgoing
from kmon_tui.live.turns import MOST_TURNS, Turns
from kmon_tui.wire.spdy import (
    Data,
    Encoder,
    Frame,
    GoAway,
    Ping,
    ProtocolError,
    RstStream,
    SynReply,
    SynStream,
    data_head,
)
from kmon_tui.wire.spdy_parser import Parser

PING_S = 10.0
SILENCE_S = 30.0
"""A link on which nothing came or went for so long, though a ping is unanswered, is dead."""
FULL_SILENCE_S = 120.0
"""The same while bytes of ours wait: a kubelet answers no ping while a process in the pod does not read."""
STALL_S = 1.0
STUCK_S = 0.25
"""A link that has taken no bytes for so long may be held up by a process that does not read."""
_PIECE = 32 * 1024
"""Longest DATA frame, as kubectl sends them."""
_HIGH, _LOW = 1024 * 1024, 256 * 1024
_LAST_ID = 0x7FFFFF00


class Link(Protocol):
    """What carries the frames: a WebSocket or an upgraded connection. Failures are BackendErrors."""

    async def receive(self) -> bytes:
        """The next bytes; empty when the other side has closed."""

    async def send(self, data: bytes) -> None:
        """Write, then wait for room."""

    async def close(self) -> None:
        """Close; may be called twice."""


class SpdySession:
    """Opens connections and carries them while ``run`` runs."""

    def __init__(self, link: Link, namespace: str, pod: str, *, alone: bool = False) -> None:
        """``alone``: nothing else wants the loop, so that no bytes need step aside."""
        self._most_turns = 0 if alone else MOST_TURNS
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._namespace, self._pod = namespace, pod
        self._encoder = Encoder()
        self._streams: dict[int, PodStream] = {}
        """By the numbers of both their streams."""
        self._next_id = 1
        self._next_request = 0
        self._out = Outgoing(link.send)
        self._writers_paused = False
        self._full: list[PodStream] = []
        self._moved_s = self._clock()
        """When something last came, or went after having waited for room."""
        self._stalled_s = -1e9
        self._check = Check()
        self._unanswered: dict[int, float] = {}
        """Numbers of streams that the other side has not said yes to, and when they were opened."""
        self._leaving = False
        self._over = asyncio.Event()
        """Nothing is open, and nothing more will be."""
        self.closed = False

    @property
    def accepting(self) -> bool:
        """May connections be opened here?"""
        doubted = self._check.waits_s(self._clock()) >= DOUBT_S
        return not (self.closed or self._leaving or doubted) and self._next_id < _LAST_ID

    @property
    def crowded(self) -> bool:
        """True while the link takes no bytes, and for some seconds after one reader held all the others up.

        New connections are better off elsewhere: a process that does not read holds up what comes behind.
        """
        now_s = self._clock()
        return now_s - self._out.sending_s > STUCK_S or now_s - self._stalled_s < 5.0

    @property
    def way_s(self) -> float:
        """How long it takes to the node of the pod and back; 0 until that is known."""
        return self._check.way_s

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._streams) // 2

    def open(self, port: int, protocol: asyncio.Protocol) -> PodStream:
        """Open a connection to a port; it may be written to at once. Raises Unreachable when the session is over."""
        if not self.accepting:
            raise Unreachable(f"the port-forward to pod {self._namespace}/{self._pod} is closed")
        error_id, data_id = self._next_id, self._next_id + 2
        request_id = str(self._next_request)
        self._next_id += 4
        self._next_request += 1
        stream = PodStream(self, error_id, data_id, protocol, port, f"{self._namespace}/{self._pod}")
        self._streams[error_id] = self._streams[data_id] = stream
        self._unanswered |= dict.fromkeys((error_id, data_id), self._clock())
        headers = {"port": str(port), "requestid": request_id}
        for opening in (
            SynStream(error_id, {"streamtype": "error", **headers}, fin=True),
            SynStream(data_id, {"streamtype": "data", **headers}),
        ):
            self._out.keep(self._encoder.encode(opening))
        # Not at once: what its owner has to say in this turn of the loop, or the next, goes in the same message.
        self._loop.call_soon(self._out.wake)
        protocol.connection_made(stream)
        if self._writers_paused:
            stream.pause_writing()
        return stream

    async def run(self) -> None:
        """Carry bytes until the link ends; then every connection has failed with the reason."""
        error: BackendError = Unreachable(f"the port-forward to pod {self._namespace}/{self._pod} was closed")
        helpers = [
            asyncio.create_task(self._write(), name=f"writer to {self._pod}"),
            asyncio.create_task(self._keep_alive(), name=f"keep-alive of {self._pod}"),
            asyncio.create_task(self._over.wait(), name=f"end of {self._pod}"),
        ]
        reader = asyncio.create_task(self._read(), name=f"reader of {self._pod}")
        try:
            done, _ = await asyncio.wait({reader, *helpers}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except BackendError as happened:
            error = happened
        finally:
            self.closed = True
            for task in (reader, *helpers):
                task.cancel()
            await asyncio.gather(reader, *helpers, return_exceptions=True)
            for stream in set(self._streams.values()):
                stream.fail(error)
            await self._link.close()

    def send_data(self, stream: int, data: bytes | bytearray | memoryview, fin: bool = False) -> None:
        """Queue bytes, in frames of at most 32 KiB."""
        if self.closed:
            return
        if not isinstance(data, bytes):
            data = bytes(data)
        if len(data) <= _PIECE:
            self._queue(data_head(stream, len(data), fin), data)
        else:
            view = memoryview(data)
            for at in range(0, len(view), _PIECE):
                piece = view[at : at + _PIECE]
                self._queue(data_head(stream, len(piece), fin and at + _PIECE >= len(view)), piece)
        if self._out.size > _HIGH and not self._writers_paused:
            self._writers_paused = True
            for each in set(self._streams.values()):
                each.pause_writing()

    def send_reset(self, *streams: int) -> None:
        """Queue RST_STREAM for each."""
        for stream in streams:
            self._send(RstStream(stream))

    def forget(self, stream: PodStream) -> None:
        """Hand nothing on to this stream any more."""
        for number in (stream.error_id, stream.data_id):
            self._streams.pop(number, None)
            self._unanswered.pop(number, None)
        if stream.sent:
            self._look()
        self._end_if_empty()

    def spoilt(self, stream: PodStream, *, surely: bool) -> None:
        """Hear that what this stream sent has nobody to read it: the worker that holds it is stuck for ever."""
        self._leaving = True
        for other in set(self._streams.values()) - {stream} if surely else ():
            if worker(other.data_id) == worker(stream.data_id):
                other.fail(Unreachable(f"{other.name}: its node carries nothing more, for another connection failed"))

    def too_much_unread(self, stream: PodStream) -> None:
        """Stop reading until this stream has room, or a second has passed."""
        if stream not in self._full:
            self._full.append(stream)

    def queued(self) -> int:
        """How many bytes wait to be sent."""
        return self._out.size

    def _send(self, frame: Frame) -> None:
        if not self.closed:
            self._queue(self._encoder.encode(frame))

    def _queue(self, *parts: bytes | memoryview) -> None:
        self._out.keep(*parts)
        self._out.wake()

    async def _write(self) -> None:
        turns = Turns(self._most_turns)
        while True:
            size, waited_s = await self._out.send_some()
            if waited_s > 0.001:
                self._moved_s = self._clock()
            if self._writers_paused and self._out.size < _LOW:
                self._writers_paused = False
                for stream in set(self._streams.values()):
                    stream.resume_writing()
            await turns.after(size)

    async def _read(self) -> None:
        parser, turns = Parser(), Turns(self._most_turns)
        while chunk := await self._link.receive():
            self._moved_s = self._clock()
            try:
                frames = parser.feed(chunk)
            except ProtocolError as error:
                raise Unreachable(f"the port-forward to pod {self._pod} sent what is no SPDY: {error}") from error
            for frame in frames:
                self._take(frame)
            while self._full:
                await self._wait_for(self._full.pop())
            await turns.after(len(chunk))

    def _take(self, frame: Frame) -> None:
        match frame:
            case Data(number, payload, fin):
                stream = self._streams.get(number)
                if stream is not None and number == stream.data_id:
                    stream.take_data(payload, fin)
                elif stream is not None:
                    stream.take_error(payload, fin)
            case SynReply(number, _, fin):
                if (opened_s := self._unanswered.pop(number, None)) is not None:
                    self._check.came_back(self._clock() - opened_s)
                if fin and (stream := self._streams.get(number)) is not None:
                    self._take(Data(number, b"", fin=True))
            case RstStream(number):
                if (stream := self._streams.get(number)) is not None:
                    stream.take_reset(number)
            case SynStream(number):
                self._send(RstStream(number))  # nobody opens streams towards a client of a port-forward
            case Ping(number):
                if number % 2 == 0:
                    self._send(frame)
                elif self._check.answered(number, self._clock()):
                    self._look()
            case GoAway():
                self._leaving = True
                self._end_if_empty()
            case _:  # settings, windows and headers say nothing in a port-forward
                pass

    async def _wait_for(self, stream: PodStream) -> None:
        self._stalled_s = self._clock()
        try:
            async with asyncio.timeout(STALL_S):
                await stream.room()
        except TimeoutError:
            message = f"{stream.name}: {MOST_UNREAD >> 20} MiB were not read for {STALL_S:.0f} s"
            stream.cut(TimedOut(message, "The local reader has stopped; only this connection was reset."))
        self._stalled_s = self._moved_s = self._clock()

    def _look(self) -> None:
        """Ask whether all workers of the other side still read, after a connection that may have stopped one."""
        pings = () if self.closed else self._check.begin(self._clock())
        for ping in pings:
            self._send(ping)
        if pings:
            self._loop.call_later(DOUBT_S, self._judge)

    def _judge(self) -> None:
        """Take back the openings that nobody answers; what is open stays, for a slow process looks the same."""
        if self.closed or not self._check.waits_s(self._clock()) >= DOUBT_S:
            return
        for stream in {self._streams[number] for number in self._unanswered}:
            stream.fail(Unanswered(f"{stream.name}: its node does not answer"))
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        if not self._streams and not self.accepting:
            self._over.set()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            limit_s = FULL_SILENCE_S if self._out.size else SILENCE_S
            if self._clock() - self._moved_s > limit_s:
                raise TimedOut(
                    f"the port-forward to pod {self._namespace}/{self._pod} has been silent for {limit_s:.0f} s"
                )
            self._send(self._check.sign(self._clock()))

"""A session's keep-alive, its leaving and its bad peers, in simulated time over a link that a test plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from kmon_tui.domain.errors import TimedOut, Unreachable
from kmon_tui.live.pod_stream import Unanswered
from kmon_tui.live.spdy_session import SpdySession
from kmon_tui.wire.spdy import Data, Encoder, Frame, GoAway, Ping, RstStream, SynReply, SynStream
from kmon_tui.wire.spdy_parser import Parser

pytestmark = pytest.mark.looptime


class Played:
    """A link whose other side is the test."""

    def __init__(self, answers_pings: bool = True) -> None:
        self.frames: list[Frame] = []
        self.closed = False
        self._answers_pings = answers_pings
        self._parser, self._encoder = Parser(), Encoder()
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._may_write = asyncio.Event()
        self._may_write.set()

    async def receive(self) -> bytes:
        return await self._incoming.get()

    async def send(self, data: bytes) -> None:
        for frame in self._parser.feed(data):
            self.frames.append(frame)
            if isinstance(frame, Ping) and self._answers_pings:
                self.say(frame)
        await self._may_write.wait()

    async def close(self) -> None:
        self.closed = True

    def say(self, *frames: Frame) -> None:
        """Let the other side send these."""
        for frame in frames:
            self._incoming.put_nowait(self._encoder.encode(frame))

    def say_bytes(self, data: bytes) -> None:
        """Let the other side send what is no frame."""
        self._incoming.put_nowait(data)

    def stop_taking(self) -> None:
        """Let the other side's buffers be full."""
        self._may_write.clear()

    def take_again(self) -> None:
        """Let the other side take bytes again."""
        self._may_write.set()


@asynccontextmanager
async def session_over(link: Played) -> AsyncGenerator[SpdySession, None]:
    session = SpdySession(link, "default", "iris")
    task = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def connected(session: SpdySession) -> asyncio.StreamReader:
    """Open a connection and give what reads it."""
    reader = asyncio.StreamReader()
    session.open(8080, asyncio.StreamReaderProtocol(reader))
    return reader


async def test_a_silent_link_is_given_up_and_says_so_to_every_connection() -> None:
    async with session_over(Played(answers_pings=False)) as session:
        reader = connected(session)

        with pytest.raises(TimedOut, match="pod default/iris has been silent for 30 s"):
            await reader.read()

    assert asyncio.get_running_loop().time() < 45


async def test_a_link_that_answers_pings_lives_on() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        await asyncio.sleep(3600)
        link.say(Data(3, b"late"))

        assert await reader.read(10) == b"late"
        numbers = [frame.id for frame in link.frames if isinstance(frame, Ping)]
        assert len(numbers) == len(set(numbers)) >= 300
        assert all(number % 2 for number in numbers)


async def test_a_link_whose_pod_does_not_read_is_waited_for_longer() -> None:
    link = Played(answers_pings=False)
    async with session_over(link) as session:
        reader = connected(session)
        await asyncio.sleep(1)
        link.stop_taking()
        stream = session.open(8080, asyncio.Protocol())
        stream.write(bytes(10_000_000))
        await asyncio.sleep(100)
        assert not session.closed

        with pytest.raises(TimedOut):
            await reader.read()

    assert asyncio.get_running_loop().time() < 150


async def test_a_peer_that_leaves_gets_no_new_connections_but_finishes_the_old() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        link.say(GoAway(3), Data(3, b"the rest", fin=True), Data(1, b"", fin=True))

        assert await reader.read() == b"the rest"
        assert not session.accepting
        with pytest.raises(Unreachable, match="is closed"):
            connected(session)


async def test_words_on_the_error_stream_win_over_an_end_that_came_before_them() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        link.say(Data(3, b"", fin=True), Data(1, b"the pod says no"), RstStream(1))

        with pytest.raises(Unreachable, match="the pod says no"):
            await reader.read()


async def test_an_end_without_the_error_streams_end_is_believed_after_a_moment() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        link.say(Data(3, b"all", fin=True))

        assert await reader.read() == b"all"

    assert asyncio.get_running_loop().time() < 1


async def test_a_reset_by_the_other_side_is_no_end() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        link.say(Data(3, b"half"), RstStream(3))

        with pytest.raises(Unreachable, match="port 8080 of pod default/iris was reset"):
            await reader.readexactly(5)


async def test_a_stream_that_the_other_side_opens_is_refused() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        link.say(SynStream(2, {"streamtype": "data"}), Data(3, b"x"))

        await reader.readexactly(1)
        await asyncio.sleep(0.1)

    assert RstStream(2) in link.frames


async def test_what_is_no_spdy_ends_the_session_in_words() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = connected(session)
        link.say_bytes(bytes.fromhex("80020006 00000004 00000001"))

        with pytest.raises(Unreachable, match="sent what is no SPDY: control frame of SPDY version 2"):
            await reader.read()
        await asyncio.sleep(0.1)

    assert link.closed


async def test_a_writer_waits_while_the_link_is_full_and_goes_on_after() -> None:
    link = Played()
    async with session_over(link) as session:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        writer = asyncio.StreamWriter(session.open(8080, protocol), protocol, reader, asyncio.get_running_loop())
        link.stop_taking()
        writer.write(bytes(3_000_000))
        draining = asyncio.create_task(writer.drain())
        await asyncio.sleep(1)
        assert not draining.done()

        link.take_again()
        await draining

    assert sum(len(frame.payload) for frame in link.frames if isinstance(frame, Data)) >= 2_500_000


async def asked_and_ended(session: SpdySession, link: Played) -> None:
    """Have a first connection that says something, and that the pod then ends."""
    reader = asyncio.StreamReader()
    stream = session.open(8080, asyncio.StreamReaderProtocol(reader))
    stream.write(b"a question")
    link.say(SynReply(1, {}), SynReply(3, {}), Data(3, b"", fin=True), Data(1, b"", fin=True))
    await reader.read()
    stream.close()


def pings(link: Played) -> list[Ping]:
    return [frame for frame in link.frames if isinstance(frame, Ping)]


async def test_a_link_that_answers_not_all_of_its_workers_pings_gets_no_new_connections_until_it_does() -> None:
    link = Played(answers_pings=False)
    async with session_over(link) as session:
        await asked_and_ended(session, link)
        connected(session)
        link.say(SynReply(5, {}), SynReply(7, {}))
        await asyncio.sleep(0.1)
        link.say(*pings(link)[:4])
        await asyncio.sleep(2)

        assert not session.accepting

        link.say(pings(link)[4])
        await asyncio.sleep(0.1)

        assert session.accepting


async def test_an_opening_that_a_stuck_link_never_answers_is_free_to_go_over_another() -> None:
    link = Played(answers_pings=False)
    async with session_over(link) as session:
        await asked_and_ended(session, link)
        reader = connected(session)

        with pytest.raises(Unanswered, match="its node does not answer"):
            await reader.read()

        await asyncio.sleep(0.1)
        assert link.closed  # nothing is open there, and nothing more will be


async def test_a_refusal_that_nobody_read_ends_those_that_wait_behind_it_and_no_others() -> None:
    link = Played()
    async with session_over(link) as session:
        readers = [connected(session) for _ in range(6)]  # their data streams: 3, 7, 11, 15, 19, 23
        stream = session._streams[3]
        stream.write(b"a question")
        link.say(Data(3, b"", fin=True), Data(1, b"dial tcp: connection refused"), Data(1, b"", fin=True))
        with pytest.raises(Unreachable, match="refused"):
            await readers[0].read()

        with pytest.raises(Unreachable, match="another connection failed"):
            await readers[5].read()
        link.say(Data(7, b"still here"))
        assert await readers[1].read(10) == b"still here"


async def test_how_long_the_way_is_is_told_by_answers_that_need_no_work() -> None:
    link = Played(answers_pings=False)
    async with session_over(link) as session:
        unknown = session.way_s
        stream = session.open(9090, asyncio.Protocol())
        await asyncio.sleep(0.3)
        link.say(SynReply(stream.data_id))
        await asyncio.sleep(0.1)
        opened = session.way_s
        await asyncio.sleep(9.65)
        ping = next(frame for frame in link.frames if isinstance(frame, Ping))
        link.say(ping)
        await asyncio.sleep(0.1)

        assert [unknown, opened, session.way_s] == pytest.approx([0.0, 0.3, 0.05])

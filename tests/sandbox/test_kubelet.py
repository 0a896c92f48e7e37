"""The sandbox's kubelet answers a port-forward as the recorded one did, frame for frame."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kmon_tui.wire.spdy import Data, Encoder, Frame
from kmon_tui.wire.spdy_parser import Parser
from tests.sandbox.one_pod import FORWARD, TOKEN, OnePod, answer_and_close, one_pod
from tests.wire.test_spdy import RECORDINGS, TITLES, frame_of, joined

CHANNELS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "portforward" / "portforward.json").read_text()
)
BEARER = {"Authorization": f"Bearer {TOKEN}"}
UPGRADE = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "portforward.k8s.io"}


def channels(why: str) -> dict[str, Any]:
    """Give the recording with this title."""
    return next(recording for recording in CHANNELS if recording["why"] == why)


@pytest.fixture
async def pod(tmp_path: Path) -> AsyncGenerator[OnePod, None]:
    async with one_pod(partial(answer_and_close, answer=b""), tmp_path) as pod:
        yield pod


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession, None]:
    async with aiohttp.ClientSession(headers=BEARER) as session:
        yield session


def by_stream(frames: list[Frame]) -> dict[int, list[Frame]]:
    """Give the frames of each stream in their order; between streams a kubelet's workers race."""
    streams: dict[int, list[Frame]] = {}
    for frame in frames:
        streams.setdefault(getattr(frame, "stream", 0), []).append(frame)
    return {number: joined(of_stream) for number, of_stream in streams.items()}


def answer_in(recording: dict[str, Any]) -> bytes:
    """Give what the pod's server answered on the first stream that got an answer."""
    answers: dict[int, bytes] = {}
    for line in recording["frames"]:
        if line["dir"] == "server" and line["frame"] == "DATA" and line["stream"] % 4 == 3:
            stream = line["stream"]
            answers[stream] = answers.get(stream, b"") + base64.b64decode(line["data_base64"])
    return next((answer for answer in answers.values() if answer), b"")


def here(frame: Frame) -> Frame:
    """Give the frame with the address of this test's pod in place of the recorded one."""
    if isinstance(frame, Data):
        return Data(frame.stream, bytes(frame.payload).replace(b"127.0.0.5", b"127.0.0.1"), frame.fin)
    return frame


async def replay(recording: dict[str, Any], link: Any) -> None:
    """Send the recorded client's frames, each after the server's earlier ones have come, and compare."""
    encoder, parser = Encoder(), Parser()
    expected: list[Frame] = []
    seen: list[Frame] = []

    async def wait_for_server() -> None:
        async with asyncio.timeout(5):
            while by_stream(seen) != by_stream(expected):
                seen.extend(parser.feed(await link.receive()))

    for line in recording["frames"]:
        if line["dir"] == "server":
            expected.append(here(frame_of(line)))
        else:
            await wait_for_server()
            await link.send(encoder.encode(frame_of(line)))
    await wait_for_server()


class Raw:
    """A plain upgrade, by hand: the head of the answer, then frames."""

    def __init__(self, pod: OnePod) -> None:
        self._pod = pod
        self.head: list[str] = []

    async def open(self) -> None:
        host, port = self._pod.url.removeprefix("https://").split(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port), ssl=self._pod.ssl)
        headers = {"Host": host, "Content-Length": "0", **BEARER, **UPGRADE}
        lines = [f"POST {FORWARD} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:-1]

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> bytes:
        return await self.reader.read(65536)


class Socket:
    """The same frames in a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self._socket = socket

    async def send(self, data: bytes) -> None:
        await self._socket.send_bytes(data)

    async def receive(self) -> bytes:
        return await self._socket.receive_bytes()


@pytest.mark.parametrize("recording", RECORDINGS[:7], ids=TITLES[:7])
async def test_a_plain_upgrade_is_served_as_recorded(recording: dict[str, Any], pod: OnePod) -> None:
    pod.serve = partial(answer_and_close, answer=answer_in(recording))
    raw = Raw(pod)
    await raw.open()

    await replay(recording, raw)

    assert raw.head == recording["response_head"]
    raw.writer.close()


@pytest.mark.parametrize("recording", RECORDINGS[7:], ids=TITLES[7:])
async def test_a_tunnel_is_served_as_recorded(
    recording: dict[str, Any], pod: OnePod, session: aiohttp.ClientSession
) -> None:
    pod.serve = partial(answer_and_close, answer=answer_in(recording))

    async with session.ws_connect(pod.url + FORWARD, protocols=[recording["negotiated"]], ssl=pod.ssl) as socket:
        await replay(recording, Socket(socket))

    assert socket.protocol == recording["negotiated"]


WITH_FRAMES = [recording for recording in CHANNELS if len(recording["frames"]) > 1]


@pytest.mark.parametrize("recording", WITH_FRAMES, ids=[recording["why"] for recording in WITH_FRAMES])
async def test_the_older_channels_are_served_as_recorded(
    recording: dict[str, Any], pod: OnePod, session: aiohttp.ClientSession
) -> None:
    asked = recording["request"]
    answer = b"".join(
        base64.b64decode(line["data_base64"])
        for line in recording["frames"]
        if line["dir"] == "server" and line["channel"] == 0
    )[2:]
    pod.serve = partial(answer_and_close, answer=answer)
    expected: dict[int, bytes] = {}
    seen: dict[int, bytes] = {}

    async with session.ws_connect(
        f"{pod.url}{FORWARD}?{asked['query']}", protocols=asked["subprotocols"], ssl=pod.ssl
    ) as socket:
        for line in recording["frames"]:
            data = base64.b64decode(line["data_base64"])
            if line["dir"] == "server":
                data = data.replace(b"127.0.0.5", b"127.0.0.1")
                expected[line["channel"]] = expected.get(line["channel"], b"") + data
                continue
            await take_until(socket, seen, lambda: seen == expected)
            if not socket.closed:
                await socket.send_bytes(bytes([line["channel"]]) + data)
        await take_until(socket, seen, lambda: False)

    assert seen == expected
    assert (socket.protocol, socket.close_code) == (recording["response"].get("subprotocol", "v4.channel.k8s.io"), 1000)


async def take_until(
    socket: aiohttp.ClientWebSocketResponse[bool], seen: dict[int, bytes], done: Callable[[], bool]
) -> None:
    """Receive until this holds, or the server closes."""
    async with asyncio.timeout(5):
        while not done() and not socket.closed:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                seen[message.data[0]] = seen.get(message.data[0], b"") + message.data[1:]


@pytest.mark.parametrize("why", ["only v5 offered", "no ports", "a port that is no number"])
async def test_what_the_recorded_server_refused_is_refused(
    why: str, pod: OnePod, session: aiohttp.ClientSession
) -> None:
    recorded = channels(why)
    asked = recorded["request"]
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": ",".join(asked["subprotocols"]),
    }

    async with session.get(f"{pod.url}{FORWARD}?{asked['query']}", headers=headers, ssl=pod.ssl) as answer:
        text = await answer.text()

    assert answer.status == recorded["response"]["status"]
    expected = recorded["response"]["body"]
    assert json.loads(text) == json.loads(expected) if expected.startswith("{") else text == expected


async def test_the_base64_channels_carry_the_same(pod: OnePod, session: aiohttp.ClientSession) -> None:
    pod.serve = partial(answer_and_close, answer=b"hello")
    seen = b""

    protocols = ["v4.base64.channel.k8s.io"]
    async with session.ws_connect(f"{pod.url}{FORWARD}?ports=8080", protocols=protocols, ssl=pod.ssl) as socket:
        await socket.send_str("0" + base64.b64encode(b"GET / HTTP/1.0\r\n\r\n").decode())
        async for message in socket:
            if message.data.startswith("0"):
                seen += base64.b64decode(message.data[1:])

    assert seen == b"\x90\x1fhello"


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({}, 400, "Upgrade request required"),
        ({**UPGRADE, "X-Stream-Protocol-Version": "v9"}, 403, "client supports [v9], server accepts [portforward"),
        ({"Connection": "Upgrade", "Upgrade": "SPDY/3.1"}, 400, "X-Stream-Protocol-Version is required"),
    ],
)
async def test_a_post_that_is_no_upgrade_is_refused_in_words(
    headers: dict[str, str], status: int, words: str, pod: OnePod, session: aiohttp.ClientSession
) -> None:
    async with session.post(pod.url + FORWARD, headers=headers, ssl=pod.ssl) as answer:
        assert (answer.status, words in await answer.text()) == (status, True)


async def test_a_stream_without_a_port_is_reset_and_the_rest_lives_on(
    pod: OnePod, session: aiohttp.ClientSession
) -> None:
    odd = {
        "frames": [
            {"dir": "client", "frame": "SYN_STREAM", "stream": 1, "flags": 0, "headers": {"streamtype": "data"}},
            {"dir": "server", "frame": "RST_STREAM", "stream": 1, "status": 5},
            {"dir": "client", "frame": "PING", "payload_hex": "00000001"},
            {"dir": "server", "frame": "PING", "payload_hex": "00000001"},
        ]
    }

    async with session.ws_connect(pod.url + FORWARD, protocols=["SPDY/3.1+portforward.k8s.io"], ssl=pod.ssl) as socket:
        await replay(odd, Socket(socket))


async def test_bytes_that_are_no_frames_end_the_connection_and_nothing_else(pod: OnePod) -> None:
    raw = Raw(pod)
    await raw.open()

    await raw.send(bytes.fromhex("ffff0001 00000000"))

    async with asyncio.timeout(5):
        assert await raw.receive() == b""
    again = Raw(pod)
    await again.open()
    await again.send(Encoder().encode(Data(1, b"x")))
    again.writer.close()
    raw.writer.close()

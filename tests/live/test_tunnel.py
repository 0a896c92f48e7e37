"""The tunnel to one pod: every byte, many connections, and one failure that stays one failure."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound, TimedOut, Unauthorized, Unreachable
from kmon_tui.domain.fleet import Place
from kmon_tui.live.access import Access, Endpoint, Login
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.tunnel import PodTunnel
from kmon_tui.settings import Secret
from tests.sandbox.one_pod import TOKEN, OnePod, answer_and_close, echo, one_pod, until

MB = 1024 * 1024


@asynccontextmanager
async def way_to(
    pod: OnePod, token: str = TOKEN, impersonate: tuple[tuple[str, str], ...] = (), proxy: str = ""
) -> AsyncGenerator[KubeClient, None]:
    """Give the same client that asks the API for everything else."""
    ca = pod.kubeconfig.parent / "ca.pem"
    endpoint = Endpoint(pod.url, ca_file=ca, proxy=Secret(proxy) if proxy else None)
    client = KubeClient(Access(Place(), endpoint, Login(token=Secret(token), impersonate=impersonate)))
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def tunnel_to(pod: OnePod) -> AsyncGenerator[PodTunnel, None]:
    """Give a tunnel to the pod."""
    async with way_to(pod) as way, PodTunnel(way, "default", "iris-pod") as tunnel:
        yield tunnel


@pytest.fixture(params=["websocket", "plain"])
async def pod(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[OnePod, None]:
    async with one_pod(echo, tmp_path) as pod, asyncio.timeout(60):
        pod.refuse_websocket = 0 if request.param == "websocket" else 502
        yield pod


@pytest.fixture
async def plain_pod(tmp_path: Path) -> AsyncGenerator[OnePod, None]:
    async with one_pod(echo, tmp_path) as pod, asyncio.timeout(60):
        yield pod


async def echoed(tunnel: PodTunnel, body: bytes) -> bytes:
    """Send a body, half-close, read to the end."""
    reader, writer = await tunnel.connect(8080)

    async def send() -> None:
        for at in range(0, len(body), 100_000):
            writer.write(body[at : at + 100_000])
            await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    answer = await reader.read()
    await sending
    writer.close()
    return answer


async def answered(tunnel: PodTunnel, body: bytes) -> bytes:
    """Send a letter and a body and read as much as the body, without a half-close.

    After that a kubelet with containerd would cut whatever takes longer than a second.
    """
    reader, writer = await tunnel.connect(8080)
    writer.write(body)
    answer, _ = await asyncio.gather(reader.readexactly(len(body) - 1), writer.drain())
    writer.close()
    return answer


async def test_bytes_go_there_and_come_back(pod: OnePod) -> None:
    async with tunnel_to(pod) as tunnel:
        reader, writer = await tunnel.connect(8080)
        writer.write(b"hello")

        assert await reader.readexactly(5) == b"hello"

        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_websocket_is_asked_for_first_and_a_plain_upgrade_when_it_is_refused(pod: OnePod) -> None:
    async with tunnel_to(pod) as tunnel:
        await echoed(tunnel, b"x")

    expected = ["GET websocket"] if not pod.refuse_websocket else ["GET websocket", "POST spdy/3.1"]
    assert pod.upgrades == expected


async def test_a_hundred_megabytes_come_whole_in_both_directions(pod: OnePod) -> None:
    body = os.urandom(MB) * 100

    async with tunnel_to(pod) as tunnel:
        answer = await echoed(tunnel, body)

    assert hashlib.sha256(answer).digest() == hashlib.sha256(body).digest()


async def test_three_hundred_connections_share_one_link(pod: OnePod) -> None:
    bodies = [os.urandom(20_000) for _ in range(300)]

    async with tunnel_to(pod) as tunnel:
        answers = await asyncio.gather(*(echoed(tunnel, body) for body in bodies))
        await until(lambda: tunnel.connections == 0)

        assert answers == bodies
        assert tunnel.links == 1


async def test_an_answer_that_ends_with_the_connection_is_read_to_its_end(pod: OnePod) -> None:
    pod.serve = lambda reader, writer: answer_and_close(reader, writer, b"x" * MB)

    async with tunnel_to(pod) as tunnel:
        reader, writer = await tunnel.connect(8080)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")

        assert len(await reader.read()) == MB
        writer.close()


async def test_a_port_that_refuses_says_why_and_the_others_live_on(pod: OnePod) -> None:
    async with tunnel_to(pod) as tunnel:
        good_reader, good_writer = await tunnel.connect(8080)
        reader, writer = await tunnel.connect(9999)

        with pytest.raises(Unreachable, match=r"error forwarding port 9999 .* connection refused") as refused:
            await reader.read()

        assert refused.value.hint == "Nothing listens on that port in the pod."
        writer.close()
        good_writer.write(b"still here")
        assert await good_reader.readexactly(10) == b"still here"
        assert tunnel.links == 1
        good_writer.close()


async def test_a_client_that_aborts_in_mid_download_leaves_no_wedge(pod: OnePod) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) == b"x":
            while True:
                writer.write(bytes(65536))
                await writer.drain()
        writer.write(b"fine")
        await writer.drain()

    pod.serve = flood
    async with tunnel_to(pod) as tunnel:
        reader, writer = await tunnel.connect(8080)
        writer.write(b"x")
        await reader.readexactly(MB)
        writer.transport.abort()

        await until(lambda: pod.connections == 0)
        reader, writer = await tunnel.connect(8080)
        writer.write(b"y")
        assert await reader.readexactly(4) == b"fine"
        writer.close()


async def test_a_reader_that_stops_is_reset_and_the_others_lose_no_byte(pod: OnePod) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) == b"x":
            for _ in range(400):
                writer.write(bytes(65536))
                await writer.drain()
        await echo(reader, writer)

    pod.serve = serve
    async with tunnel_to(pod) as tunnel:
        stalled_reader, stalled_writer = await tunnel.connect(8080)
        stalled_writer.write(b"x")

        answers = await asyncio.gather(*(answered(tunnel, b"y" + bytes(5 * MB)) for _ in range(5)))

        assert [len(answer) for answer in answers] == [5 * MB] * 5
        with pytest.raises(TimedOut, match="8 MiB were not read for 1 s"):
            while await stalled_reader.read(MB):
                await until(lambda: stalled_reader.exception() is not None)


async def test_new_connections_go_round_a_link_that_a_slow_reader_holds_up(plain_pod: OnePod) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) == b"x":
            writer.write(bytes(40 * MB))
            await writer.drain()
        await echo(reader, writer)

    plain_pod.serve = serve
    async with tunnel_to(plain_pod) as tunnel:
        reader, writer = await tunnel.connect(8080)
        writer.write(b"x")
        with pytest.raises(TimedOut):
            await until(lambda: reader.exception() is not None)
            await reader.read()

        assert await echoed(tunnel, b"y" + b"quick") == b"quick"
        assert tunnel.links == 2


async def test_a_deleted_pod_ends_every_connection_with_the_reason(pod: OnePod) -> None:
    async with tunnel_to(pod) as tunnel:
        pairs = [await tunnel.connect(8080) for _ in range(5)]
        for reader, writer in pairs:
            writer.write(b"a")
            await reader.readexactly(1)

        pod.kill()

        for reader, _ in pairs:
            with pytest.raises(Unreachable, match="pod default/iris-pod"):
                await reader.read()
        await until(lambda: tunnel.links == 0)
        with pytest.raises(NotFound, match="pod default/iris-pod is gone"):
            await tunnel.connect(8080)


async def test_a_link_that_was_cut_is_opened_anew_by_the_next_connection(pod: OnePod) -> None:
    async with tunnel_to(pod) as tunnel:
        await echoed(tunnel, b"a")
        for session in pod.sessions:
            session.cancel()
        await until(lambda: tunnel.links == 0)

        assert await echoed(tunnel, b"b") == b"b"


async def test_forbidden_says_which_right_is_missing_and_is_not_asked_again(plain_pod: OnePod) -> None:
    plain_pod.refuse = 403, 'pods "iris-pod" is forbidden: User "viewer" cannot create resource "pods/portforward"'

    async with tunnel_to(plain_pod) as tunnel:
        for _ in range(3):
            with pytest.raises(Forbidden, match="may not create pods/portforward in namespace default") as error:
                await tunnel.connect(8080)

    assert "get on pods/portforward in namespace default" in error.value.hint
    assert plain_pod.upgrades == ["GET websocket", "POST spdy/3.1"]


async def test_many_connections_at_once_ask_a_server_that_fails_only_once(plain_pod: OnePod) -> None:
    plain_pod.refuse = 500, "error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused"

    async with tunnel_to(plain_pod) as tunnel:
        failures = await asyncio.gather(*(tunnel.connect(8080) for _ in range(100)), return_exceptions=True)

    assert all(isinstance(failure, Unreachable) and "dialing backend" in str(failure) for failure in failures)
    assert len(plain_pod.upgrades) == 2


async def test_a_pod_whose_node_is_not_there_is_not_called_gone(plain_pod: OnePod) -> None:
    plain_pod.refuse = 404, 'pods "worker-a" not found'  # as kube-apiserver 1.20 names the node

    async with tunnel_to(plain_pod) as tunnel:
        with pytest.raises(Unreachable, match='pod default/iris-pod: pods "worker-a" not found') as error:
            await tunnel.connect(8080)

    assert error.value.hint == "Is its node there and ready?"


async def test_an_unknown_token_is_told_apart(plain_pod: OnePod) -> None:
    async with way_to(plain_pod, token="wrong") as way, PodTunnel(way, "default", "iris-pod") as tunnel:
        with pytest.raises(Unauthorized):
            await tunnel.connect(8080)


async def test_a_server_that_is_away_is_unreachable(tmp_path: Path) -> None:
    async with one_pod(echo, tmp_path) as pod:
        gone = pod
    async with tunnel_to(gone) as tunnel:
        with pytest.raises(Unreachable, match="nobody listens at"):
            await tunnel.connect(8080)


async def test_impersonation_and_the_programs_name_go_with_the_tunnel(pod: OnePod) -> None:
    groups = (("Impersonate-User", "jane"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))

    async with way_to(pod, impersonate=groups) as way, PodTunnel(way, "default", "iris-pod") as tunnel:
        await echoed(tunnel, b"x")

    for headers in pod.headers:
        assert headers["Impersonate-User"] == "jane"
        assert headers.getall("Impersonate-Group") == ["a", "b"]
        assert headers["User-Agent"].startswith("kmon-tui/")


@asynccontextmanager
async def connect_proxy(seen: list[str]) -> AsyncGenerator[str, None]:
    """Give the URL of a proxy that only knows CONNECT and wants a password."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(head)
        place = head.split()[1].split(":")
        far_reader, far_writer = await asyncio.open_connection(place[0], int(place[1]))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_tunnel_goes_through_the_same_proxy_as_every_other_call(pod: OnePod) -> None:
    seen: list[str] = []

    async with (
        connect_proxy(seen) as proxy,
        way_to(pod, proxy=proxy) as way,
        PodTunnel(way, "default", "iris-pod") as tunnel,
    ):
        assert await echoed(tunnel, bytes(MB)) == bytes(MB)

    assert len(seen) == len(pod.upgrades)
    assert all("Proxy-Authorization: Basic bWU6c2VjcmV0" in head for head in seen)


async def test_closing_the_tunnel_closes_what_is_open(pod: OnePod) -> None:
    async with tunnel_to(pod) as tunnel:
        reader, writer = await tunnel.connect(8080)
        writer.write(b"a")
        await reader.readexactly(1)

    with pytest.raises(BackendError):
        await reader.read()
    await until(lambda: not pod.sessions and pod.connections == 0)

"""A relay does to one side what happens to the other: bytes, ends, cuts and stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kmon_tui.domain.errors import BackendError, TimedOut, Unreachable
from kmon_tui.live.dialer import Dialer
from kmon_tui.live.pod_route import PodPort, PodRoute
from kmon_tui.live.pod_tunnels import PodTunnels
from tests.live.test_tunnel import MB, way_to
from tests.sandbox.one_pod import OnePod, echo, one_pod, until

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Local:
    """Opens local connections that are relayed to a port of the pod, as a thread does through a Dialer."""

    def __init__(self, pod: OnePod, dialer: Dialer, route: PodRoute) -> None:
        self.pod, self.dialer, self.route = pod, dialer, route

    async def connect(self) -> Pair:
        """Give the near end of a relayed connection."""
        near = await asyncio.to_thread(self.dialer.dial, 5.0)
        near.setblocking(False)
        return await asyncio.open_unix_connection(sock=near, limit=2**20)


@asynccontextmanager
async def local_to(folder: Path, port: int = 8080) -> AsyncGenerator[Local, None]:
    """Give local connections to a pod that echoes."""

    async def find(before: PodPort | None) -> PodPort:
        return PodPort("default", "iris-pod", port)

    async with one_pod(echo, folder) as pod, way_to(pod) as way, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        route = PodRoute(PodTunnels(way), find, tasks)
        try:
            yield Local(pod, Dialer(route), route)
        finally:
            route.close()


async def test_bytes_and_both_ends_pass(tmp_path: Path) -> None:
    async with local_to(tmp_path) as local:
        reader, writer = await local.connect()
        writer.write(b"x" * MB)
        writer.write_eof()

        assert await reader.read() == b"x" * MB
        writer.close()
        await until(lambda: local.pod.connections == 0)


async def test_many_threads_dial_at_once_over_one_link(tmp_path: Path) -> None:
    async with local_to(tmp_path) as local:

        def ask(number: int) -> bytes:
            with local.dialer.dial(5.0) as near:
                near.sendall(f"question {number}".encode())
                near.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: near.recv(100), b""))

        loop = asyncio.get_running_loop()
        # Threads of their own: in those of the loop the tunnel resolves names and reads certificates.
        with ThreadPoolExecutor(50) as threads:
            answers = await asyncio.gather(*(loop.run_in_executor(threads, ask, number) for number in range(50)))

        assert answers == [f"question {number}".encode() for number in range(50)]
        assert len(local.pod.upgrades) == 1


async def test_a_local_end_that_is_killed_ends_the_pods_side(tmp_path: Path) -> None:
    async with local_to(tmp_path) as local:
        reader, writer = await local.connect()
        writer.write(b"x")
        await reader.readexactly(1)

        writer.transport.abort()

        await until(lambda: local.pod.connections == 0)


async def test_a_port_that_refuses_cuts_the_local_end_and_says_why(tmp_path: Path) -> None:
    async with local_to(tmp_path, port=9999) as local:
        reader, writer = await local.connect()

        with pytest.raises(ConnectionError):
            writer.write(b"x")
            if not await reader.read():
                raise ConnectionResetError
        await until(lambda: local.dialer.failure is not None)

    assert "connection refused" in str(local.dialer.failure)


async def test_a_local_reader_that_stops_is_cut_and_the_others_lose_no_byte(tmp_path: Path) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1)
        if first == b"x":
            writer.write(bytes(40 * MB))
            await writer.drain()
        await echo(reader, writer)

    async with local_to(tmp_path) as local:
        local.pod.serve = flood
        near = await asyncio.to_thread(local.dialer.dial, 5.0)
        near.sendall(b"x")

        async def ask() -> bytes:
            reader, writer = await local.connect()
            writer.write(b"y" + b"z" * MB)
            answer = await reader.readexactly(MB)
            writer.close()
            return answer

        answers = await asyncio.gather(*(ask() for _ in range(5)))
        await until(lambda: local.dialer.failure is not None)
        failure = local.dialer.failure  # when the way is closed the others hear of that, too
        near.close()

    assert answers == [b"z" * MB] * 5
    assert isinstance(failure, TimedOut)


async def test_a_dial_through_a_closed_way_fails_in_words(tmp_path: Path) -> None:
    async with local_to(tmp_path) as local:
        local.route.close()

        with pytest.raises(Unreachable, match="is closed"):
            await local.connect()


async def test_a_dial_to_a_pod_that_is_gone_says_so(tmp_path: Path) -> None:
    async with local_to(tmp_path) as local:
        local.pod.kill()

        with pytest.raises(BackendError, match="pod default/iris-pod is gone"):
            await local.connect()

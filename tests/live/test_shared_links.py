"""Forwards to one pod share its link, and nothing else: what happens to one of them ends nothing in another."""

from __future__ import annotations

import asyncio

import pytest

from kmon_tui.domain.forward import Phase
from kmon_tui.live.forwards import KubeForwards
from kmon_tui.live.watch import Around
from tests.live.forwarding import Cluster, cluster, held, model_pod, saying
from tests.live.watching import QUICK
from tests.sandbox.one_pod import echo, until

MB = 1024 * 1024


def links(pod: str = "iris-1") -> int:
    """Give how many links lead to a pod."""
    return sum(task.get_name() == f"tunnel to default/{pod}" for task in asyncio.all_tasks())


def among(where: Cluster) -> KubeForwards:
    """Give the forwards of one program."""
    return KubeForwards(where.client, "default", Around(pace=QUICK))


async def plenty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send 32 MB to whoever asks."""
    await reader.read(1)
    for _ in range(32):
        writer.write(b"x" * MB)
        await writer.drain()


async def test_five_forwards_to_one_pod_share_one_link_and_it_goes_with_the_last() -> None:
    async with cluster() as where:
        forwards = among(where)
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris", among=forwards) as one:
            async with (
                held(where, "isvc/iris", among=forwards) as two,
                held(where, "pod/iris-1:8080", among=forwards) as three,
            ):
                for forward in (one, two, three):
                    assert await forward.ask() == b"a"
                assert links() == 1
            assert await one.ask() == b"a"
            assert links() == 1

        await until(lambda: links() == 0)


async def test_forwards_to_two_pods_have_two_links() -> None:
    async with cluster() as where:
        forwards = among(where)
        await where.add(model_pod("iris-1"), saying(b"a"))
        await where.add(model_pod("wine-1", "wine"), saying(b"b"))
        async with held(where, "isvc/iris", among=forwards) as iris, held(where, "isvc/wine", among=forwards) as wine:
            assert (await iris.ask(), await wine.ask()) == (b"a", b"b")
            assert (links("iris-1"), links("wine-1")) == (1, 1)


async def test_a_forward_that_stops_takes_its_own_connections_along_and_no_other() -> None:
    served: set[bytes] = set()

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = await reader.readexactly(1)
        served.add(word)
        writer.write(word)
        try:
            await echo(reader, writer)
        finally:
            served.discard(word)

    async with cluster() as where:
        forwards = among(where)
        await where.add(model_pod("iris-1"), counted)
        async with held(where, "isvc/iris", among=forwards) as stays:
            reader, writer = await stays.connect()
            writer.write(b"a")
            assert await reader.readexactly(1) == b"a"
            async with held(where, "isvc/iris", among=forwards) as stops:
                cut, other = await stops.connect()
                other.write(b"b")
                assert await cut.readexactly(1) == b"b"
                assert served == {b"a", b"b"}

            with pytest.raises(ConnectionResetError):
                await cut.read()
            await until(lambda: served == {b"a"})
            writer.write(b"x" * MB)
            assert await reader.readexactly(MB) == b"x" * MB
            await until(lambda: stays.now.phase is Phase.OPEN)
            writer.close()


async def test_a_reader_that_stops_in_one_forward_costs_another_no_byte() -> None:
    async with cluster() as where:
        forwards = among(where)
        await where.add(model_pod("iris-1"), plenty)
        async with held(where, "isvc/iris", among=forwards) as slow, held(where, "isvc/iris", among=forwards) as quick:
            _, writer = await slow.connect()
            assert isinstance(writer.transport, asyncio.Transport)
            writer.transport.pause_reading()
            writer.write(b"?")

            assert len(await quick.ask(size=32 * MB)) == 32 * MB

            await slow.until(lambda f: "not read" in f.error)
            assert not quick.now.error
            writer.transport.abort()


async def test_a_pod_that_does_not_read_in_one_forward_keeps_no_new_connection_of_another_waiting() -> None:
    deaf = asyncio.Event()

    async def deaf_or_echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"d":
            await deaf.wait()
        else:
            writer.write(first)

    async with cluster() as where:
        forwards = among(where)
        await where.add(model_pod("iris-1"), deaf_or_echo)
        async with held(where, "isvc/iris", among=forwards) as full, held(where, "isvc/iris", among=forwards) as other:
            assert await other.ask() == b"?"
            _, writer = await full.connect()
            writer.write(b"d" + b"x" * 64 * MB)

            await full.until(lambda f: f.bytes_out > 4 * MB)
            sent = 0
            while full.now.bytes_out > sent:  # until nothing more fits
                sent = full.now.bytes_out
                await asyncio.sleep(1.5)

            async with asyncio.timeout(20):
                assert await other.ask() == b"?"
            assert links() > 1
            writer.transport.abort()
            deaf.set()


async def test_a_pod_made_anew_under_its_old_name_is_another_pod() -> None:
    async with cluster() as where:
        forwards = among(where)
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris", among=forwards) as one, held(where, "isvc/iris", among=forwards) as two:
            assert await one.ask() == await two.ask() == b"a"

            where.delete("iris-1")
            await where.add(model_pod("iris-1"), saying(b"b"))

            assert await one.ask() == await two.ask() == b"b"
            await until(lambda: links() == 1)

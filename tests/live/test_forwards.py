"""Forwards: the port listens first and stays, the pod behind it changes, and one failure stays one failure."""

from __future__ import annotations

import asyncio
import time

import pytest

from kmon_tui.domain.forward import Phase
from kmon_tui.live.listener import Listener
from kmon_tui.sandbox.faults import Fault
from tests.live.forwarding import cluster, held, model_pod, saying, service
from tests.sandbox.one_pod import echo

MB = 2**20


async def test_bytes_go_there_and_come_back_over_both_loopback_addresses() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris") as forward:
            assert [await forward.ask(host) for host in forward.now.hosts] == [b"a"] * len(forward.now.hosts)
            assert forward.now.hosts[0] == "127.0.0.1"


async def test_the_row_says_what_moved_and_where_it_goes() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), echo)
        async with held(where, "isvc/iris") as forward:
            reader, writer = await forward.connect()
            writer.write(b"x" * MB)
            await reader.readexactly(MB)

            now = await forward.until(lambda f: f.bytes_in == f.bytes_out == MB)
            assert (now.pod, now.pod_port, now.connections, now.phase) == ("iris-1", 8080, 1, Phase.OPEN)
            writer.close()
            await forward.until(lambda f: f.connections == 0 and f.bytes_in == MB)


async def test_it_listens_before_there_is_a_pod_and_connections_wait_for_one() -> None:
    async with cluster() as where, held(where, "isvc/iris") as forward:
        reader, writer = await forward.connect()
        writer.write(b"?")
        waiting = await forward.until(lambda f: f.phase is Phase.WAITING)
        assert "isvc/iris" in waiting.error

        await where.add(model_pod("iris-1"), saying(b"a"))

        assert await reader.readexactly(1) == b"a"
        writer.close()
        await forward.open()


async def test_a_connection_that_waited_too_long_is_closed_with_a_reason() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1", ready=False), saying(b"a"))
        async with held(where, "isvc/iris", patience_s=0.5) as forward:
            reader, _ = await forward.connect()

            with pytest.raises(ConnectionError):
                await reader.read()
            await forward.until(lambda f: any("closed after" in line.text for line in f.log))
            assert "no ready pod of isvc/iris (0/1)" in forward.said
            assert forward.now.listening


async def test_after_its_pod_is_deleted_the_next_connection_reaches_another_within_a_second() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        await where.add(model_pod("iris-2"), saying(b"b"))
        async with held(where, "isvc/iris") as forward:
            assert await forward.ask() == b"a"

            where.delete("iris-1")
            began_s = time.monotonic()
            answers = []
            while time.monotonic() - began_s < 1.0:
                answers.append(await forward.ask())  # a refused connection would raise

            assert answers[-1] == b"b"
            assert forward.now.pod == "iris-2"


async def test_a_pod_that_is_not_ready_any_more_gets_no_new_connections_and_keeps_the_old() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        await where.add(model_pod("iris-2"), saying(b"b"))
        async with held(where, "isvc/iris") as forward:
            reader, writer = await forward.connect()
            writer.write(b"?")
            assert await reader.readexactly(1) == b"a"

            where.store.put(model_pod("iris-1", ready=False))
            await forward.until(lambda f: f.pod == "iris-2")

            assert await forward.ask() == b"b"
            writer.write(b"?")
            assert await reader.readexactly(1) == b"a"
            writer.close()


async def test_a_client_that_ends_first_hears_the_answer_and_an_orderly_end() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), echo)
        async with held(where, "isvc/iris") as forward:
            reader, writer = await forward.connect()
            writer.write(b"question")
            writer.write_eof()

            assert await reader.read() == b"question"  # a reset would raise


async def test_a_connection_that_its_pod_never_had_goes_to_another_with_all_that_was_said() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        await where.add(model_pod("iris-2"), echo)
        async with held(where, "isvc/iris") as forward:
            assert await forward.ask() == b"a"

            where.deafen("iris-1")
            reader, writer = await forward.connect()
            writer.write(b"question")
            writer.write_eof()

            assert await reader.read() == b"question"
            await forward.until(lambda f: f.pod == "iris-2")
            assert "on to another pod" in forward.said


async def test_what_is_too_long_to_be_said_again_is_cut_instead() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        await where.add(model_pod("iris-2"), echo)
        async with held(where, "isvc/iris") as forward:
            assert await forward.ask() == b"a"

            where.deafen("iris-1")
            reader, writer = await forward.connect()
            writer.write(bytes(8 * MB))

            with pytest.raises(ConnectionError):
                await reader.read()


async def test_a_port_that_refuses_is_said_on_the_row_and_the_forward_stays() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"))
        async with held(where, "isvc/iris:8080") as forward:
            failing = await forward.until(lambda f: f.phase is Phase.FAILING)
            assert "refused" in failing.error.lower()

            reader, _ = await forward.connect()
            with pytest.raises(ConnectionError):
                await reader.read()
            assert forward.now.listening

            await where.add(model_pod("iris-1"), saying(b"a"))
            await forward.open()
            assert await forward.ask() == b"a"


async def test_without_the_right_it_is_said_once_and_not_asked_again_and_again() -> None:
    async with cluster() as where:
        where.sandbox.api.faults.add(Fault("403", "create/pods/portforward"))
        where.sandbox.api.faults.add(Fault("403", "get/pods/portforward"))
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris") as forward:
            failing = await forward.until(lambda f: f.phase is Phase.FAILING)
            assert "pods/portforward" in failing.hint

            for _ in range(5):
                reader, _ = await forward.connect()
                with pytest.raises(ConnectionError):
                    await reader.read()

            said = [line.text for line in forward.now.log if line.text == failing.error]
            assert len(said) == 1


async def test_a_client_that_is_killed_in_mid_download_leaves_no_wedge() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        while True:
            writer.write(b"x" * MB)
            await writer.drain()

    async with cluster() as where:
        await where.add(model_pod("iris-1"), endless)
        async with held(where, "isvc/iris") as forward:
            for _ in range(3):
                reader, writer = await forward.connect()
                writer.write(b"?")
                await reader.readexactly(MB)
                writer.transport.abort()

            assert len(await forward.ask(size=3 * MB)) == 3 * MB
            await forward.until(lambda f: f.connections == 0)


async def test_a_reader_that_stops_loses_its_connection_and_no_other() -> None:
    async def plenty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        for _ in range(32):
            writer.write(b"x" * MB)
            await writer.drain()

    async with cluster() as where:
        await where.add(model_pod("iris-1"), plenty)
        async with held(where, "isvc/iris") as forward:
            _, writer = await forward.connect()
            assert isinstance(writer.transport, asyncio.Transport)
            stalled_transport = writer.transport
            stalled_transport.pause_reading()
            writer.write(b"?")

            assert len(await forward.ask(size=32 * MB)) == 32 * MB
            now = await forward.until(lambda f: "not read" in f.error)
            assert now.phase is Phase.OPEN
            assert now.hint.startswith("The local reader has stopped")
            stalled_transport.abort()


async def test_thirty_forwards_share_no_fate() -> None:
    async with cluster() as where, asyncio.TaskGroup() as tasks:
        await where.add(model_pod("iris-1"), echo)
        stop, ready = asyncio.Event(), asyncio.Semaphore(0)

        async def carry(number: int) -> None:
            async with held(where, "isvc/iris") as forward:
                reader, writer = await forward.connect()
                writer.write(b"%d" % number)
                await reader.readexactly(len(str(number)))
                ready.release()
                await stop.wait()
                writer.write(b"x" * MB)
                assert await reader.readexactly(MB) == b"x" * MB
                writer.close()

        async with held(where, "isvc/iris") as one:
            for number in range(29):
                tasks.create_task(carry(number))
            for _ in range(29):
                await ready.acquire()
            assert await one.ask() == b"?"
        stop.set()


async def test_the_port_is_free_again_when_the_forward_ends() -> None:
    async with cluster() as where:
        async with held(where, "isvc/iris") as forward:
            port = forward.now.local_port

        Listener.take(port).close()


async def test_a_service_leads_to_its_target_port_and_follows_its_selector() -> None:
    async with cluster() as where:
        await where.add(model_pod("blue", app="blue"), saying(b"b"), 9000)
        await where.add(model_pod("green", app="green"), saying(b"g"), 9000)
        ports = [{"name": "http", "port": 80, "targetPort": 9000}]
        where.store.put(service("front", selector={"app": "blue"}, ports=ports))
        async with held(where, "svc/front:http") as forward:
            assert await forward.ask() == b"b"

            where.store.put(service("front", selector={"app": "green"}, ports=ports))
            await forward.until(lambda f: f.pod == "green")

            assert await forward.ask() == b"g"


async def test_a_model_of_the_demo_is_reached_behind_its_queue_proxy() -> None:
    async with cluster(world="demo") as where, held(where, "isvc/sklearn-iris") as forward:
        await forward.open()
        reader, writer = await forward.connect()
        writer.write(b"GET /v1/models/sklearn-iris HTTP/1.0\r\n\r\n")

        assert b"200" in await reader.readline()
        assert forward.now.pod_port == 8012
        writer.close()

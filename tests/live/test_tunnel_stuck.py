"""A container runtime that has stopped reading part of a link: what comes later finds another way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from kmon_tui.domain.errors import Unreachable
from kmon_tui.live.pod_stream import Unanswered
from kmon_tui.live.tunnel import PodTunnel
from tests.live.test_tunnel import MB, echoed, tunnel_to
from tests.sandbox.one_pod import OnePod, echo, one_pod, until


@pytest.fixture
async def old_pod(tmp_path: Path) -> AsyncGenerator[OnePod, None]:
    async with one_pod(echo, tmp_path) as pod, asyncio.timeout(60):
        pod.lets_go = False
        yield pod


async def refused(tunnel: PodTunnel) -> str:
    """Say something to a port that nobody serves, and give what is heard."""
    reader, writer = await tunnel.connect(9999)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    with pytest.raises(Unreachable) as error:
        await reader.read()
    return error.value.message


async def test_refusals_one_after_the_other_are_all_heard_though_nobody_reads_what_was_said(old_pod: OnePod) -> None:
    async with tunnel_to(old_pod) as tunnel:
        for _ in range(7):
            assert "connection refused" in await refused(tunnel)

        assert await echoed(tunnel, b"x") == b"x"


async def test_a_link_that_is_used_no_more_is_closed(old_pod: OnePod) -> None:
    async with tunnel_to(old_pod) as tunnel:
        await refused(tunnel)

        await until(lambda: tunnel.links == 0)


async def test_a_refusal_that_the_runtime_lets_go_of_costs_no_link(tmp_path: Path) -> None:
    async with one_pod(echo, tmp_path) as pod, asyncio.timeout(60), tunnel_to(pod) as tunnel:
        for _ in range(7):
            await refused(tunnel)

        assert tunnel.links == 1
        assert await echoed(tunnel, b"x") == b"x"


async def test_an_upload_that_is_answered_before_it_is_read_holds_up_nobody_after_it(old_pod: OnePod) -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(1) == b"u":
            writer.write(b"413")
            writer.close()
        else:
            writer.write(b"200")
            await writer.drain()
            writer.close()

    async def said(tunnel: PodTunnel, body: bytes) -> bytes:
        reader, writer = await tunnel.connect(8080)
        writer.write(body)
        answer = await reader.readexactly(3)
        writer.close()
        return answer

    old_pod.serve = hasty
    async with tunnel_to(old_pod) as tunnel:
        for _ in range(5):
            with contextlib.suppress(Unanswered):
                assert await said(tunnel, b"u" * (4 * MB)) == b"413"
        await asyncio.sleep(2.5)  # until what does not answer is in doubt

        for _ in range(5):
            assert await said(tunnel, b"g") == b"200"

"""How long a server took, told by the kernel: our own lateness is not its fault."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from kmon_tui.live.dialer import Dialer
from kmon_tui.live.line_time import LineTime
from kmon_tui.live.pace import Pace
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import PrometheusClient
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.live.tunnel_adapter import TunnelAdapter
from kmon_tui.sandbox.prometheus_faults import PrometheusFaults
from kmon_tui.settings import PrometheusSettings
from tests.live.served import sandboxed
from tests.live.stories import IRIS, SCRAPE_S, steady


@contextmanager
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of one TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
        theirs, _ = server.accept()
        with theirs:
            yield ours, theirs


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when an answer came")
@pytest.mark.parametrize(("server_s", "late_s"), [(0.0, 0.4), (0.3, 0.0), (0.3, 0.4)])
def test_it_is_what_the_server_took_however_late_the_answer_is_read(server_s: float, late_s: float) -> None:
    with line() as (ours, theirs):
        measured = LineTime()
        ours.sendall(b"question")
        time.sleep(server_s)
        theirs.sendall(b"answer")
        time.sleep(late_s)
        ours.recv(100)
        measured.saw(ours)
        time.sleep(0.2)

    assert measured.took_s == pytest.approx(server_s, abs=0.15)


def test_where_no_kernel_tells_it_is_our_own_clock() -> None:
    near, far = socket.socketpair()
    with near, far:
        measured = LineTime()
        time.sleep(0.2)
        measured.saw(near)

        assert 0.19 < measured.took_s < 1.0


def piped(server: socket.socket) -> socket.socket:
    """One end of a pair whose other end is the server: no kernel tells of it what it tells of TCP."""
    near, far = socket.socketpair()

    def copy(one: socket.socket, other: socket.socket) -> None:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)

    for ends in ((server, far), (far, server)):
        threading.Thread(target=copy, args=ends, daemon=True).start()
    return near


@pytest.mark.parametrize(("server_s", "slow"), [(0.0, False), (0.3, True)])
async def test_through_a_tunnel_the_way_is_no_fault_of_the_server(server_s: float, slow: bool) -> None:
    """A way of a fifth of a second, which took half a second to open."""

    class Far(Dialer):
        way_s = 0.2

        def dial(self, timeout_s: Any = None) -> socket.socket:
            time.sleep(0.5)
            self.dialled_s += 0.5
            return piped(socket.create_connection((host, port)))

    class Later(PrometheusFaults):
        async def act(self, request: web.Request) -> web.StreamResponse | None:
            await asyncio.sleep(Far.way_s + server_s)
            return None

    async with sandboxed(steady()) as server:
        server.faults = Later()
        host, port = "127.0.0.1", server.port
        client = PrometheusClient(PrometheusSettings(url=server.url), adapter=lambda: TunnelAdapter(far))
        far = Far(None)  # type: ignore[arg-type]  # it dials without a route
        await client.run(lambda api: api.query("up"))
        took_s = await client.run(lambda api: api.took_s)
        await client.aclose()

    assert took_s == pytest.approx(server_s, abs=0.15)
    assert (Pace(5.0).after(took_s).tick_s > 5) == slow


async def test_where_no_kernel_tells_a_tick_must_be_slow_twice_before_there_are_fewer_of_them() -> None:
    class Near(Dialer):
        way_s = 0.0

        def dial(self, timeout_s: Any = None) -> socket.socket:
            return piped(socket.create_connection((host, port)))

    ticks = []
    async with sandboxed(steady()) as server:
        host, port = "127.0.0.1", server.port
        near = Near(None)  # type: ignore[arg-type]  # it dials without a route
        client = PrometheusClient(PrometheusSettings(url=server.url), adapter=lambda: TunnelAdapter(near))
        now_s = server.started_s
        poller = Poller(Matchers(), server.url, "", now=lambda: now_s)
        server.clock = lambda: now_s
        for delay_s in (0.0, 0.4, 0.0, 0.4, 0.4):
            server.faults.delay_s = delay_s
            look = Look((IRIS,), IRIS.key, (IRIS.key,))
            ticks.append((await client.run(partial(poller.poll, look=look))).prometheus.tick_s)
            now_s += SCRAPE_S
        await client.aclose()

    assert ticks == [15, 15, 15, 15, 30]

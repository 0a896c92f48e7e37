"""Local ports: taken at once, told apart from those of others, and for one user alone."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.forward import ForwardSpec, parse_target
from kmon_tui.live.forwards import KubeForwards
from kmon_tui.live.listener import Listener, PortTaken
from kmon_tui.live.peer_uid import Address, can_tell, is_me, peer_uid, read_tables
from kmon_tui.live.port_owner import owner_of
from tests.live.forwarding import cluster, held, model_pod, saying

linux = pytest.mark.skipif(not can_tell(), reason="only Linux tells who is at the other end")
as_root = pytest.mark.skipif(not can_tell() or os.getuid() != 0, reason="becoming another user needs root")
ASKS = """
import encodings.idna, os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as near:
    try:
        near.sendall(b"?")
        sys.stdout.write(near.recv(10).decode() or "closed")
    except ConnectionError:
        sys.stdout.write("reset")
"""


@contextmanager
def connection(host: str = "127.0.0.1") -> Generator[tuple[socket.socket, Address, Address]]:
    """Give the near end of a loopback connection, its address and that of the far end."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as server,
        socket.create_connection(server.getsockname()[:2]) as near,
    ):
        far, _ = server.accept()
        with far:
            yield near, far.getpeername()[:2], far.getsockname()[:2]


async def as_nobody(port: int) -> str:
    """Give what another user of this machine hears at a port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", ASKS, str(port), stdout=asyncio.subprocess.PIPE
    )
    words, _ = await process.communicate()
    return words.decode()


@as_root
async def test_another_user_is_refused_and_the_log_says_so() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris") as one:
            assert await as_nobody(one.now.local_port) == "reset"
            assert await one.ask() == b"a"
            await one.until(lambda f: any("another user" in line.text for line in f.log))


@linux
async def test_who_has_left_already_is_not_called_another_user() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris") as one:
            socket.create_connection(("127.0.0.1", one.now.local_port)).close()
            await one.until(lambda f: any("was left before" in line.text for line in f.log))

            assert "another user" not in one.said


@as_root
async def test_another_user_is_let_in_when_the_forward_is_shared() -> None:
    async with cluster() as where:
        await where.add(model_pod("iris-1"), saying(b"a"))
        async with held(where, "isvc/iris", shared=True) as one:
            assert await as_nobody(one.now.local_port) == "a"


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_kernel_and_tables_tell_whose_a_connection_is(host: str) -> None:
    with connection(host) as (_, peer, local):
        assert peer_uid(peer, local) == read_tables(peer, local) == os.getuid()
        assert is_me(os.getuid())


@linux
def test_a_connection_that_its_owner_has_closed_is_nobodys() -> None:
    with connection() as (near, peer, local):
        near.close()

        assert peer_uid(peer, local) is None


@linux
def test_an_ipv6_socket_that_speaks_ipv4_is_known_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as near:
        near.connect((f"::ffff:{server.getsockname()[0]}", server.getsockname()[1]))
        far, _ = server.accept()
        with far:
            peer, local = far.getpeername()[:2], far.getsockname()[:2]

            assert peer_uid(peer, local) == read_tables(peer, local) == os.getuid()


def test_a_port_is_taken_on_both_loopback_addresses() -> None:
    listener = Listener.take(0)
    try:
        for host in listener.hosts:
            socket.create_connection((host, listener.port)).close()
    finally:
        listener.close()

    assert listener.hosts[0] == "127.0.0.1"


@linux
def test_a_busy_port_names_its_owner_and_the_next_free_one() -> None:
    code = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
        " print(s.getsockname()[1], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            port = int(other.stdout.readline())
            with pytest.raises(PortTaken) as caught:
                Listener.take(port)
        finally:
            other.kill()

    assert f"pid {other.pid} (" in caught.value.message
    offered = re.fullmatch(r"(\d+) is free\.", caught.value.hint)
    assert offered is not None
    Listener.take(int(offered[1])).close()


@linux
def test_a_port_of_our_own_is_told_as_such() -> None:
    listener = Listener.take(0)
    try:
        assert owner_of(listener.port) == "this kmon-tui"
    finally:
        listener.close()


def test_of_two_starts_of_one_port_one_is_refused() -> None:
    first = Listener.take(0)
    try:
        with pytest.raises(PortTaken):
            Listener.take(first.port)
    finally:
        first.close()


async def test_a_taken_port_is_told_before_anything_else_happens() -> None:
    listener = Listener.take(0)
    try:
        async with cluster() as where:
            forwards = KubeForwards(where.client, "default")
            stream = forwards.hold(ForwardSpec("iris", parse_target("iris"), listener.port))
            with pytest.raises(PortTaken):
                await anext(stream)
    finally:
        listener.close()


@pytest.mark.skipif(os.getuid() == 0, reason="root may listen anywhere")
def test_a_port_that_needs_rights_is_said() -> None:
    with pytest.raises(Unreachable, match="may not listen"):
        Listener.take(80)

"""A local port that listens on loopback: taken at once, or refused with the name of who has it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from typing import TypeAlias

from kmon_tui.domain.errors import BackendError, Unreachable
from kmon_tui.live.early import Early
from kmon_tui.live.port_owner import owner_of

IPV4, IPV6 = "127.0.0.1", "::1"
BACKLOG = 1024
_TRIES = 50
_MISSING = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})
"""The machine has no IPv6: 127.0.0.1 alone must do."""

Arrived: TypeAlias = Callable[[Early], None]


class PortTaken(Unreachable):
    """Another process listens on the port."""


class Listener:
    """The sockets of one port."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self.hosts = tuple(str(one.getsockname()[0]) for one in sockets)
        self.port = int(sockets[0].getsockname()[1])
        self._sockets = sockets
        self._servers: list[asyncio.Server] = []

    @classmethod
    def take(cls, port: int) -> Listener:
        """Take a port on 127.0.0.1 and ::1, any free one for 0. Raises PortTaken with the next free one in its hint."""
        for _ in range(_TRIES if port == 0 else 1):
            try:
                return cls(_bound(port))
            except OSError as error:
                refused = error
        raise _taken(port, refused) from refused

    async def serve(self, arrived: Arrived) -> None:
        """Hand over each connection until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            for one in self._sockets:
                server = await loop.create_server(lambda: Early(arrived), sock=one, backlog=BACKLOG)
                self._servers.append(server)
            await asyncio.Event().wait()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the port; connections stay."""
        for server in self._servers:
            server.close()
        for one in self._sockets:
            one.close()


def _bound(port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(_bind(socket.AF_INET, IPV4, port))
        sockets = [first]
        try:
            sockets.append(stack.enter_context(_bind(socket.AF_INET6, IPV6, first.getsockname()[1])))
        except OSError as error:
            if error.errno not in _MISSING:
                raise
        stack.pop_all()
    return sockets


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((host, port))
        # At once, so that a second taker of this port is refused: binding alone does not keep another one from it.
        one.listen(BACKLOG)
        one.setblocking(False)
    except BaseException:
        one.close()
        raise
    return one


def _taken(port: int, error: OSError) -> BackendError:
    if error.errno == errno.EADDRINUSE:
        owner = owner_of(port)
        return PortTaken(
            f"local port {port} is {f'held by {owner}' if owner else 'in use'}",
            f"{free} is free." if (free := _next_free(port)) else "",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unreachable(f"may not listen on local port {port}", "Ports below 1024 need rights: give a higher one.")
    return Unreachable(f"cannot listen on local port {port}: {error.strerror}")


def _next_free(port: int) -> int:
    for other in range(port + 1, min(port + 101, 65536)):
        with contextlib.suppress(OSError):
            for one in _bound(other):
                one.close()
            return other
    return 0

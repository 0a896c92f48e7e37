"""The TCP transport below the session, whose connections can be cut from outside, so that quitting never waits.

Imports requests, so only the thread of PrometheusClient imports this.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any
from weakref import WeakSet

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

from kmon_tui.live.patience import SOCKET_OPTIONS

_OPTIONS = [*HTTPConnection.default_socket_options, *SOCKET_OPTIONS]


class Transport(requests.adapters.HTTPAdapter):  # type: ignore[misc]  # requests has no types here
    """Sends over TCP, tries nothing twice, and knows its sockets."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        super().__init__(max_retries=Retry(total=0))

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools, with connections that tell their sockets."""
        super().init_poolmanager(*args, socket_options=_OPTIONS, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Give the pools of a proxy, made in the same way."""
        if proxy in self.proxy_manager:
            return self.proxy_manager[proxy]
        manager = super().proxy_manager_for(proxy, socket_options=_OPTIONS, **options)
        if manager.pool_classes_by_scheme.get("http") is HTTPConnectionPool:
            manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, type]:
        return {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self._sockets),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self._sockets),
        }

    def abort(self) -> None:
        """Cut all connections, whoever reads from them; may be called from another thread."""
        for one in list(self._sockets):
            # It may have been closed meanwhile.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _pool(pool: type, connection: type, sockets: WeakSet[socket.socket]) -> type:
    """Derive a pool whose connections put their sockets into the set."""

    class Connection(connection):  # type: ignore[misc]  # urllib3's classes are only known at run time here
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    return type("Pool", (pool,), {"ConnectionCls": Connection})

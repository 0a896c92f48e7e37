"""A way for ``requests`` to a pod's port that opens no TCP listener: each connection is one end of a socket pair.

Imports requests, so only a thread that asks Prometheus imports this.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from kmon_tui.live.dialer import Dialer


class TunnelAdapter(HTTPAdapter):  # type: ignore[misc]  # requests has no types here
    """Sends every request through the tunnel, whatever host its URL names; proxies of the environment are left aside.

    A connection that fails raises the BackendError that the pod's side gave for it.
    """

    def __init__(self, dialer: Dialer, headers: Callable[[], Mapping[str, str]] | None = None) -> None:
        """``headers`` is asked before each request, for tokens that rotate."""
        self._dialer = dialer
        self._headers = headers
        self._ways_s = 0.0
        super().__init__(pool_connections=1, pool_maxsize=2, max_retries=0)

    def opening(self) -> bool:
        """Whether the way to the pod is still being opened; may be called from another thread."""
        return self._dialer.dialling

    @property
    def aside_s(self) -> float:
        """How long all questions so far were on their way, which is no fault of the server; see ``LineTime``."""
        return self._ways_s + self._dialer.dialled_s

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make pools whose connections are dialled by us."""
        super().init_poolmanager(*arguments, **options)
        dial = self._dialer.dial

        class Plain(urllib3.connection.HTTPConnection):  # type: ignore[misc]  # urllib3 is skipped by mypy
            def _new_conn(self) -> socket.socket:
                return dial(self.timeout)

        class Secure(urllib3.connection.HTTPSConnection):  # type: ignore[misc]  # urllib3 is skipped by mypy
            def _new_conn(self) -> socket.socket:
                return dial(self.timeout)

        class PlainPool(urllib3.HTTPConnectionPool):  # type: ignore[misc]  # urllib3 is skipped by mypy
            ConnectionCls = Plain

        class SecurePool(urllib3.HTTPSConnectionPool):  # type: ignore[misc]  # urllib3 is skipped by mypy
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """Give the pool, never one of a proxy."""
        return super().get_connection_with_tls_context(request, verify, proxies=None, cert=cert)

    def request_url(self, request: Any, proxies: Any) -> str:
        """Give the path alone, as to a server."""
        return str(super().request_url(request, None))

    def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
        """Send, and say in the pod's words why a connection ended.

        A connection that failed is tried once more: its pod may have gone, and the tunnel looks for another one then.
        All that is asked of Prometheus are questions, which may be asked twice.
        """
        if self._headers is not None:
            request.headers.update(self._headers())
        for last in (False, True):
            self._dialer.failure = None
            try:
                answer = super().send(request, *arguments, **options)
                self._ways_s += self._dialer.way_s  # after it: the first question is what tells
                return answer
            except requests.ConnectionError as error:
                if last and self._dialer.failure is not None:
                    raise self._dialer.failure from error
                if last:
                    raise
                self._dialer.suspect()
        raise AssertionError("one of two tries returns or raises")

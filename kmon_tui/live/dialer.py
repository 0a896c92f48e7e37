"""Dials a pod's port from another thread: gives that thread a plain socket."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import time
from typing import Any

from kmon_tui.domain.errors import BackendError, TimedOut, Unreachable
from kmon_tui.live.early import Early
from kmon_tui.live.pod_route import PodRoute
from kmon_tui.live.relay import relay

LONGEST_DIAL_S = 20.0


class Dialer:
    """Made on the event loop; ``dial`` is called in a thread that may block.

    Not in one of the loop's own pool: opening a tunnel needs those, to resolve names and to read certificates.
    """

    def __init__(self, route: PodRoute) -> None:
        self._route = route
        self._loop = asyncio.get_running_loop()
        self.failure: BackendError | None = None
        """Why the last connection that failed did."""
        self.dialling = False
        """Whether the thread waits here."""
        self.dialled_s = 0.0
        """How long it has waited here, all in all."""

    @property
    def way_s(self) -> float:
        """How long it takes to the node of the pod and back; 0 while that is not known."""
        return self._route.way_s

    def dial(self, timeout_s: Any = None) -> socket.socket:
        """Give a socket whose other end is the pod's port. Raises BackendError when there is no way.

        ``timeout_s`` is what urllib3 has: seconds, None, or a default of its own. It counts for reading and writing
        only: finding a pod and opening a tunnel to it may take longer than connecting to a host.
        """
        near, far = socket.socketpair()
        self.dialling, began_s = True, time.monotonic()
        joined = asyncio.run_coroutine_threadsafe(self._join(far), self._loop)
        try:
            joined.result(LONGEST_DIAL_S)
        except concurrent.futures.TimeoutError as error:
            joined.cancel()
            near.close()
            raise TimedOut("the way to the pod did not open in time") from error
        except concurrent.futures.CancelledError as error:
            near.close()
            raise Unreachable("the way to the pod is closed") from error
        except BaseException:
            near.close()
            raise
        finally:
            self.dialling = False
            self.dialled_s += time.monotonic() - began_s
        near.settimeout(timeout_s if isinstance(timeout_s, int | float) else None)
        return near

    def suspect(self) -> None:
        """Have the next connection look first whether the pod is still the right one."""
        self._loop.call_soon_threadsafe(self._route.suspect)

    def ask(self, question: Any) -> Any:
        """Wait in this thread for a coroutine on the event loop."""
        self.dialling = True
        try:
            return asyncio.run_coroutine_threadsafe(question, self._loop).result(LONGEST_DIAL_S)
        finally:
            self.dialling = False

    async def _join(self, far: socket.socket) -> None:
        far.setblocking(False)
        try:
            _, local = await self._loop.create_connection(Early, sock=far)
        except OSError as error:
            with contextlib.suppress(OSError):
                far.close()
            raise Unreachable(f"no socket pair: {error.strerror}") from error
        await relay(local, self._route.open, self._ended)

    def _ended(self, error: BackendError | None) -> None:
        if error is not None:
            self.failure = error
            self._route.suspect()

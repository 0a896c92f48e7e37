"""Whether a pod's port answers: connect and listen for a refusal."""

from __future__ import annotations

import asyncio

from kmon_tui.domain.errors import BackendError
from kmon_tui.live.pod_route import PodRoute

PROBE_S = 1.0
"""How long a probe waits for a refusal: SPDY says yes before the port was dialled."""


async def probe(route: PodRoute) -> None:
    """Connect, say nothing and leave. Raises BackendError when there is no way, or the port refuses."""
    listening = _Listening()
    stream = await route.open(listening)
    try:
        async with asyncio.timeout(PROBE_S):
            await listening.over.wait()
    except TimeoutError:
        pass  # nobody refused: that is what was hoped for
    finally:
        stream.abort()
    if listening.error is not None:
        raise listening.error


class _Listening(asyncio.Protocol):
    """Waits for the end, or the first word, of a connection."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.error: BackendError | None = None

    def data_received(self, data: bytes) -> None:
        self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, BackendError) and not self.over.is_set():
            self.error = exc
        self.over.set()

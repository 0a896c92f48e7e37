"""Port-forwards of one cluster: each is a stream of what it is like, and lives as long as that is iterated."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from kmon_tui.backend import Stream
from kmon_tui.domain.forward import Forward, ForwardSpec
from kmon_tui.live.ending import ended
from kmon_tui.live.holding import PATIENCE_S, Holding
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.listener import Listener
from kmon_tui.live.pod_tunnels import PodTunnels
from kmon_tui.live.shared_watch import SharedWatches
from kmon_tui.live.watch import Around

GAP_S = 0.1
"""At least so long between two values."""
MOVING_S = 1.0
"""How often bytes are counted while connections are open."""


class KubeForwards:
    """Holds forwards; they share the way to the API server, its watches, and the links to the pods."""

    def __init__(
        self, client: KubeClient, own_namespace: str, around: Around | None = None, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._client = client
        self._own_namespace = own_namespace
        self._watches = SharedWatches(client, around or Around())
        self._tunnels = {alone: PodTunnels(client, alone=alone) for alone in (False, True)}
        self._patience_s = patience_s

    async def hold(self, spec: ForwardSpec, *, alone: bool = False) -> Stream[Forward]:
        """Take the local port at once, then stream; see ``backend.Tunnels``. Raises PortTaken."""
        changed = asyncio.Event()
        spec = replace(spec, target=spec.target.within(self._own_namespace))
        listener = Listener.take(spec.local_port)
        tunnels = self._tunnels[alone]
        holding = Holding(self._client, spec, listener, self._watches, tunnels, changed.set, self._patience_s)
        task = asyncio.create_task(holding.run(), name=f"forward {spec.name}")
        task.add_done_callback(lambda _: changed.set())
        try:
            last = None
            while True:
                changed.clear()
                if task.done():
                    task.result()  # only a bug ends it
                if (forward := holding.look()) != last:
                    last = forward
                    yield forward
                    await asyncio.sleep(GAP_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(MOVING_S if holding.busy else None):
                        await changed.wait()
        finally:
            listener.close()
            await ended(task)

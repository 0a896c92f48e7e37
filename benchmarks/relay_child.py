"""Child program: a local port in front of a pod's, by kmon-tui's own tunnel, as ``kubectl port-forward`` is one.

Prints its port; ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.relay import relay
from kmon_tui.live.tunnel import PodTunnel
from kmon_tui.settings import KubeSettings


class Accept(asyncio.Protocol):
    """Relays one local connection."""

    def __init__(self, tunnel: PodTunnel, tasks: asyncio.TaskGroup) -> None:
        self._tunnel, self._tasks = tunnel, tasks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._tasks.create_task(relay(transport, lambda protocol: self._tunnel.open(8080, protocol)))


async def main(folder: Path) -> None:
    """Run until stdin ends."""
    client = KubeClient(find_access(KubeSettings(kubeconfig=str(folder / "kubeconfig"))))
    async with PodTunnel(client, "default", "iris-pod") as tunnel, asyncio.TaskGroup() as tasks:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Accept(tunnel, tasks), "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.close()
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

"""Child program: many forwards of kmon-tui in one process. A line on stdin opens one, or stops one.

``open TARGET`` prints its port; ``stop PORT`` prints ``stopped``. Ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing

from kmon_tui.domain.forward import ForwardSpec, parse_target
from kmon_tui.live.forwards import KubeForwards
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.settings import KubeSettings


async def hold(forwards: KubeForwards, target: str, port: asyncio.Future[int]) -> None:
    """Hold one until cancelled."""
    async with aclosing(forwards.hold(ForwardSpec(target, parse_target(target)))) as values:
        async for value in values:
            if not port.done():
                port.set_result(value.local_port)


async def main(kubeconfig: str) -> None:
    """Obey until stdin ends."""
    client = KubeClient(find_access(KubeSettings(kubeconfig=kubeconfig)))
    forwards = KubeForwards(client, "default")
    held: dict[int, asyncio.Task[None]] = {}
    print("ready", flush=True)
    while words := (await asyncio.to_thread(sys.stdin.readline)).split():
        if words[0] == "open":
            port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(hold(forwards, words[1], port))
            held[await port] = task
            print(port.result(), flush=True)
        else:
            task = held.pop(int(words[1]))
            task.cancel()
            await asyncio.wait((task,))
            print("stopped", flush=True)
    for task in held.values():
        task.cancel()
    await asyncio.gather(*held.values(), return_exceptions=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

"""Child program: an API server with many services that change; says where it is on stdout, ends when its stdin does.

Lines on stdin: ``events RATE`` changes how much happens each second, ``log`` prints the requests so far as one line
of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time

from benchmarks import objects
from benchmarks.far_away import relay
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions

TURN_S = 0.02


async def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--forbid", default="")
    parser.add_argument("--pods", action="store_true")
    parser.add_argument("--events-per-s", type=float, default=0.0)
    parser.add_argument("--round-trip-s", type=float, default=0.0)
    options = parser.parse_args()
    async with Sandbox(SandboxOptions(world="")) as sandbox:
        for number in range(options.services):
            sandbox.api.store.put(objects.isvc(number))
            if options.pods:
                sandbox.api.store.put(objects.pod(number))
        if options.forbid:
            sandbox.api.access.forbid(Rule(resource=options.forbid))
        # What was made now stays for ever: the collector need not look at it again.
        gc.freeze()
        port = int(sandbox.api.url.rpartition(":")[2])
        async with relay(port, options.round_trip_s) as far_port, asyncio.TaskGroup() as tasks:
            config = sandbox.write_kubeconfig(
                "far.kubeconfig", sandbox.api.token, server=f"https://127.0.0.1:{far_port}"
            )
            changes = Changes(sandbox, options.services, options.events_per_s)
            changing = tasks.create_task(changes.run())
            print(f"KUBECONFIG={config}", flush=True)
            await obey(sandbox, changes)
            changing.cancel()


class Changes:
    """Services that become ready and roll again, one after the other, at an even rate."""

    def __init__(self, sandbox: Sandbox, services: int, events_per_s: float) -> None:
        self.events_per_s = events_per_s
        self._sandbox = sandbox
        self._services = services

    async def run(self) -> None:
        """Change services until cancelled."""
        done, number, began_s = 0.0, 0, time.monotonic()
        while True:
            await asyncio.sleep(TURN_S)
            now_s = time.monotonic()
            done += (now_s - began_s) * self.events_per_s
            began_s = now_s
            while done >= 1:
                done -= 1
                number += 7919  # a prime: the changes are spread over all namespaces and pages
                lap, place = divmod(number, self._services)
                self._sandbox.api.store.put(objects.isvc(place, ready=lap % 2 == 1))


async def obey(sandbox: Sandbox, changes: Changes) -> None:
    """Do what the lines of stdin say."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        word, _, rest = line.partition(" ")
        if word == "events":
            changes.events_per_s = float(rest)
        elif word == "log":
            told = [
                {"time": one.time, "verb": one.verb, "resource": one.resource, "path": one.path, "status": one.status}
                | {"agent": one.user_agent, "query": dict(one.query)}
                for one in sandbox.api.log
            ]
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

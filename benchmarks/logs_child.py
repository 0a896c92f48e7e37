"""Child program: an API server with one service whose six pods write; says where it is on stdout, ends when stdin does.

A number on a line of stdin is how many lines all pods together write each second from then on.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from datetime import UTC, datetime
from typing import Any

from benchmarks import objects
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions

PODS = 6
TURN_S = 0.05
TEXT = b"INFO: 10.0.3.17:51000 - POST /v2/models/model/infer HTTP/1.1 200 OK predict_ms=31.2 id="


async def main() -> None:
    """Serve until stdin ends."""
    async with Sandbox(SandboxOptions(world="", tls=False)) as sandbox, asyncio.TaskGroup() as tasks:
        sandbox.api.store.put(objects.isvc(0))
        names = [_put_pod(sandbox, number) for number in range(PODS)]
        gc.freeze()
        writers = Writers(sandbox, names)
        writing = tasks.create_task(writers.run())
        print(f"KUBECONFIG={sandbox.kubeconfig}", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            writers.lines_per_s = float(line)
        writing.cancel()


def _put_pod(sandbox: Sandbox, number: int) -> str:
    pod: dict[str, Any] = objects.pod(0)
    name = f"{pod['metadata']['name'][:-5]}{number}abcd"
    pod["metadata"] |= {"name": name, "uid": f"uid-{number}"}
    pod["spec"]["nodeName"] = "worker-a"
    pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": objects.SINCE}}
    sandbox.api.store.put(pod)
    return name


class Writers:
    """Pods that write at an even rate."""

    def __init__(self, sandbox: Sandbox, names: list[str]) -> None:
        self.lines_per_s = 20.0
        namespace, _ = objects.place_of(0)
        self._runs = [sandbox.api.pods.logs.run((namespace, name, "kserve-container")) for name in names]
        self._written = 0

    async def run(self) -> None:
        """Write until cancelled; what is late is made up for."""
        clock = asyncio.get_running_loop().time
        due, last_s = 0.0, clock()
        while True:
            await asyncio.sleep(TURN_S)
            now_s = clock()
            due += self.lines_per_s * (now_s - last_s)
            last_s = now_s
            each, moment = int(due / PODS), datetime.now(UTC)
            due -= each * PODS
            for run in self._runs:
                run.write((moment, TEXT + b"%08d" % (self._written + n)) for n in range(each))
                self._written += each


if __name__ == "__main__":
    asyncio.run(main())

"""A cluster whose pods a test makes, and forwards into it, for the tests of forwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from kmon_tui.domain.forward import Forward, ForwardSpec, Phase, parse_target
from kmon_tui.live.forwards import KubeForwards
from kmon_tui.live.holding import PATIENCE_S
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.watch import Around
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings
from tests.live.watching import QUICK
from tests.sandbox.one_pod import Serve

ISVC = "serving.kserve.io/inferenceservice"


def saying(word: bytes) -> Serve:
    """Give a server that says one word to whoever asks, and stays."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(word)
            await writer.drain()

    return serve


def model_pod(name: str, isvc: str = "iris", *, ready: bool = True, **labels: str) -> dict[str, Any]:
    """Make a pod of a model in Standard mode."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {ISVC: isvc, "component": "predictor", **labels}},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "kserve-container", "image": "iris"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def service(name: str, **spec: Any) -> dict[str, Any]:
    """Make a Kubernetes service."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


class Cluster:
    """An API server, the pods that were put into it, and a client."""

    def __init__(self, sandbox: Sandbox, client: KubeClient) -> None:
        self.sandbox, self.client = sandbox, client
        self.store = sandbox.api.store
        self._servers: dict[tuple[str, int], asyncio.Server] = {}
        sandbox.api.pods.dial = self._dial

    async def add(self, pod: dict[str, Any], serve: Serve | None = None, port: int = 8080) -> None:
        """Start a pod; without ``serve`` nobody listens in it."""
        if serve is not None:

            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await serve(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError):
                    pass  # the client has left: that is what some tests do
                finally:
                    writer.close()

            server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=512 * 1024, backlog=1024)
            self._servers[pod["metadata"]["name"], port] = server
        self.store.put(pod)

    def delete(self, name: str) -> None:
        """Delete a pod, and what listens in it."""
        for (pod, _), server in self._servers.items():
            if pod == name:
                server.close()
        self.store.delete("", "pods", "default", name)

    def deafen(self, name: str) -> None:
        """Stop what listens in a pod; the API server goes on saying that it is ready."""
        self._servers[name, 8080].close()

    def close(self) -> None:
        """Stop everything that listens."""
        for server in self._servers.values():
            server.close()

    async def _dial(self, pod: dict[str, Any], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        server = self._servers.get((pod["metadata"]["name"], port))
        if server is None or not server.is_serving():
            raise ConnectionRefusedError(111, "Connection refused")
        return await asyncio.open_connection(*server.sockets[0].getsockname(), limit=512 * 1024)


@asynccontextmanager
async def cluster(
    *, world: str = "empty", token: str = "", tls: bool = False, within_s: float = 60.0
) -> AsyncGenerator[Cluster, None]:
    """Run a cluster; with ``token`` it is asked by another user."""
    async with Sandbox(SandboxOptions(world=world, tls=tls, history_s=60)) as sandbox, asyncio.timeout(within_s):
        path = sandbox.write_kubeconfig("other", token) if token else sandbox.kubeconfig
        client = KubeClient(find_access(KubeSettings(kubeconfig=str(path))), rate=RateLimit(1000.0, 1000))
        made = Cluster(sandbox, client)
        if world != "empty" and sandbox.world is not None:
            sandbox.api.pods.dial = sandbox.world.dial_pod
        try:
            yield made
        finally:
            made.close()
            await client.close()


class Held:
    """A forward that is held, and what it is like now."""

    def __init__(self) -> None:
        self.seen: list[Forward] = []
        self._news = asyncio.Event()

    @property
    def now(self) -> Forward:
        """The newest one."""
        return self.seen[-1]

    @property
    def said(self) -> str:
        """Its log as one text."""
        return "\n".join(line.text for line in self.now.log)

    def saw(self, forward: Forward) -> None:
        """Take the next one."""
        self.seen.append(forward)
        self._news.set()

    async def until(self, look: Callable[[Forward], bool], within_s: float = 10.0) -> Forward:
        """Wait for a forward that is as it ought to be."""
        try:
            async with asyncio.timeout(within_s):
                while not self.seen or not look(self.now):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"this never came; last: {self.seen[-1:]}") from None
        return self.now

    async def open(self) -> Forward:
        """Wait until it is open."""
        return await self.until(lambda forward: forward.phase is Phase.OPEN)

    async def connect(self, host: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to its local port."""
        return await asyncio.open_connection(host, self.now.local_port, limit=2**20)

    async def ask(self, host: str = "127.0.0.1", size: int = 1) -> bytes:
        """Ask over a new connection and give so many bytes of the answer."""
        reader, writer = await self.connect(host)
        try:
            writer.write(b"?")
            return await reader.readexactly(size)
        finally:
            writer.close()


@asynccontextmanager
async def held(
    where: Cluster,
    target: str,
    local_port: int = 0,
    *,
    shared: bool = False,
    patience_s: float = PATIENCE_S,
    among: KubeForwards | None = None,
) -> AsyncGenerator[Held, None]:
    """Hold a forward, alone or among others."""
    forwards = among or KubeForwards(where.client, "default", Around(pace=QUICK), patience_s=patience_s)
    spec = ForwardSpec(target, parse_target(target), local_port, shared)
    watched = Held()

    async def follow() -> None:
        async with aclosing(forwards.hold(spec)) as values:
            async for forward in values:
                watched.saw(forward)

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow())
        try:
            await watched.until(lambda forward: forward.listening)
            yield watched
        finally:
            following.cancel()

"""What a pod can be asked beyond its object: logs, port-forward, eviction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from weakref import WeakSet

from aiohttp import web

from kmon_tui.sandbox.apiserver.deleting import Deleter
from kmon_tui.sandbox.apiserver.errors import bad_request, method_not_allowed
from kmon_tui.sandbox.apiserver.exchange import Exchange, answer
from kmon_tui.sandbox.apiserver.queries import is_true
from kmon_tui.sandbox.apiserver.reading import require_entry
from kmon_tui.sandbox.apiserver.shelf import DELETED, Entry
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.stream import Stream
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path
from kmon_tui.sandbox.kubelet import portforward

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[JsonObject, int], Awaitable[Connection]]
"""Connects to a port of a pod, given as its object. Raises OSError."""
LogKey = tuple[str, str, str]

_REMEMBERED_LINES = 10_000


async def dial_pod_ip(pod: JsonObject, port: int) -> Connection:
    """Connect to where the pod says that it is; its address must be a loopback one."""
    address = at_path(pod, "status.podIP") or ""
    if not str(address).startswith("127."):
        raise ConnectionRefusedError(111, "Connection refused")
    return await asyncio.open_connection(address, port)


@dataclass(slots=True)
class Logs:
    """What containers have written, by namespace, pod and container."""

    _lines: dict[LogKey, deque[tuple[datetime, str]]] = field(default_factory=dict)
    _news: dict[LogKey, asyncio.Event] = field(default_factory=dict)
    _written: dict[LogKey, int] = field(default_factory=dict)

    def write(self, namespace: str, pod: str, container: str, line: str, moment: datetime | None = None) -> None:
        """Let a container write a line."""
        key = (namespace, pod, container)
        lines = self._lines.setdefault(key, deque(maxlen=_REMEMBERED_LINES))
        lines.append((moment or datetime.now(UTC), line))
        self._written[key] = self._written.get(key, 0) + 1
        if (news := self._news.pop(key, None)) is not None:
            news.set()

    def lines(self, key: LogKey) -> list[tuple[datetime, str]]:
        """Return what a container has written, oldest first."""
        return list(self._lines.get(key, ()))

    async def follow(self, key: LogKey) -> AsyncIterator[tuple[datetime, str]]:
        """Yield the lines that a container writes from now on."""
        seen = self._written.get(key, 0)
        while True:
            await self._news.setdefault(key, asyncio.Event()).wait()
            fresh = self._written.get(key, 0) - seen
            seen += fresh
            for entry in self.lines(key)[-fresh:] if fresh else ():
                yield entry


class Pods:
    """Answers the subresources of pods."""

    def __init__(self, store: Store, deleter: Deleter) -> None:
        self._store, self._deleter = store, deleter
        self.logs = Logs()
        self.dial: Dial = dial_pod_ip

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        """Answer log, portforward or eviction."""
        pod = require_entry(self._store, exchange.target)
        match exchange.target.subresource:
            case "log":
                return await self._log(exchange, pod)
            case "portforward":
                return await self._portforward(exchange, pod)
            case "eviction" if exchange.verb == "create":
                return await self._evict(exchange)
        raise method_not_allowed()

    async def _log(self, exchange: Exchange, pod: Entry) -> web.StreamResponse:
        query = exchange.query
        container = _container(pod, query.get("container", ""))
        if not at_path(pod.object, "spec.nodeName"):
            return web.Response(status=204, headers={"Cache-Control": "no-cache, private"})
        key = (pod.namespace, pod.name, container)
        lines = self.logs.lines(key)
        if query.get("sinceSeconds", "").isdigit():
            oldest = datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
            lines = [line for line in lines if line[0] >= oldest]
        if query.get("tailLines", "").isdigit():
            lines = lines[max(0, len(lines) - int(query["tailLines"])) :]
        stamped = is_true(query, "timestamps")
        async with Stream(exchange, "text/plain") as stream:
            if lines:
                await stream.write(b"".join(_line(*line, stamped) for line in lines))
            if is_true(query, "follow"):
                async for line in self.logs.follow(key):
                    await stream.write(_line(*line, stamped))
        return stream.response

    async def _portforward(self, exchange: Exchange, pod: Entry) -> web.StreamResponse:
        if not at_path(pod.object, "spec.nodeName"):
            raise bad_request(f"pod {pod.name} does not have a host assigned")

        async def dial(port: int) -> Connection:
            current = self._store.entry("", "pods", pod.namespace, pod.name)
            if current is None or at_path(current.object, "status.phase") != "Running":
                raise ConnectionRefusedError(111, "Connection refused")
            reader, writer = await self.dial(current.object, port)
            connections.add(writer)
            return reader, writer

        connections: WeakSet[asyncio.StreamWriter] = WeakSet()
        cutting = asyncio.create_task(self._cut_when_gone(pod, connections), name=f"end of pod {pod.name}")
        try:
            return await portforward(exchange.request, dial)
        finally:
            cutting.cancel()

    async def _cut_when_gone(self, pod: Entry, connections: WeakSet[asyncio.StreamWriter]) -> None:
        """Cut the connections into a pod once it is deleted, as the end of its processes does."""
        uid = at_path(pod.object, "metadata.uid")
        with self._store.shelf("", "pods").followed() as follower:
            while changes := await follower.read():
                if any(c.type == DELETED and at_path(c.new.object, "metadata.uid") == uid for c in changes):
                    for writer in list(connections):
                        writer.transport.abort()

    async def _evict(self, exchange: Exchange) -> web.Response:
        await self._deleter.delete(exchange)
        success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
        return answer(success, 201)


def _container(pod: Entry, wanted: str) -> str:
    names = [one.get("name", "") for one in at_path(pod.object, "spec.containers") or ()]
    initial = [one.get("name", "") for one in at_path(pod.object, "spec.initContainers") or ()]
    if wanted:
        if wanted not in (*names, *initial):
            raise bad_request(f"container {wanted} is not valid for pod {pod.name}")
        return wanted
    if len(names) > 1:
        more = f" or one of the init containers: [{' '.join(initial)}]" if initial else ""
        choice = f"[{' '.join(names)}]{more}"
        raise bad_request(f"a container name must be specified for pod {pod.name}, choose one of: {choice}")
    return names[0] if names else ""


def _line(moment: datetime, text: str, stamped: bool) -> bytes:
    stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ") if stamped else ""
    return f"{stamp}{text}\n".encode()

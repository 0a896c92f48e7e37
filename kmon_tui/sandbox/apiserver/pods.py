"""What a pod can be asked beyond its object: logs, port-forward, eviction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from weakref import WeakSet

from aiohttp import web

from kmon_tui.sandbox.apiserver.deleting import Deleter
from kmon_tui.sandbox.apiserver.errors import bad_request, method_not_allowed
from kmon_tui.sandbox.apiserver.exchange import Exchange, answer
from kmon_tui.sandbox.apiserver.kinds import Kind
from kmon_tui.sandbox.apiserver.logwish import LogWish, log_run, log_wish
from kmon_tui.sandbox.apiserver.podlogs import Line, Logs
from kmon_tui.sandbox.apiserver.reading import require_entry
from kmon_tui.sandbox.apiserver.shelf import DELETED, Change, Entry
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.stream import Stream
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path
from kmon_tui.sandbox.kubelet import portforward

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[JsonObject, int], Awaitable[Connection]]
"""Connects to a port of a pod, given as its object. Raises OSError."""


async def dial_pod_ip(pod: JsonObject, port: int) -> Connection:
    """Connect to where the pod says that it is; its address must be a loopback one."""
    address = at_path(pod, "status.podIP") or ""
    if not str(address).startswith("127."):
        raise ConnectionRefusedError(111, "Connection refused")
    return await asyncio.open_connection(address, port)


class Pods:
    """Answers the subresources of pods."""

    def __init__(self, store: Store, deleter: Deleter) -> None:
        self._store, self._deleter = store, deleter
        self.logs = Logs()
        store.listeners.append(self._saw)
        self.dial: Dial = dial_pod_ip

    def _saw(self, kind: Kind, change: Change) -> None:
        if (kind.group, kind.plural) == ("", "pods") and change.type == DELETED:
            self.logs.forget(change.new.namespace, change.new.name)

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
        wish = log_wish(pod, exchange.query)
        if not at_path(pod.object, "spec.nodeName"):
            return web.Response(status=204, headers={"Cache-Control": "no-cache, private"})
        run, running = log_run(self.logs, pod, wish)
        lines, seen = wish.chosen(run), run.written
        async with Stream(exchange, "text/plain") as stream:
            room = await _write(stream, wish, lines, wish.limit_bytes)
            if wish.follow and running:
                async for fresh in run.follow(seen):
                    if room is not None and room <= 0:
                        break
                    room = await _write(stream, wish, fresh, room)
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


async def _write(stream: Stream, wish: LogWish, lines: Sequence[Line], room: int | None) -> int | None:
    """Write lines; give how many bytes there is room for after them."""
    data = b"".join(wish.written(*line) for line in lines)
    if room is not None:
        data = data[:room]
    if data:
        await stream.write(data)
    return None if room is None else room - len(data)

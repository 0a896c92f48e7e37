"""The model servers of all pods: each pod has its own loopback address, with the ports that it has in a cluster."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import time
from types import TracebackType
from typing import TypeAlias

from aiohttp import web

from kmon_tui.sandbox.models_front import FrontPod
from kmon_tui.sandbox.models_pod import ModelPod

Serving: TypeAlias = ModelPod | FrontPod

_TRIES = 20


class Models:
    """Serving pods by (namespace, name)."""

    def __init__(self) -> None:
        self._pods: dict[tuple[str, str], ModelPod] = {}
        self._by_ip: dict[str, Serving] = {}
        self._ips: dict[tuple[str, str], str] = {}
        self._real: dict[tuple[str, int], int] = {}
        """Where a pod's port really is on 127.0.0.1, on systems with one loopback address only."""
        self._by_real: dict[int, tuple[Serving, int]] = {}
        self._sites: dict[str, list[web.TCPSite]] = {}
        self._runner: web.ServerRunner | None = None
        self._block = (random.randrange(64, 127), random.randrange(1, 255))
        self._next = 0
        self.own_addresses = True
        """Whether each pod has an address of its own; False: pods have ports of 127.0.0.1 and invented addresses."""

    async def __aenter__(self) -> Models:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None))
        await self._runner.setup()
        self.own_addresses = _can_bind(f"127.{self._block[0]}.{self._block[1]}.1")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def __getitem__(self, key: tuple[str, str]) -> ModelPod:
        return self._pods[key]

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._pods

    def new_ip(self) -> str:
        """Give an address that no other pod has."""
        self._next += 1
        high, low = divmod(self._next, 250)
        if self.own_addresses:
            return f"127.{self._block[0]}.{(self._block[1] + high) % 256}.{low + 2}"
        return f"10.244.{high}.{low + 2}"

    async def add(self, pod: Serving, ip: str) -> None:
        """Let a pod listen at its address."""
        key = (pod.plan.namespace, pod.plan.name)
        if isinstance(pod, ModelPod):
            self._pods[key] = pod
        self._ips[key] = ip
        self._by_ip[ip] = pod
        for port in pod.ports:
            await self._listen(pod, ip, port)

    async def remove(self, namespace: str, name: str) -> None:
        """Let a pod's servers go; connections that are open are cut."""
        pod = self._pods.pop((namespace, name), None)
        if pod is None:
            return
        ip = self._ips.pop((namespace, name))
        self._by_ip.pop(ip, None)
        for port in pod.ports:
            real = self._real.pop((ip, port), None)
            if real is not None:
                self._by_real.pop(real, None)
        for site in self._sites.pop(ip, ()):
            await site.stop()

    def page(self, address: str, path: str) -> str:
        """Give the page of metrics at ``ip:port``. OSError when nobody listens, LookupError for another path."""
        ip, _, port = address.rpartition(":")
        pod = self._by_ip.get(ip)
        if pod is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "connection refused")
        return pod.page(int(port), path, round(time.time(), 1))

    async def dial(self, namespace: str, name: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port of a pod. OSError when nobody listens there."""
        ip = self._ips.get((namespace, name))
        pod = self._by_ip.get(ip) if ip is not None else None
        if ip is None or pod is None or port not in pod.ports:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "connection refused")
        if pod.refuses and port not in (8012, 9091):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "connection refused")
        real = self._real.get((ip, port))
        return await (asyncio.open_connection(ip, port) if real is None else asyncio.open_connection("127.0.0.1", real))

    async def _listen(self, pod: Serving, ip: str, port: int) -> None:
        try:
            if self.own_addresses:
                await self._open(ip, ip, port)
                return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise  # else: a program of this machine has the port at all addresses
        server = await self._open(ip, "127.0.0.1", 0)
        if server is not None:
            real = int(server.sockets[0].getsockname()[1])
            self._real[ip, port] = real
            self._by_real[real] = (pod, port)

    async def _open(self, ip: str, address: str, port: int) -> asyncio.Server | None:
        if self._runner is None:
            raise RuntimeError("not started")
        site = web.TCPSite(self._runner, address, port)
        await site.start()
        self._sites.setdefault(ip, []).append(site)
        server = site._server  # aiohttp tells the chosen port nowhere else
        return server if isinstance(server, asyncio.Server) else None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        place = request.transport.get_extra_info("sockname") if request.transport else None
        if place is None:
            return web.Response(status=503)
        pod, port = self._by_real.get(place[1], (self._by_ip.get(place[0]), place[1]))
        if pod is None:
            return web.Response(status=503)
        return await pod.answer(request, port)


def _can_bind(ip: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((ip, 0))
        except OSError:
            return False
    return True

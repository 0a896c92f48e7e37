"""One forward that is held: a port that listens as long as it is wished, and whichever pod is behind it now."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.errors import BackendError, Forbidden, TimedOut, Unauthorized
from kmon_tui.domain.forward import Forward, ForwardSpec, Phase
from kmon_tui.live.asking import REFUSED_FOR_S
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.listener import Listener
from kmon_tui.live.peer_uid import can_tell, is_mine
from kmon_tui.live.pod_route import PodPort, PodRoute
from kmon_tui.live.pod_stream import PodStream
from kmon_tui.live.relay import relay, reset
from kmon_tui.live.targets import NotYet, TargetPods
from kmon_tui.live.watch import Around

PATIENCE_S = 15.0
"""How long a connection waits for a pod."""
AGAIN_S = 0.2
"""How soon it looks again."""
AVOID_S = 10.0
"""A pod that failed is not the first choice for so long."""
PROBE_S = 1.0
"""How long a probe waits for a refusal: SPDY says yes before the port was dialled."""
PROBE_EVERY_S = 30.0
"""How often an open forward without connections is probed."""


class Holding:
    """Listens from its making on; ``run`` connects what comes with the pod."""

    def __init__(
        self,
        client: KubeClient,
        spec: ForwardSpec,
        listener: Listener,
        around: Around,
        changed: Callable[[], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._listener = listener
        self._tell = changed
        self._patience_s = patience_s
        self._pods = TargetPods(client, spec.target, around, self._pods_changed)
        self._client = client
        self._route: PodRoute | None = None
        self._streams: dict[int, PodStream] = {}
        self._arrived = 0
        self._bytes_in = self._bytes_out = 0
        """Of the connections that are over."""
        self._avoided: dict[str, float] = {}
        self._stir = asyncio.Event()
        """Set when there is a reason to probe now."""
        self._new_pods = asyncio.Event()
        self._shared = spec.shared or not can_tell()
        self._forward = Forward(
            spec=spec,
            phase=Phase.OPENING,
            local_port=listener.port,
            hosts=listener.hosts,
            since=datetime.now(UTC),
        )
        self._log(f"listening on {', '.join(listener.hosts)} port {listener.port}")

    def look(self) -> Forward:
        """Give how it is now; a connection that has brought bytes proves that it works."""
        if self._forward.phase is not Phase.OPEN and any(stream.received for stream in self._streams.values()):
            self._works()
        moved = [(stream.received, stream.sent) for stream in self._streams.values()]
        return replace(
            self._forward,
            connections=len(self._streams),
            bytes_in=self._bytes_in + sum(received for received, _ in moved),
            bytes_out=self._bytes_out + sum(sent for _, sent in moved),
        )

    @property
    def busy(self) -> bool:
        """Whether connections are open, so that bytes may flow unannounced."""
        return bool(self._streams)

    async def run(self) -> None:
        """Serve until cancelled; then the port is free and every connection closed."""
        locals_: set[asyncio.Transport] = set()
        async with asyncio.TaskGroup() as tasks:
            route = self._route = PodRoute(self._client, self._find, tasks)

            def arrived(local: asyncio.Transport) -> None:
                self._arrived += 1
                locals_.add(local)
                task = tasks.create_task(self._join(local, self._arrived), name=f"connection {self._arrived}")
                task.add_done_callback(
                    lambda _: locals_.difference_update([one for one in locals_ if one.is_closing()])
                )

            try:
                tasks.create_task(self._pods.run(), name=f"pods of {self._forward.spec.target}")
                tasks.create_task(self._probe_now_and_then(), name=f"probe {self._forward.spec.target}")
                await self._listener.serve(arrived)
            finally:
                route.close()
                for local in locals_:
                    reset(local)

    # The pods.

    def _pods_changed(self) -> None:
        """Leave a pod that goes before it is gone, and make the way to the next one before somebody needs it."""
        before = self._route.place if self._route is not None else None
        try:
            places = self._pods.places()
        except BackendError as error:
            places = ()
            self._without_pods(error)
        if before not in places:
            if self._route is not None:
                self._route.suspect()
            self._stir.set()
        if places:
            self._new_pods.set()
            self._new_pods = asyncio.Event()
            if self._forward.phase is Phase.WAITING:
                self._put(phase=Phase.OPENING, error="", hint="")

    def _without_pods(self, error: BackendError) -> None:
        if isinstance(error, NotYet):
            return
        refused = isinstance(error, Forbidden | Unauthorized)
        self._put(phase=Phase.FAILING if refused else Phase.WAITING, error=error.message, hint=error.hint, pod="")

    async def _find(self, before: PodPort | None) -> PodPort:
        now_s = time.monotonic()
        places = sorted(self._pods.places(), key=lambda place: now_s < self._avoided.get(place.pod, 0.0))
        good = [place for place in places if now_s >= self._avoided.get(place.pod, 0.0)]
        chosen = before if before is not None and before in (good or places) else places[0]
        if (chosen.pod, chosen.port) != (self._forward.pod, self._forward.pod_port):
            self._put(pod=chosen.pod, pod_port=chosen.port)
            self._log(f"new connections go to pod {chosen.pod}, port {chosen.port}")
        return chosen

    def _avoid(self) -> None:
        if self._route is not None:
            if self._route.place is not None:
                self._avoided[self._route.place.pod] = time.monotonic() + AVOID_S
            self._route.suspect()

    # The connections.

    async def _join(self, local: asyncio.Transport, number: int) -> None:
        if not self._shared and not self._is_mine(local, number):
            reset(local)
            return

        def ended(error: BackendError | None) -> None:
            self._over(number, error)

        async def open_pod(protocol: asyncio.Protocol) -> asyncio.Transport:
            stream = self._streams[number] = await self._open(protocol)
            self._tell()
            return stream

        try:
            await relay(local, open_pod, ended)
        except BackendError as error:
            self._log(f"connection {number}: {error.message}")

    def _is_mine(self, local: asyncio.Transport, number: int) -> bool:
        peer, own = local.get_extra_info("peername"), local.get_extra_info("sockname")
        if peer is None or own is None:
            return False
        mine = is_mine((peer[0], peer[1]), (own[0], own[1]))
        if not mine:
            self._log(f"connection {number} of another user was refused: this forward is for you only")
        return mine

    async def _open(self, protocol: asyncio.Protocol) -> PodStream:
        """Connect to the pod, to another one, or wait for one. Raises BackendError when there is no way in time."""
        assert self._route is not None
        clock = asyncio.get_running_loop().time
        until_s = clock() + self._patience_s
        while True:
            try:
                return await self._route.open(protocol)
            except (Forbidden, Unauthorized) as error:
                self._fails(error)
                raise
            except BackendError as error:
                failure = error
                self._avoid()
            if clock() >= until_s:
                raise TimedOut(f"closed after {self._patience_s:g} s: {failure.message}", failure.hint) from failure
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._new_pods.wait()

    def _over(self, number: int, error: BackendError | None) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._bytes_in += stream.received
            self._bytes_out += stream.sent
        if error is None:
            if stream is not None and stream.received:
                self._works()
        else:
            self._log(f"connection {number}: {error.message}")
            self._put(error=f"connection {number}: {error.message}", hint=error.hint)
            if not isinstance(error, TimedOut):  # that is a local reader, and no fault of the pod
                self._avoid()
                self._stir.set()
        self._tell()

    # The probes.

    async def _probe_now_and_then(self) -> None:
        """Look whether the pod answers: at the start, when there is doubt, and now and then while nobody connects."""
        clock = asyncio.get_running_loop().time
        backoff = Backoff()
        while True:
            self._stir.clear()
            began_s, wait_s = clock(), PROBE_EVERY_S
            try:
                await self._probe()
                self._works(probed=True)
                backoff = Backoff()
            except BackendError as error:
                backoff = backoff.failed(clock() - began_s)
                wait_s = backoff.wait_s(random.random())
                if isinstance(error, Forbidden):
                    wait_s = REFUSED_FOR_S
                if self._pods_known():
                    self._fails(error)
                    self._avoid()
            stirred = await self._stirred(wait_s)
            if not stirred and self.busy and self._forward.phase is Phase.OPEN:
                await self._stirred(PROBE_EVERY_S)

    async def _stirred(self, wait_s: float) -> bool:
        try:
            async with asyncio.timeout(wait_s):
                await self._stir.wait()
        except TimeoutError:
            return False
        return True

    def _pods_known(self) -> bool:
        try:
            return bool(self._pods.places())
        except BackendError:
            return False

    async def _probe(self) -> None:
        """Connect and listen for a refusal. Raises BackendError."""
        assert self._route is not None
        probe = _Probe()
        stream = await self._route.open(probe)
        try:
            async with asyncio.timeout(PROBE_S):
                await probe.over.wait()
        except TimeoutError:
            pass  # nobody refused: that is what was hoped for
        finally:
            stream.abort()
        if probe.error is not None:
            raise probe.error

    # What is told.

    def _works(self, *, probed: bool = False) -> None:
        if self._forward.phase is not Phase.OPEN:
            self._log(f"pod {self._forward.pod} answers")
            self._put(phase=Phase.OPEN, error="", hint="")
        elif self._forward.error and not probed:
            self._put(error="", hint="")

    def _fails(self, error: BackendError) -> None:
        if (self._forward.phase, self._forward.error) != (Phase.FAILING, error.message):
            self._log(error.message)
        self._put(phase=Phase.FAILING, error=error.message, hint=error.hint)

    def _log(self, text: str) -> None:
        self._forward = self._forward.with_line(datetime.now(UTC), text)
        self._tell()

    def _put(self, **changes: object) -> None:
        changed = replace(self._forward, **changes)  # type: ignore[arg-type]  # names and types are those of Forward
        if changed != self._forward:
            if changed.phase is Phase.WAITING and self._forward.phase is not Phase.WAITING:
                changed = changed.with_line(datetime.now(UTC), changed.error)
            self._forward = changed
            self._tell()


class _Probe(asyncio.Protocol):
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

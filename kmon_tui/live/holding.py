"""One forward that is held: a port that listens as long as it is wished, and whichever pod is behind it now."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.errors import BackendError, Forbidden, TimedOut, Unauthorized
from kmon_tui.domain.forward import Forward, ForwardSpec, Phase
from kmon_tui.live.asking import REFUSED_FOR_S
from kmon_tui.live.early import Early
from kmon_tui.live.forward_row import ForwardRow
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.listener import Listener
from kmon_tui.live.peer_uid import can_tell, is_me, peer_uid
from kmon_tui.live.pod_choice import PodChoice
from kmon_tui.live.pod_route import PodPort, PodRoute
from kmon_tui.live.pod_stream import PodStream, Unanswered
from kmon_tui.live.pod_tunnels import PodTunnels
from kmon_tui.live.probe import probe
from kmon_tui.live.relay import Elsewhere, Ended, halves, join, relay, reset
from kmon_tui.live.shared_watch import SharedWatches
from kmon_tui.live.targets import NotYet, TargetPods

PATIENCE_S = 15.0
"""How long a connection waits for a pod."""
AGAIN_S = 0.2
"""How soon it looks again."""
PROBE_EVERY_S = 30.0
"""How often an open forward without connections is probed."""


class Holding:
    """Listens from its making on; ``run`` connects what comes with the pod."""

    def __init__(
        self,
        client: KubeClient,
        spec: ForwardSpec,
        listener: Listener,
        watches: SharedWatches,
        tunnels: PodTunnels,
        changed: Callable[[], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._tunnels = tunnels
        self._listener = listener
        self._tell = changed
        self._patience_s = patience_s
        self._pods = TargetPods(client, watches, spec.target, self._pods_changed)
        self._choice = PodChoice(self._pods)
        self._route: PodRoute | None = None
        self._streams: dict[int, PodStream] = {}
        self._count = 0
        self._locals: dict[int, asyncio.Transport] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._bytes_in = self._bytes_out = 0
        """Of the connections that are over."""
        self._stir = asyncio.Event()
        """Set when there is a reason to probe now."""
        self._new_pods = asyncio.Event()
        self._shared = spec.shared or not can_tell()
        self._row = ForwardRow(spec, listener.port, listener.hosts, changed)

    def look(self) -> Forward:
        """Give how it is now; a connection that has brought bytes proves that it works."""
        if self._row.value.phase is not Phase.OPEN and any(stream.received for stream in self._streams.values()):
            self._row.works()
        moved = [(stream.received, stream.sent) for stream in self._streams.values()]
        return replace(
            self._row.value,
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
        async with asyncio.TaskGroup() as tasks:
            self._route, self._tasks = PodRoute(self._tunnels, self._find, tasks), tasks
            try:
                tasks.create_task(self._pods.run(), name=f"pods of {self._row.value.spec.target}")
                tasks.create_task(self._probe_now_and_then(), name=f"probe {self._row.value.spec.target}")
                await self._listener.serve(self._arrived)
            finally:
                self._route.close()
                for local in self._locals.values():
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
            self._row.opens()

    def _without_pods(self, error: BackendError) -> None:
        if isinstance(error, NotYet):
            return
        if isinstance(error, Forbidden | Unauthorized):
            self._row.fails(error)
            self._row.put(pod="")
        else:
            self._row.waits(error)

    async def _find(self, before: PodPort | None) -> PodPort:
        chosen = self._choice.choose(before)
        self._row.leads_to(chosen)
        return chosen

    def _avoid(self, pod: str = "") -> None:
        """Prefer another pod to this one, or to the one in use, for a while."""
        if self._route is not None:
            in_use = self._route.place.pod if self._route.place is not None else ""
            self._choice.avoid(pod or in_use)
            self._route.suspect()

    # The connections.

    def _arrived(self, local: Early) -> None:
        """Join a connection with the pod, in this turn of the loop when the way is open."""
        assert self._route is not None
        assert self._tasks is not None
        self._count += 1
        number = self._count
        if not (self._shared or self._is_mine(local.transport, number)):
            reset(local.transport)
            return
        self._locals[number] = local.transport
        near, far = halves(*self._ears(number))
        stream = self._route.now(far)
        if stream is not None:
            self._joined(number, stream)
            join(local, near, far)
        else:
            self._tasks.create_task(self._join(local, number), name=f"connection {number}")

    async def _join(self, local: Early, number: int) -> None:
        async def open_pod(protocol: asyncio.Protocol) -> asyncio.Transport:
            stream = await self._open(protocol)
            self._joined(number, stream)
            return stream

        try:
            await relay(local, open_pod, *self._ears(number))
        except BackendError as error:
            self._locals.pop(number, None)
            self._row.log(f"connection {number}: {error.message}")

    def _ears(self, number: int) -> tuple[Ended, Elsewhere]:
        """Give what hears how a connection ended, and what takes it to another pod when this one has not had it."""

        def ended(error: BackendError | None) -> None:
            self._over(number, error)

        def elsewhere(error: BackendError, take: Callable[[], Early]) -> bool:
            stream = self._streams.get(number)
            pod = stream.get_extra_info("pod") if stream is not None else ""
            same = isinstance(error, Unanswered)
            if self._tasks is None or not (same or self._choice.any_but(pod)):
                return False
            self._streams.pop(number, None)
            if not same:
                self._avoid(pod)
            self._stir.set()
            self._row.log(
                f"connection {number}: {error.message}; on {'over another link' if same else 'to another pod'}"
            )
            self._tasks.create_task(self._join(take(), number), name=f"connection {number}")
            return True

        return ended, elsewhere

    def _joined(self, number: int, stream: PodStream) -> None:
        self._streams[number] = stream
        self._tell()

    def _is_mine(self, local: asyncio.Transport, number: int) -> bool:
        peer, own = local.get_extra_info("peername"), local.get_extra_info("sockname")
        uid = peer_uid(peer[:2], own[:2]) if peer and own else None
        if uid is None:
            self._row.log(f"connection {number} was left before it could be told whose it is, and closed")
        elif not is_me(uid):
            self._row.log(f"connection {number} of another user was refused: this forward is for you only")
        return uid is not None and is_me(uid)

    async def _open(self, protocol: asyncio.Protocol) -> PodStream:
        """Connect to the pod, to another one, or wait for one. Raises BackendError when there is no way in time."""
        assert self._route is not None
        clock = asyncio.get_running_loop().time
        until_s = clock() + self._patience_s
        while True:
            try:
                return await self._route.open(protocol)
            except (Forbidden, Unauthorized) as error:
                self._row.fails(error)
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
        self._locals.pop(number, None)
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._bytes_in += stream.received
            self._bytes_out += stream.sent
        if error is None:
            if stream is not None and stream.received:
                self._row.works()
        else:
            self._row.log(f"connection {number}: {error.message}")
            self._row.put(error=f"connection {number}: {error.message}", hint=error.hint)
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
            assert self._route is not None
            try:
                await probe(self._route)
                self._row.works(probed=True)
                backoff = Backoff()
            except BackendError as error:
                backoff = backoff.failed(clock() - began_s)
                wait_s = backoff.wait_s(random.random())
                if isinstance(error, Forbidden):
                    wait_s = REFUSED_FOR_S
                if self._choice.any():
                    self._row.fails(error)
                    self._avoid()
            stirred = await self._stirred(wait_s)
            if not stirred and self.busy and self._row.value.phase is Phase.OPEN:
                await self._stirred(PROBE_EVERY_S)

    async def _stirred(self, wait_s: float) -> bool:
        try:
            async with asyncio.timeout(wait_s):
                await self._stir.wait()
        except TimeoutError:
            return False
        return True

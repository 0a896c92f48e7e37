"""Everything that is watched of one namespace, or of all: the kinds that exist, their pods, what may not be seen.

An idle fleet of any size costs at most five watches: one for each kind that exists, one for the pods of
InferenceServices, and one for the pods of LLMInferenceServices, those of graphs and autoscalers, once there are such
objects. Where there are several of the latter, they are watched in turns: a selector knows no "or" over two labels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.fleet import GONE, IN_TURNS, Fleet
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Kind
from kmon_tui.live.asking import REFUSED_FOR_S
from kmon_tui.live.codec import Codec
from kmon_tui.live.discovery import PLURALS, likely_kinds, questions, server_version, sure_kinds
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.pulse import Pulse
from kmon_tui.live.resource import Resource
from kmon_tui.live.room import Room
from kmon_tui.live.row_sinks import PodSink, ServedSink
from kmon_tui.live.rows import Rows
from kmon_tui.live.scalers import Scalers
from kmon_tui.live.shapes import PodObject, Served
from kmon_tui.live.watch import COMING, Around, Follower, failing
from kmon_tui.live.watched import Watched

MOST_WATCHES = 5

_LOCAL = "BadAnswer"
"""The kind of failure that may be of one resource alone: a conversion webhook that is down, an overloaded list."""

POD_SELECTORS = {
    Kind.ISVC: "serving.kserve.io/inferenceservice",
    Kind.LLM: "app.kubernetes.io/part-of=llminferenceservice",
    Kind.GRAPH: "serving.kserve.io/inferencegraph",
}
"""Labels that only pods of models have."""


class Scope:
    """Watches one namespace, or all (None), and knows the fleet of it."""

    def __init__(
        self, client: KubeClient, namespace: str | None, around: Around, changed: Callable[[], None], note: str = ""
    ) -> None:
        self.namespace = namespace
        self.refused = False
        """The rows may not be listed in all namespaces."""
        self._client, self._around, self._changed = client, around, changed
        self._note = note
        self._rows = Rows(around.quiet)
        self._kinds = {kind: Watched() for kind in Kind}
        self._pods = {kind: Watched() for kind in Kind}
        self._scalers = Scalers(client, namespace, around, self._rows, changed)
        self._served, self._pod = Codec(Served), Codec(PodObject)
        self._room = Room()
        """Of the pods of all kinds but the first."""
        self._allowed = asyncio.Event()
        """Set once it is clear that this scope may be seen: until then only the first kind asks."""
        if namespace is not None:
            self._allowed.set()
        self._complete = asyncio.Event()
        """Set with the first complete fleet."""
        self._looked = False
        self._looking = Health()
        self._pulse = Pulse(client, around.pace, changed, self._reopen)
        self._server_version = ""

    def narrowed(self, namespace: str, note: str) -> Scope:
        """Give the same for one namespace, without asking again what is known of the server."""
        scope = Scope(self._client, namespace, self._around, self._changed, note)
        scope._server_version = self._server_version
        scope._found({kind: watched.base for kind, watched in self._kinds.items() if watched.base})
        return scope

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look(), name="look for kinds")
            tasks.create_task(self._ask_version(), name="server version")
            tasks.create_task(self._pulse.run(), name="feel the pulse")
            tasks.create_task(self._tell_login(), name="tell of a slow login")
            for kind in Kind:
                tasks.create_task(self._keep(kind), name=f"watch {kind}")
                tasks.create_task(self._keep_pods(kind), name=f"watch pods of {kind}")
            tasks.create_task(self._keep_scalers(), name="watch autoscalers")

    @property
    def synced(self) -> bool:
        """Whether everything that can be known at the start is known."""
        if not self._looked:
            return False
        present = [kind for kind in Kind if self._kinds[kind].base]
        if not all(self._kinds[kind].settled for kind in present):
            return False
        if present and not any(self._kinds[kind].shown for kind in present):
            return False
        first = self._first_kind()
        if first is not None and not self._kinds[first].shown and self._kinds[first].refused is None:
            return False
        return all(self._pods[kind].settled for kind in present if self._kinds[kind].any.is_set())

    @property
    def health(self) -> Health:
        """Of the way to the API: that of the first kind, and failures of others that are not theirs alone."""
        first = self._first_kind()
        if first is None and self._looking.status is Status.FAILING:
            return self._looking
        if first is not None and self._kinds[first].health.status is Status.FAILING:
            return self._kinds[first].health
        for watched in self._all():
            if watched.health.status is Status.FAILING and watched.health.kind != _LOCAL:
                return watched.health
        if self.synced and self._pulse.health.status is Status.FAILING:
            return self._pulse.health
        refusals = [w.refused for w in self._kinds.values() if w.refused is not None]
        # Who may list but not watch sees the list first; and what is refused first is not all that was asked for.
        asked = [watched for watched in self._kinds.values() if watched.base]
        more_comes = not self.synced and any(watched.shown or not watched.settled for watched in asked)
        if refusals and not more_comes and not any(watched.listed for watched in self._kinds.values()):
            return failing(refusals[0])
        return Health(Status.LIVE) if self.synced and self._kinds_whole else Health(Status.STARTING)

    @property
    def _kinds_whole(self) -> bool:
        """Whether no list of rows is only coming, after the server was away."""
        return all(watched.health != COMING for watched in self._kinds.values() if watched.shown)

    def _all(self) -> tuple[Watched, ...]:
        return (*self._kinds.values(), *self._pods.values())

    @property
    def scaled(self) -> bool:
        """Whether all is known of autoscalers that can be known at the start."""
        return self.synced and (not self._kinds[Kind.ISVC].any.is_set() or self._scalers.watched.settled)

    def fleet(self) -> Fleet:
        """Give all that is known now."""
        for kind, pods in self._pods.items():
            self._rows.know_pods(kind, pods.listed)
        if self.synced:
            self._complete.set()
        return Fleet(
            services=self._rows.build(),
            synced=self.synced,
            health=self.health,
            namespace=self.namespace,
            kinds=tuple(kind for kind in Kind if self._kinds[kind].base),
            notes=tuple(self._notes()),
            hidden={kind: str(one.refused) for kind, one in self._kinds.items() if one.refused and not one.shown},
            server_version=self._server_version,
            edition=self._rows.edition,
            scaled=self.scaled,
        )

    def _notes(self) -> list[str]:
        notes = [note for note in (self._note, "" if self.synced else self._client.waiting) if note]
        for kind, watched in self._kinds.items():
            if watched.gone:
                notes.append(f"{PLURALS[kind]} {GONE}, which is looked for again")
            what = ": what is shown may be old" if watched.shown else ": they are not shown"
            notes += [f"{watched.refused}{what}"] if watched.refused is not None else []
        refused = {f"{w.refused}: replicas are not known" for w in self._pods.values() if w.refused is not None}
        notes += sorted(refused)
        for kind in Kind:
            for watched, what in ((self._kinds[kind], PLURALS[kind]), (self._pods[kind], f"pods of {PLURALS[kind]}")):
                if watched.health.status is Status.FAILING and watched.health.kind == _LOCAL:
                    notes.append(f"{what} are {'old' if watched.listed else 'not known'}: {watched.health.error}")
        if isinstance(self._scalers.watched.refused, Forbidden):
            notes.append(f"{self._scalers.watched.refused}: one that fails is seen in an opened service only")
        if self._room.shared:
            pods = [f"replicas of {PLURALS[kind]}" for kind in (Kind.LLM, Kind.GRAPH) if self._kinds[kind].any.is_set()]
            guests = " and ".join([*pods, *(["autoscalers"] if self._scalers.watched.listed else [])])
            late = f"up to {len(pods) * self._around.pace.turn_s:.0f} s late"
            notes.append(f"{guests} {IN_TURNS}, {late}: {MOST_WATCHES} watches at most")
        return notes

    async def _keep(self, kind: Kind) -> None:
        """Follow one kind whenever it exists and may be seen."""
        watched, sink = self._kinds[kind], ServedSink(self._rows, kind)

        def changed() -> None:
            if not watched.any.is_set():
                self._allowed.set()
                if sink:
                    watched.any.set()
            self._changed()

        while True:
            await watched.known.wait()
            if kind is not self._first_kind():
                await self._allowed.wait()
            resource = Resource(watched.base, PLURALS[kind])
            follower = Follower(self._client, resource, self.namespace, self._served, sink, changed, self._around)
            watched.follower, watched.refused = follower, None
            try:
                await follower.run()
            except NotFound:
                watched.leave()
                sink.only(set())
                changed()
            except Forbidden as error:
                watched.refused = error
                if not follower.listed:
                    sink.only(set())
                    self.refused = self.namespace is None and kind is self._first_kind()
                if self.refused:
                    self._changed()  # the others wait in vain: this scope is over
                else:
                    changed()
                await asyncio.sleep(REFUSED_FOR_S)

    def _first_kind(self) -> Kind | None:
        return next((kind for kind in Kind if self._kinds[kind].base), None)

    async def _keep_pods(self, kind: Kind) -> None:
        """Follow the pods of one kind, once there is any row that may have some."""
        rows, watched = self._kinds[kind], self._pods[kind]
        # Pods of InferenceServices are asked for at once: nearly everybody has some.
        await (rows.known if kind is Kind.ISVC else rows.any).wait()
        await self._allowed.wait()
        room = None if kind is Kind.ISVC else self._room
        resource, sink = Resource("/api/v1", "pods", POD_SELECTORS[kind]), PodSink(self._rows)

        def changed() -> None:
            self._rows.know_pods(kind, watched.listed)  # at once: rows that come now are made with their pods
            self._changed()

        while True:
            follower = Follower(self._client, resource, self.namespace, self._pod, sink, changed, self._around, room)
            watched.follower, watched.refused = follower, None
            try:
                await follower.run()
            except (Forbidden, NotFound) as error:
                watched.refused = error
                sink.only(set())
                self._changed()
                await asyncio.sleep(REFUSED_FOR_S)

    async def _keep_scalers(self) -> None:
        """Follow the autoscalers of services, once the rows are there."""
        await self._kinds[Kind.ISVC].any.wait()
        await self._complete.wait()
        await asyncio.sleep(self._around.pace.scalers_s)
        await self._scalers.run(self._room)

    async def _until_answered(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask until there is an answer, or a refusal."""
        backoff = self._around.pace.backoff
        while True:
            try:
                await ask()
                self._looking = Health(Status.LIVE)
                return
            except (Forbidden, NotFound):
                return
            except BackendError as error:
                if self._first_kind() is None:  # else what is watched tells, and the pulse
                    self._looking = failing(error)
                    self._changed()
                backoff = backoff.failed(0.0)
                await asyncio.sleep(max(backoff.wait_s(self._around.chance()), error.retry_after_s or 0.0))

    async def _look(self) -> None:
        """Find the kinds, and look again for those that are missing: somebody may install KServe now."""
        if not self._looked:
            await self._until_answered(self._look_first)
        while True:
            await asyncio.sleep(self._around.pace.ask_s * max(1, questions(self._missing)))
            await self._until_answered(self._look_again)

    async def _look_first(self) -> None:
        self._found(await likely_kinds(self._client))

    async def _look_again(self) -> None:
        if missing := self._missing:
            self._found(await sure_kinds(self._client, missing))

    @property
    def _missing(self) -> list[Kind]:
        return [kind for kind in Kind if not self._kinds[kind].base]

    def _reopen(self) -> None:
        """Open all watches anew: those from before an interruption may never say a word again."""
        for watched in (*self._all(), self._scalers.watched):
            if watched.follower is not None:
                watched.follower.reopen()

    async def _tell_login(self) -> None:
        """Until the first lists are there, say when it is the login plugin that nobody hears of."""
        told = ""
        while not self.synced:
            if (now := self._client.waiting) != told:
                told = now
                self._changed()
            await asyncio.sleep(0.5)

    async def _ask_version(self) -> None:
        async def ask() -> None:
            self._server_version = await server_version(self._client)
            self._changed()

        if not self._server_version:
            await asyncio.sleep(self._around.pace.version_s)
            await self._until_answered(ask)

    def _found(self, bases: dict[Kind, str]) -> None:
        self._looked = True
        for kind, base in bases.items():
            self._kinds[kind].found(base)
        self._changed()

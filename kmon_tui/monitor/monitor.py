"""The monitor: runs the sources of one context, keeps the State, obeys commands."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from kmon_tui.backend import Backend, Metrics, OpenBackend
from kmon_tui.domain.backoff import Backoff
from kmon_tui.domain.command import (
    Awake,
    Cancel,
    ChooseFamily,
    ChoosePrometheus,
    CloseForward,
    Command,
    Deploy,
    Examine,
    FollowLogs,
    LookAt,
    OpenForward,
    OpenService,
    Predict,
    PreparePredict,
    Refresh,
    Rehearse,
    RemoveForward,
    SaveBody,
    SaveForward,
    SaveLogs,
    ScrapePods,
    StartForward,
    SwitchContext,
    SwitchNamespace,
)
from kmon_tui.domain.errors import BackendError, KmonError
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Status
from kmon_tui.domain.state import KUBERNETES, PROMETHEUS, State
from kmon_tui.monitor.choosing import Followed, forgotten, offered, remember
from kmon_tui.monitor.errands import Errands, Tell
from kmon_tui.monitor.forwards import Forwards
from kmon_tui.monitor.inside import Inside
from kmon_tui.monitor.interest import Looked
from kmon_tui.monitor.news import News
from kmon_tui.monitor.store import Store
from kmon_tui.monitor.supervise import supervise
from kmon_tui.settings import KubeSettings, PrometheusSettings, Settings
from kmon_tui.settings.chosen import chosen
from kmon_tui.settings.forwards import ForwardsFile
from kmon_tui.settings.remembered import PrometheusMemory

if TYPE_CHECKING:  # only a name here: nobody saves logs before the first paint
    from kmon_tui.settings.saved_logs import SavedLogs

CANCEL_AGAIN_S = 3.0
SettingsFor = Callable[[Settings, str], Settings]
"""The settings to use in another context."""


def elsewhere(settings: Settings, context: str) -> Settings:
    """Give the settings for another context, without what was said of this cluster alone: token, server, Prometheus."""
    kube = settings.kube
    kept = KubeSettings(
        kubeconfig=kube.kubeconfig,
        context=context,
        all_namespaces=kube.all_namespaces,
        as_user=kube.as_user,
        as_groups=kube.as_groups,
        as_uid=kube.as_uid,
        request_timeout_s=kube.request_timeout_s,
    )
    return replace(settings, kube=kept, prometheus=PrometheusSettings())


class Monitor:
    """Keeps one State from the sources of one context at a time."""

    def __init__(
        self,
        open_backend: OpenBackend,
        settings: Settings,
        now: Callable[[], datetime],
        *,
        place: Place | None = None,
        settings_for: SettingsFor = elsewhere,
        chance: Callable[[], float] = random.random,
        forwards_file: ForwardsFile | None = None,
        saved_logs: SavedLogs | None = None,
        memory: PrometheusMemory | None = None,
    ) -> None:
        self.store = Store(State(place=place or Place()))
        self._open_backend = open_backend
        self._settings = settings
        self._now = now
        self._settings_for = settings_for
        self._memory = memory
        self._chance = chance
        self._interest = Looked(self.store, lambda: now().timestamp())
        self._left = asyncio.Event()
        self._news = News(self.store, now, self._is_leaving)
        self._refresh = asyncio.Event()
        self._errands = Errands(self.store, now)
        self._forwards = Forwards(self.store, open_backend, now, forwards_file)
        self._inside = Inside(self.store, now, lambda: self._interest.visible, chance)
        self._saved_logs = saved_logs
        self._backend: Backend | None = None
        self._followed = Followed(self._follow)

    @property
    def state(self) -> State:
        """The newest State."""
        return self.store.state

    def _is_leaving(self) -> bool:
        return self._left.is_set()

    def follow(self) -> AsyncGenerator[State, None]:
        """Stream the newest State."""
        return self.store.follow()

    def send(self, command: Command) -> None:
        """Do what a person wants; what became of it arrives in the State."""
        if not isinstance(command, LookAt):
            # Rows that move by themselves are no sign of a person.
            self._interest.touch()
        match command:
            case LookAt():
                self._interest.look_at(command)
            case Refresh():
                self._refresh.set()
                self._refresh = asyncio.Event()
                self._inside.refresh()
                self._interest.wake()
            case SwitchContext(context=context):
                self._leave(command, self._settings_for(self._settings, context), context)
            case SwitchNamespace(namespace=namespace):
                kube = replace(self._settings.kube, namespace=namespace, all_namespaces=namespace is None)
                self._leave(command, replace(self._settings, kube=kube), self.state.place.context)
            case ChoosePrometheus():
                self._choose(command)
            case ChooseFamily() | ScrapePods():
                self._interest.wish(command)
            case PreparePredict() | Predict() | SaveBody():
                from kmon_tui.monitor.predicting import predicting  # late: no first paint needs it

                self._errands.start(command, predicting(command, self._backend, self.state, self._now))
            case Rehearse() | Deploy():
                from kmon_tui.monitor.deploying import deploying  # late, too

                self._errands.start(command, deploying(command, self._backend, lambda: self.state, self._now))
            case Examine():
                from kmon_tui.monitor.doctoring import examining  # late, as above

                self._errands.start(command, examining(command, self._backend, self._followed.current, self.state))
            case OpenForward() | StartForward() | CloseForward() | SaveForward() | RemoveForward():
                context = self.state.place.context
                self._errands.at_once(command, lambda: self._forwards.obey(command, context))
            case Cancel(activity_id=activity_id):
                self._errands.cancel(activity_id)
            case OpenService(key=key):
                self._inside.open(key)
            case FollowLogs(request=request):
                self._inside.follow(request)
            case SaveLogs():
                self._errands.start(command, self._save_logs)
            case Awake():
                pass

    async def _save_logs(self, tell: Tell) -> tuple[str, object]:
        if self._saved_logs is None or self.state.logs is None:
            raise KmonError("there are no logs to save")
        return await self._saved_logs.save(self.state.logs, self._now()), None

    async def run(self) -> None:
        """Run until cancelled, one context after the other; all tasks end before it returns."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forwards.run(), name="forwards")
            await self._visit()

    async def _visit(self) -> None:
        while True:
            self._left = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                here = tasks.create_task(self._stay(self._settings), name=f"context {self.state.place.context}")
                left = tasks.create_task(self._left.wait(), name="wish to leave")
                await asyncio.wait((here, left), return_when=asyncio.FIRST_COMPLETED)
                left.cancel()
                while not here.done():
                    # Again, should it be lost: something may end for another reason at this very moment.
                    here.cancel()
                    await asyncio.wait((here,), timeout=CANCEL_AGAIN_S)

    def _leave(self, command: Command, settings: Settings, context: str) -> None:
        self._news.moving = self._errands.note(command)
        self._settings = settings
        old = self.state
        namespace = settings.kube.namespace
        known = namespace is not None or settings.kube.all_namespaces
        place = replace(old.place, context=context, namespace=namespace, namespace_known=known)
        if context != old.place.context:  # whose server and user are known once it is read, and perhaps it cannot be
            place = replace(place, cluster="", user="", acting_as="", server="")
        state = replace(
            old,
            place=place,
            fleet=Fleet(),
            traffic=None,
            causes={},
            lacks={},
            health={KUBERNETES: self._news.health(Status.STARTING)},
        )
        self.store.put(state)
        self._inside.leave()
        self._left.set()

    def _choose(self, wish: ChoosePrometheus) -> None:
        """Ask another Prometheus; when it cannot be asked, all stays as it was."""
        activity = self._errands.note(wish)
        old = self.state
        if wish.forget:
            self.store.put(old.with_activity(forgotten(self._memory, old.place.context, activity)))
            return
        try:
            settings = chosen(self._settings.prometheus, wish, offered(old))
            if self._backend is not None:
                self._followed.choose(self._backend, settings)
        except KmonError as error:
            self.store.put(old.with_activity(replace(activity, done=False, text=error.message, hint=error.hint)))
            return
        self._settings = replace(self._settings, prometheus=settings)
        kept = remember(self._memory, old.place.context, wish, settings, offered=wish.url in offered(old))
        text = f"asking {settings.url or 'the Prometheus in the cluster'}{kept}"
        state = replace(old, traffic=None, causes={}).with_health(PROMETHEUS, self._news.health(Status.STARTING))
        self.store.put(state.with_activity(replace(activity, done=True, text=text)))

    async def _stay(self, settings: Settings) -> None:
        """Open one context and run its sources; a context that cannot be opened is tried again and again."""
        clock = asyncio.get_running_loop().time
        backoff = Backoff()
        while True:
            began_s = clock()
            try:
                there = replace(settings, prometheus=self._settings.prometheus)
                async with self._open_backend(there) as backend:
                    self._news.arrived(backend)
                    self._forwards.arrived(backend.place.context, there)
                    await self._run_sources(backend)
            except KmonError as error:
                self._news.fails(KUBERNETES, error)
                backoff = backoff.failed(clock() - began_s)
                least_s = error.retry_after_s or 0.0 if isinstance(error, BackendError) else 0.0
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(backoff.wait_s(self._chance()), least_s)):
                        await self._refresh.wait()

    async def _run_sources(self, backend: Backend) -> None:
        async with self._errands_in(backend) as tasks:
            tasks.create_task(self._watch(backend), name="watch")
            tasks.create_task(self._followed.run(backend.metrics), name="chosen metrics")
            tasks.create_task(self._find_causes(backend), name="causes of missing numbers")
            tasks.create_task(self._inside.run(backend), name="inside")
            if backend.rights is not None:
                from kmon_tui.monitor.rights import follow_rights  # late, as above

                tasks.create_task(follow_rights(self.store, self._interest, backend.rights), name="rights")

    async def _follow(self, metrics: Metrics) -> None:
        await supervise(
            lambda: metrics.poll(self._interest),
            self._news.saw_traffic,
            lambda error: self._news.fails(PROMETHEUS, error),
            chance=self._chance,
            wake=lambda: self._refresh,
        )

    async def _find_causes(self, backend: Backend) -> None:
        """Let the doctor look once at each service that somebody looks at and that has no numbers."""
        await self.store.wait_for(lambda state: state.traffic)
        from kmon_tui.monitor.doctoring import Causes  # late: numbers come first

        await Causes(self.store, self._interest, backend, lambda: self._followed.current).run()

    async def _watch(self, backend: Backend) -> None:
        """Follow the fleet; a wish to refresh lists anew at once, also in the middle of a wait of the source's own."""
        while True:
            wish = self._refresh
            async with asyncio.TaskGroup() as tasks:
                following = supervise(
                    backend.cluster.watch,
                    self._news.saw_fleet,
                    lambda error: self._news.fails(KUBERNETES, error),
                    chance=self._chance,
                )
                watch = tasks.create_task(following, name="list and watch")
                await wish.wait()
                watch.cancel()

    @asynccontextmanager
    async def _errands_in(self, backend: Backend) -> AsyncGenerator[asyncio.TaskGroup]:
        """Open the group in which sources and commands live while this backend is open."""
        async with asyncio.TaskGroup() as tasks:
            self._backend, self._followed = backend, Followed(self._follow)
            self._errands.begin(tasks)
            try:
                yield tasks
                await asyncio.Event().wait()
            finally:
                self._backend = None
                self._errands.begin(None)

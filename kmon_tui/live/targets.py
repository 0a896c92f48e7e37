"""Follows the pods that a target means: known from watches, so that a pod that goes is left before it is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import quote

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound, Unauthorized, Unreachable
from kmon_tui.domain.forward import Aim, Target
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import Kind
from kmon_tui.live.asking import REFUSED_FOR_S, Ask
from kmon_tui.live.codec import Codec, NotReadable
from kmon_tui.live.discovery import GROUP, PLURALS, VERSIONS
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.near_names import hint_for
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.shapes import Served
from kmon_tui.live.shared_watch import Question, SharedWatches
from kmon_tui.live.shelf import Shelf, T
from kmon_tui.live.target_ports import (
    absent,
    place_of_pod,
    places_of_model,
    places_of_service,
    selection_of,
    selector_of_service,
    service_port,
)
from kmon_tui.live.target_shapes import TargetPod, TargetService

LOOK_AGAIN_S = 15.0
"""What does not exist, and cannot be watched, is looked for again after so long."""
_KINDS = {Aim.ISVC: Kind.ISVC, Aim.LLM: Kind.LLM, Aim.GRAPH: Kind.GRAPH}
_POD, _SERVICE, _SERVED = Codec(TargetPod), Codec(TargetService), Codec(Served)


class NotYet(Unreachable):
    """The first answer of the API server has not come."""


class TargetPods:
    """The pods of one target, while ``run`` runs."""

    def __init__(self, client: KubeClient, watches: SharedWatches, target: Target, changed: Callable[[], None]) -> None:
        """``target`` has a namespace; ``changed`` is called whenever what is known may be new."""
        self.target = target
        self._client, self._watches, self._tell = client, watches, changed
        self._pods: Shelf[TargetPod] = Shelf()
        self._services: Shelf[TargetService] = Shelf()
        self._served: Shelf[Served] = Shelf(needed=False)
        self._problem: BackendError | None = None
        """Why the pods cannot be known."""
        self._model_refused = False
        """The model itself may not be looked at: its pods must do."""
        self._instead: str | None = None
        """What there is instead of what is not there; None: not looked for yet."""
        self._missed = asyncio.Event()
        """Set when the target is not there, so that somebody looks what may have been meant."""
        self._no_kind = False
        """The cluster knows no such kind of model."""
        self._selector = ""
        self._reselected = asyncio.Event()
        """Set when the service has another selector."""

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_around(), name=f"what there is instead of {self.target}")
            match self.target.aim:
                case Aim.POD:
                    tasks.create_task(self._follow_named("pods", _POD, self._pods), name="watch a pod")
                case Aim.SERVICE:
                    tasks.create_task(self._follow_named("services", _SERVICE, self._services), name="watch a service")
                    tasks.create_task(self._follow_selected(), name="watch the pods of a service")
                case _:
                    tasks.create_task(self._follow_model(), name="watch the pods of a model")
                    tasks.create_task(self._follow_served(), name="watch a model")

    def places(self) -> tuple[PodPort, ...]:
        """Give the pods that new connections may go to, the best first. Raises BackendError when there is none."""
        if self._problem is not None:
            raise self._problem
        if self.target.aim is Aim.SERVICE:
            return self._places_of_service()
        if not self._pods.listed:
            raise _unknown(f"the pods of {self.target}", self._pods.health)
        if self.target.aim is Aim.POD:
            return (place_of_pod(self.target, self._one(self._pods)),)
        served = next(iter(self._served.things.values()), None)
        pods = self._pods.things.values()
        places = places_of_model(self.target, pods, served)
        if not places and not pods and self._served.listed and served is None:
            raise self._absent()
        if not places and not pods and not self._knows_model:
            raise NotYet(f"{self.target}: not known yet")
        if not places and not pods and self._no_kind:
            raise NotFound(f"this cluster has no {PLURALS[_KINDS[self.target.aim]]}: is KServe installed?")
        if not places:
            raise absent(self.target, pods, served)
        return places

    def _places_of_service(self) -> tuple[PodPort, ...]:
        if not self._services.listed:
            raise _unknown(str(self.target), self._services.health)
        service = self._one(self._services)
        selector_of_service(service)
        port = service_port(service, self.target.port)
        if not self._pods.listed:
            raise _unknown(f"the pods of {self.target}", self._pods.health)
        places = places_of_service(port, self._pods.things.values())
        if not places:
            count = len(self._pods.things)
            raise Unreachable(
                f"no ready pod of svc/{self.target.name} (0/{count})", f"Its selector is {self._selector}."
            )
        return places

    def _one(self, shelf: Shelf[T]) -> T:
        for thing in shelf.things.values():
            return thing
        raise self._absent()

    def _absent(self) -> BackendError:
        """Say that the target is not there, once it is known what there is instead."""
        if self._instead is None:
            self._missed.set()
            return NotYet(f"{self.target}: not known yet")
        aim, name, namespace = self.target.aim, self.target.name, self.target.namespace
        return NotFound(f"there is no {aim}/{name} in namespace {namespace}", self._instead)

    async def _look_around(self) -> None:
        while True:
            await self._missed.wait()
            self._missed.clear()
            kind = _KINDS.get(self.target.aim)
            if kind is not None:
                bases = [f"{GROUP}/{version}" for version in VERSIONS[kind]]
                self._instead = await hint_for(self._client, self.target, bases, PLURALS[kind])
            else:
                plural = "pods" if self.target.aim is Aim.POD else "services"
                self._instead = await hint_for(self._client, self.target, ("/api/v1",), plural)
            self._tell()

    def _changed(self) -> None:
        if self.target.aim is Aim.SERVICE and self._services.listed:
            selector = ""
            with contextlib.suppress(BackendError):  # places() tells it
                selector = selector_of_service(self._one(self._services))
            if selector != self._selector:
                self._selector = selector
                self._pods.forget()
                self._reselected.set()
        self._tell()

    def _say(self, problem: BackendError | None) -> None:
        self._problem = problem
        self._tell()

    async def _follow_named(self, plural: str, codec: Codec[T], shelf: Shelf[T]) -> None:
        """Watch one object by its name; where lists are forbidden, ask for it now and then."""
        name = self.target.name
        question = Question("/api/v1", plural, self.target.namespace, value=name, together=False)
        while True:
            try:
                await self._follow(question, codec, shelf, lambda thing: thing.metadata.name == name)
            except Forbidden as error:
                await self._ask_for(plural, codec, shelf, error)
            except NotFound as error:
                self._say(error)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _ask_for(self, plural: str, codec: Codec[T], shelf: Shelf[T], refused: Forbidden) -> None:
        namespace = self.target.namespace
        path = f"/api/v1/namespaces/{quote(namespace)}/{plural}/{quote(self.target.name)}"
        try:
            body = await self._client.get(path, Ask("get", plural, namespace))
            shelf.only({shelf.put(codec.thing(body))})
        except Forbidden:
            self._say(refused)
            return
        except NotFound:
            shelf.only(set())
        except NotReadable as error:
            self._say(BadAnswer(f"{self._client.server} answers with {error}"))
            return
        except BackendError as error:
            self._say(error)
            return
        shelf.listed = True
        self._say(None)

    async def _follow_selected(self) -> None:
        """Watch the pods of the selector, and those of another one as soon as it changes."""
        while True:
            reselected = self._reselected = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._follow_pods(self._selector), name=f"pods {self._selector}")
                await reselected.wait()
                following.cancel()

    async def _follow_pods(self, selector: str) -> None:
        while selector:
            question = Question("/api/v1", "pods", self.target.namespace, selector)
            await self._follow_until_refused(question, lambda _: True)

    async def _follow_model(self) -> None:
        selector, label = selection_of(self.target)
        name = self.target.name
        question = Question("/api/v1", "pods", self.target.namespace, selector, label, name)
        while True:
            await self._follow_until_refused(question, lambda pod: pod.labels.get(label) == name)

    async def _follow_until_refused(self, question: Question, wants: Callable[[TargetPod], bool]) -> None:
        """Follow pods; when that may not be done, say so, and wait before it is tried again."""
        try:
            await self._follow(question, _POD, self._pods, wants)
        except (Forbidden, NotFound) as error:
            self._say(error)
        await asyncio.sleep(REFUSED_FOR_S)

    async def _follow_served(self) -> None:
        """Watch the model itself for its entry and its revisions; without the right to, its pods must do."""
        kind, name = _KINDS[self.target.aim], self.target.name
        while True:
            missing = 0
            for version in VERSIONS[kind]:
                question = Question(f"{GROUP}/{version}", PLURALS[kind], self.target.namespace, value=name)
                try:
                    await self._follow(question, _SERVED, self._served, lambda served: served.metadata.name == name)
                except NotFound:
                    missing += 1
                except Forbidden:
                    continue  # the pods must do
            self._no_kind = missing == len(VERSIONS[kind])
            self._model_refused = True
            self._changed()
            await asyncio.sleep(REFUSED_FOR_S)

    @property
    def _knows_model(self) -> bool:
        """Whether it is known that there is such a model, or that nobody will tell."""
        return self._served.listed or self._model_refused or self._served.health.status is Status.FAILING

    async def _follow(self, question: Question, codec: Codec[T], shelf: Shelf[T], wants: Callable[[T], bool]) -> None:
        """Keep a shelf filled. Raises NotFound and Forbidden."""

        def changed() -> None:
            if shelf.health.status is Status.LIVE and shelf.needed:
                self._problem = None
            self._changed()

        await self._watches.follow(question, codec, shelf, wants, changed)


def _unknown(what: str, health: Health) -> BackendError:
    """Say that something is not known, and why, if that is known."""
    if health.status is Status.FAILING:
        kind = Unauthorized if health.kind == Unauthorized.__name__ else Unreachable
        return kind(health.error, health.hint)
    return NotYet(f"{what}: not known yet")

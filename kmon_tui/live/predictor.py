"""Sends requests to models: through a tunnel of its own, to the service's URL, or to a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from urllib.parse import urlsplit

from kmon_tui.backend import Stream
from kmon_tui.domain.errors import BackendError, SettingsError, Unreachable
from kmon_tui.domain.predict import Prediction, PredictRequest, Prepared, Repetition, SavedBody, Sent, Speech, Via
from kmon_tui.domain.predict_speech import full_path, host_of, other_prefix, speech_of
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.lean_httpx import httpx
from kmon_tui.live.pod_route import FindPod, PodPort, PodRoute
from kmon_tui.live.pod_tunnels import PodTunnels
from kmon_tui.live.predict_exchange import Target, exchange, last_of
from kmon_tui.live.predict_gateway import gateway, gateway_finder, is_inside
from kmon_tui.live.predict_prepare import prepared
from kmon_tui.live.predict_repeat import MOST_CONCURRENT, repeat
from kmon_tui.live.predict_shelf import Shelf
from kmon_tui.live.predict_transport import TunnelTransport
from kmon_tui.live.predict_way import Door, find_door
from kmon_tui.settings import PredictSettings

MOST_ROUTES = 4
"""Ways to pods that are kept open; the one that was used longest ago is closed for another."""


@dataclass(frozen=True, slots=True)
class _Line:
    """An open client and where its requests go."""

    client: httpx.AsyncClient
    target: Target


@dataclass(slots=True)
class _Way:
    """The tunnel to a service's pods, or to those of a gateway."""

    route: PodRoute
    door: Door | None = None
    """Where the service listened a moment ago."""


class HttpPredictor:
    """The Predictor of backend.py. An async context: its tunnels live in it."""

    def __init__(self, client: KubeClient, settings: PredictSettings, shelf: Shelf) -> None:
        self._client = client
        self._settings = settings
        self._shelf = shelf
        self._tasks = asyncio.TaskGroup()
        self._tunnels = PodTunnels(client)
        self._ways: dict[Key | str, _Way] = {}
        """By service; by URL for gateways inside the cluster. The one that was used last is the last one."""

    async def __aenter__(self) -> HttpPredictor:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for way in self._ways.values():
            way.route.close()
        # Not with the error: it would come out wrapped in a group, and callers look for BackendErrors.
        await self._tasks.__aexit__(None, None, None)

    async def prepare(self, isvc: InferenceService, speech: Speech | None, via: Via) -> Prepared:
        """Find out how to ask; see ``backend.Predictor``. SettingsError: the way needs a gateway that nobody named."""
        wanted = speech or speech_of(isvc)
        history, saved = await asyncio.to_thread(self._shelf.read, isvc.key)
        try:
            async with self._line(isvc, via, "/", 1) as line:
                found = await prepared(isvc, wanted, via, line.client, line.target)
                found = replace(found, address=line.target.url.removesuffix(full_path(isvc, via, "/")))
        except BackendError as error:
            found = await prepared(isvc, wanted, via, None, None)
            found = replace(found, problem=f"{error.message}. {error.hint}".strip())
        return replace(found, history=history, saved=saved)

    async def send(self, isvc: InferenceService, request: PredictRequest) -> Stream[Prediction]:
        """Send once; see ``backend.Predictor``."""
        try:
            async with self._line(isvc, request.via, request.path, 1) as line, aclosing(_one(line, request)) as answers:
                async for answer in answers:
                    yield self._with_pod(isvc, answer)
        except (BackendError, SettingsError) as error:
            yield _no_way(isvc, request, error)

    async def repeat(
        self, isvc: InferenceService, request: PredictRequest, times: int, concurrency: int
    ) -> Stream[Repetition]:
        """Send many times; see ``backend.Predictor``."""
        senders = max(1, min(concurrency, times, MOST_CONCURRENT))
        try:
            async with self._line(isvc, request.via, request.path, senders) as line:

                async def send() -> Prediction:
                    return await last_of(_one(line, request))

                async with aclosing(repeat(send, request, times, senders)) as values:
                    async for value in values:
                        yield value
        except (BackendError, SettingsError) as error:
            failed = _no_way(isvc, request, error)

            async def refuse() -> Prediction:
                return failed

            async with aclosing(repeat(refuse, request, 1, 1)) as values:
                async for value in values:
                    yield replace(value, times=times)

    async def remember(self, key: Key, sent: Sent) -> None:
        """Add to the history; see ``backend.Predictor``."""
        await asyncio.to_thread(self._shelf.remember, key, sent)

    async def save(self, key: Key, saved: SavedBody) -> None:
        """Keep a body; see ``backend.Predictor``."""
        await asyncio.to_thread(self._shelf.save, key, saved)

    @asynccontextmanager
    async def _line(self, isvc: InferenceService, via: Via, path: str, connections: int) -> AsyncIterator[_Line]:
        """Open a client for one way, and give where it leads. Raises BackendError or SettingsError."""
        if via is Via.FORWARD:
            way, door = await self._to_pods(isvc)
            pod = f"{door.place.pod}:{door.place.port}"
            target = Target(f"{'https' if door.https else 'http'}://{pod}{path}", host_of(isvc), pod)
            client = _through(way.route, connections)
        elif via is Via.INGRESS and is_inside(self._settings.ingress):
            url = await gateway(self._client, self._settings.ingress)
            target = _outside(isvc, via, full_path(isvc, via, path), url)
            client = _through(self._way(url, gateway_finder(self._client, url)).route, connections)
        else:
            target = _outside(isvc, via, full_path(isvc, via, path), self._settings.ingress or "")
            limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
            client = httpx.AsyncClient(verify=not self._settings.insecure_skip_tls_verify, limits=limits)
        async with client:
            yield _Line(client, target)

    async def _to_pods(self, isvc: InferenceService) -> tuple[_Way, Door]:
        """Give the tunnel to the service's pods, and the pod that is ready now."""

        async def find(before: PodPort | None) -> PodPort:
            return (await find_door(self._client, isvc, before)).place

        way = self._way(isvc.key, find)
        door = await find_door(self._client, isvc, way.route.place)
        if door != way.door:
            way.door = door
            way.route.suspect()
        return way, door

    def _way(self, name: Key | str, find: FindPod) -> _Way:
        """Give the tunnel of this name, made when there is none; the least used one is closed for it."""
        way = self._ways.pop(name, None) or _Way(PodRoute(self._tunnels, find, self._tasks))
        self._ways[name] = way
        while len(self._ways) > MOST_ROUTES:
            self._ways.pop(next(iter(self._ways))).route.close()
        return way

    def _with_pod(self, isvc: InferenceService, answer: Prediction) -> Prediction:
        """Say which pod it was in the end: the route moves on when one goes."""
        way = self._ways.get(isvc.key)
        if answer.via is not Via.FORWARD or way is None or way.route.place is None:
            return answer
        return replace(answer, pod=f"{way.route.place.pod}:{way.route.place.port}")


async def _one(line: _Line, request: PredictRequest) -> AsyncGenerator[Prediction, None]:
    """Send once; an OpenAI path that is not there is tried under the other prefix."""
    latest: Prediction | None = None
    other = other_prefix(request.path) if request.speech is Speech.OPENAI else None
    async with aclosing(exchange(line.client, request, line.target)) as answers:
        async for latest in answers:
            if latest.complete and other is not None and latest.status == 404 and latest.error == "Not Found":
                break
            yield latest
        else:
            return
    assert other is not None
    path = request.path
    target = replace(line.target, url=line.target.url.removesuffix(path) + other)
    async with aclosing(exchange(line.client, replace(request, path=other), target)) as answers:
        async for answer in answers:
            if answer.complete and answer.status == 404:
                yield latest
                return
            yield answer


def _through(route: PodRoute, connections: int) -> httpx.AsyncClient:
    """Give a client whose connections go through the tunnel; proxies and netrc of the environment are left aside."""
    return httpx.AsyncClient(transport=TunnelTransport(route, connections), trust_env=False)


def _outside(isvc: InferenceService, via: Via, path: str, ingress: str) -> Target:
    """Give the address of a way that leads through a gateway. Raises Unreachable when the service has no URL."""
    host = host_of(isvc)
    if not host:
        raise Unreachable(f"{isvc.key.name} has no URL in its status", "Is it ready? --via forward needs none.")
    if via is Via.URL:
        scheme = urlsplit(isvc.url).scheme or "http"
        hint = "Is that name known here? --via ingress --ingress URL sends to a gateway; --via forward needs neither."
        return Target(f"{scheme}://{host}{path}", host, hint=hint)
    parts = urlsplit(ingress if "://" in ingress else f"http://{ingress}")
    address = parts.netloc.rpartition("@")[2]
    hint = "Is this the address of the cluster's gateway? --via forward goes past it."
    return Target(f"{parts.scheme}://{address}{parts.path.rstrip('/')}{path}", host, hint=hint)


def _no_way(isvc: InferenceService, request: PredictRequest, error: BackendError | SettingsError) -> Prediction:
    host = request.host or isvc.key.name
    return Prediction(
        request.speech,
        f"http://{host}{request.path}",
        request.via,
        error=error.message,
        hint=error.hint,
        complete=True,
    )

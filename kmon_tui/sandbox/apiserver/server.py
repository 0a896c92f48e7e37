"""The HTTP side of the API server: who asks, what for, which fault strikes, who answers."""

from __future__ import annotations

import asyncio
import ssl
import time

from aiohttp import web

from kmon_tui.sandbox.apiserver.access import Access, forbidden
from kmon_tui.sandbox.apiserver.deleting import Deleter
from kmon_tui.sandbox.apiserver.discovery import Discovery
from kmon_tui.sandbox.apiserver.errors import ApiError, NoSuchPath, method_not_allowed
from kmon_tui.sandbox.apiserver.exchange import Exchange, RequestRecord, answer, compressed, refusal
from kmon_tui.sandbox.apiserver.listing import list_objects
from kmon_tui.sandbox.apiserver.pods import Pods
from kmon_tui.sandbox.apiserver.proxying import proxy
from kmon_tui.sandbox.apiserver.queries import find_target, verb_of
from kmon_tui.sandbox.apiserver.reading import get_object
from kmon_tui.sandbox.apiserver.reviews import is_review, review
from kmon_tui.sandbox.apiserver.store import Store
from kmon_tui.sandbox.apiserver.strike import strike
from kmon_tui.sandbox.apiserver.watching import watch
from kmon_tui.sandbox.apiserver.writing import Writer
from kmon_tui.sandbox.faults import Faults

_RECORD = web.RequestKey("record", RequestRecord)
_LOG_LIMIT = 200_000
_BODY_LIMIT = 8 << 20


class ApiServer:
    """A Kubernetes API server on a free port of 127.0.0.1."""

    def __init__(self, store: Store | None = None, round_trip_s: float = 0.0) -> None:
        self.store = store or Store()
        self.access = Access()
        self.faults = Faults()
        self.log: list[RequestRecord] = []
        self.round_trip_s = round_trip_s
        """Added before each answer, as if the server were far away."""
        self.bookmark_s = 60.0
        """Seconds between two bookmarks of a watch."""
        self.url = ""
        """Where it listens; empty while it does not."""
        self.deleter = Deleter(self.store)
        self.pods = Pods(self.store, self.deleter)
        """Logs of the containers, and the way to a pod's ports."""
        self.writer = Writer(self.store)
        """Its admissions see every object that is written through the API."""
        self._discovery = Discovery(self.store.registry)
        self._runner: web.AppRunner | None = None

    @property
    def token(self) -> str:
        """The administrator's bearer token."""
        return self.access.token

    async def start(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        """Listen on 127.0.0.1, with TLS when a context is given."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_response_prepare.append(self._finish)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self.url = f"{'https' if context else 'http'}://{host}:{bound}"

    async def stop(self) -> None:
        """End all watches and stop listening."""
        self.store.drop_watches()
        if self._runner is not None:
            await self._runner.cleanup()
        self.url = ""

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        agent = request.headers.get("User-Agent", "")
        record = RequestRecord(time.time(), request.method, request.path, dict(request.query), agent)
        record.accept = request.headers.get("Accept", "")
        request[_RECORD] = record
        if len(self.log) >= _LOG_LIMIT:
            del self.log[: _LOG_LIMIT // 2]
        self.log.append(record)
        if self.round_trip_s:
            await asyncio.sleep(self.round_trip_s)
        try:
            return compressed(request, await self._answer(request, record))
        except ApiError as error:
            return refusal(error)
        except NoSuchPath:
            headers = {"Cache-Control": "no-cache, private"}
            return web.Response(text="404 page not found\n", status=404, headers=headers)

    async def _answer(self, request: web.Request, record: RequestRecord) -> web.StreamResponse:
        transport = request.transport
        certificate = transport.get_extra_info("peercert") if transport else None
        user = self.access.identify(request.headers, certificate)
        record.user = user.name
        parts = [part for part in request.path.split("/") if part]
        is_core, is_named = parts[:1] == ["api"] and len(parts) > 2, parts[:1] == ["apis"] and len(parts) > 3
        if not is_core and not is_named:
            faults = self.faults.strike("get", "", request.path)
            if (struck := await strike(request, faults)) is not None:
                return struck
            self.access.require_path(user, request.path)
            return self._discovery.answer(request, parts)
        group, version, rest = ("", parts[1], parts[2:]) if is_core else (parts[1], parts[2], parts[3:])
        target = find_target(self.store.registry, group, version, rest)
        verb = verb_of(request.method, target, request.query)
        record.verb, record.resource = verb, target.resource
        faults = self.faults.strike(verb, target.resource, request.path)
        if any(fault.status == 403 for fault in faults):
            raise forbidden(user, verb, target)
        if (struck := await strike(request, faults, verb)) is not None:
            return struck
        if not verb or verb not in target.kind.verbs:
            raise method_not_allowed()
        self.access.require(user, verb, target)
        return await self._dispatch(Exchange(request, record, user, target, verb, tuple(faults)))

    async def _dispatch(self, exchange: Exchange) -> web.StreamResponse:
        if is_review(exchange):
            return await review(self.access, exchange)
        if exchange.target.subresource == "proxy":
            return await proxy(self.store, exchange)
        if exchange.target.kind.key == ("", "pods") and exchange.target.subresource not in ("", "status"):
            return await self.pods.answer(exchange)
        match exchange.verb:
            case "watch":
                return await watch(self.store, exchange, self.bookmark_s)
            case "list":
                return answer(list_objects(self.store, exchange.view(), exchange.query))
            case "get":
                return get_object(self.store, exchange)
            case "create" if not exchange.target.name:
                return await self.writer.create(exchange)
            case "update":
                return await self.writer.update(exchange)
            case "patch":
                return await self.writer.patch(exchange)
            case "delete":
                return await self.deleter.delete(exchange)
            case "deletecollection":
                return await self.deleter.delete_collection(exchange)
        raise method_not_allowed()

    async def _finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """Note the status of an answer, and say which store it is of as the real server does."""
        record = request.get(_RECORD)
        if record is not None:
            record.status = response.status
        if response.status != 401:
            response.headers["X-Kubernetes-PF-FlowSchema-UID"] = self.store.uid

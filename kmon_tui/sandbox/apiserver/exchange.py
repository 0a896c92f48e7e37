"""One request on its way through the server, and the record that stays of it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from kmon_tui.sandbox.apiserver.access import User
from kmon_tui.sandbox.apiserver.errors import ApiError, bad_request
from kmon_tui.sandbox.apiserver.queries import Target
from kmon_tui.sandbox.apiserver.values import Json, encode
from kmon_tui.sandbox.apiserver.views import View, view_for
from kmon_tui.sandbox.faults import Fault

JSON = "application/json"
_LARGE = 128 * 1024


@dataclass(slots=True)
class RequestRecord:
    """What the log keeps of a request."""

    time: float
    """Seconds since the epoch."""
    method: str
    path: str
    query: Mapping[str, str]
    user_agent: str
    verb: str = ""
    """get, list, watch, create, …; empty for paths that name no resource."""
    resource: str = ""
    """inferenceservices, pods/log, …"""
    user: str = ""
    status: int = 0
    """0 while there is no answer."""
    accept: str = ""
    """The form of answer that was asked for."""


@dataclass(slots=True)
class Exchange:
    """A request with all that was found out about it."""

    request: web.Request
    record: RequestRecord
    user: User
    target: Target
    verb: str
    faults: tuple[Fault, ...] = ()
    _body: bytes | None = field(default=None, repr=False)

    @property
    def query(self) -> Mapping[str, str]:
        """The query of the URL."""
        return self.request.query

    def view(self) -> View:
        """The form of answer that the client wants. Raises ApiError 406."""
        return view_for(self.target, self.request.headers.get("Accept", ""), self.query)

    async def body(self) -> bytes:
        """The body as it came."""
        if self._body is None:
            self._body = await self.request.read()
        return self._body

    @property
    def dry_run(self) -> bool:
        """Whether nothing shall be stored. Raises ApiError 400 for anything but All."""
        values = self.request.query.getall("dryRun", [])
        if any(value not in ("", "All") for value in values):
            raise bad_request(f'Invalid value: {values}: supported values: "All"')
        return "All" in values


def answer(body: Json | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Make a JSON answer."""
    raw = body if isinstance(body, bytes) else encode(body)
    return web.Response(
        body=raw, status=status, headers={"Cache-Control": "no-cache, private", **(headers or {})}, content_type=JSON
    )


def compressed(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Compress a large answer where the client knows how, as the API server does (APIResponseCompression)."""
    encodings = [word.strip() for word in request.headers.get("Accept-Encoding", "").split(",")]
    if not isinstance(response, web.Response) or "gzip" not in encodings or response.status != 200:
        return response
    if isinstance(response.body, bytes) and len(response.body) > _LARGE:
        response.headers.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
        response.body = gzip.compress(response.body, compresslevel=1)
    return response


def refusal(error: ApiError) -> web.Response:
    """Make the answer of an error."""
    return answer(error.status(), error.code, error.headers)

"""The authenticated way to one API server: every request of ours goes through here, tunnels use the same proofs.

The transport is that of kubernetes.aio, over an aiohttp session of our own (keep-alive probes, no netrc).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from kmon_tui.domain.errors import BackendError, Unauthorized, Unreachable
from kmon_tui.live.access import Access
from kmon_tui.live.asking import Ask, Refusals
from kmon_tui.live.credentials import Credentials, Headers, Proof
from kmon_tui.live.exec_plugin import LIMIT_S
from kmon_tui.live.inflate import inflated
from kmon_tui.live.kube_errors import FOREIGN, failure, is_page, retry_after_s, translate
from kmon_tui.live.login_hint import login_hint
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.transport import session, transport

NextLine = Callable[[], Awaitable[bytes]]
STORE = "X-Kubernetes-PF-FlowSchema-UID"
"""A header of every answer: the uid of an object that an API server makes when its store is empty."""

CONNECT_S = 5.0
ANSWER_S = 30.0
"""Longest wait for a whole answer, or for a watch to begin; --request-timeout overrides it."""
START = 65536
"""So much of an answer is enough to say what it is."""
AS_LINE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Answered(NamedTuple):
    """What the API server said to a write."""

    status: int
    body: bytes
    warnings: tuple[str, ...] = ()
    """Its Warning headers as they came."""
    date: str = ""
    """Its Date header: what the server's clock says."""


class Lines(NamedTuple):
    """An open watch."""

    next_line: NextLine
    store: str
    """Tells one store of objects from another; empty where the server does not say."""


class KubeClient:
    """One API server, asked by one user. Raises BackendError and nothing else when the world misbehaves."""

    def __init__(
        self,
        access: Access,
        *,
        answer_s: float | None = None,
        rate: RateLimit | None = None,
        read_again: Callable[[], Access] | None = None,
    ) -> None:
        """``read_again`` reads the kubeconfig anew, after a 401."""
        self.server = access.endpoint.server
        self._access = access
        self._answer_s = answer_s or ANSWER_S
        # Less than was asked for, so that who waits as long hears that it was the login plugin that hangs.
        limit_s = min(LIMIT_S, max(answer_s / 2, answer_s - 2.0)) if answer_s else LIMIT_S
        self._credentials = Credentials(access, limit_s, read_again)
        self.refusals = Refusals()
        """What was refused a short while ago; who opens tunnels may keep theirs here, too."""
        self.heard_s = time.monotonic()
        """When the server was heard last, as time.monotonic() tells it."""
        self._rate = rate or RateLimit()
        self._api: Any = None
        self._certificate: object = None
        self._building = asyncio.Lock()
        self._closed = False

    async def get(self, path: str, ask: Ask) -> bytes:
        """Ask once and give the JSON that came, unread."""
        return bytes(await self.get_long(path, ask))

    async def exists(self, path: str, ask: Ask) -> None:
        """Ask for the line that `kubectl get` prints of an object: nothing that is in it comes along, nor its metadata.

        Raises NotFound when there is none.
        """
        timeout = aiohttp.ClientTimeout(total=self._answer_s, sock_connect=CONNECT_S)
        response = await self._request(f"{path}?includeObject=None", ask, timeout, accept=AS_LINE)
        response.close()

    async def get_long(self, path: str, ask: Ask, coming: Callable[[], None] | None = None) -> bytes | bytearray:
        """Do the same for what may be megabytes, which are put together as they come, and never copied whole.

        ``coming`` is called when the first bytes of an answer are there that is no page.
        """
        timeout = aiohttp.ClientTimeout(total=self._answer_s, sock_connect=CONNECT_S)
        response = await self._request(path, ask, timeout, encoding="gzip")
        body = bytearray()
        try:
            async for chunk in response.content.iter_any():
                if coming is not None and not body and not is_page(response.content_type, chunk):
                    coming()
                body += chunk
                self.heard_s = time.monotonic()
            whole = inflated(body) if response.headers.get("Content-Encoding") == "gzip" else body
        except FOREIGN as error:
            raise translate(error, self.server) from error
        finally:
            response.release()
        start = bytes(whole[:START])
        if is_page(response.content_type, start):
            raise failure(200, "text/html", start, self.server, str(ask))
        return whole

    async def patch(self, path: str, body: Mapping[str, object], content_type: str, ask: Ask) -> Answered:
        """Write once and give the answer whatever its status; see ``_write``."""
        return await self._write("PATCH", path, body, content_type, ask)

    async def create(self, path: str, body: Mapping[str, object], ask: Ask) -> Answered:
        """Post an object once, as a review of the own rights is; see ``_write``."""
        return await self._write("POST", path, body, "application/json", ask)

    async def _write(self, method: str, path: str, body: Mapping[str, object], content_type: str, ask: Ask) -> Answered:
        """Write once and give the answer whatever its status, for only the caller knows what a 409 or a 422 means.

        Nothing is sent a second time after a failure on the way: nobody knows whether it was done. Raises
        BackendError for that, for a 401 and for a page.
        """
        timeout = aiohttp.ClientTimeout(total=self._answer_s, sock_connect=CONNECT_S)
        for again in (True, False):
            await self._rate.turn()
            proof = await self._credentials.proof()
            response = await self._send(path, proof, timeout, method, body, content_type)
            if response.status == 401:
                error = await self._failure(response, ask)
                if again and await self._credentials.refused(proof):
                    continue
                raise error
            break
        try:
            text = await response.read()
        except FOREIGN as error:
            raise translate(error, self.server) from error
        finally:
            response.release()
        if is_page(response.content_type, text):
            raise failure(response.status, response.content_type, text, self.server, str(ask))
        headers = response.headers
        return Answered(response.status, text, tuple(headers.getall("Warning", ())), headers.get("Date", ""))

    @asynccontextmanager
    async def lines(self, path: str, ask: Ask, silence_s: float) -> AsyncGenerator[Lines]:
        """Open a watch and give what reads its next line.

        A line is empty at the end; ``silence_s`` without a byte raise TimedOut.
        """
        async with self._streaming(path, ask, silence_s) as response:
            content = response.content

            async def next_line() -> bytes:
                try:
                    line: bytes = await content.readline()
                except FOREIGN as error:
                    raise translate(error, self.server) from error
                self.heard_s = time.monotonic()
                return line

            yield Lines(next_line, response.headers.get(STORE, ""))

    @asynccontextmanager
    async def pieces(self, path: str, ask: Ask, silence_s: float | None, accept: str = "") -> AsyncGenerator[NextLine]:
        """Open what may go on for ever, as logs do, and give what reads its next piece, at most START bytes long.

        A piece is empty at the end; None: silence is no failure. ``accept``: what a pod behind the proxy is asked for.
        """
        async with self._streaming(path, ask, silence_s, accept) as response:
            content = response.content

            async def next_piece() -> bytes:
                try:
                    piece: bytes = await content.read(START)
                except FOREIGN as error:
                    raise translate(error, self.server) from error
                return piece

            yield next_piece

    @asynccontextmanager
    async def _streaming(
        self, path: str, ask: Ask, silence_s: float | None, accept: str = ""
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=silence_s)
        response = await self._request(path, ask, timeout, accept)
        try:
            if is_page(response.content_type, b""):
                raise failure(200, "text/html", b"", self.server, str(ask))
            yield response
        finally:
            response.close()

    def forget_refusals(self) -> None:
        """Ask also for what was refused a short while ago: rights may have changed."""
        self.refusals.forget()

    @property
    def waiting(self) -> str:
        """Name the login plugin that keeps everybody waiting; empty while none does."""
        return self._credentials.waiting

    async def proof(self) -> Proof:
        """Give what proves who asks now: headers (Authorization, Impersonate-*, User-Agent). For the tunnels."""
        return await self._credentials.proof()

    async def refused(self, proof: Proof) -> bool:
        """Tell that a proof was refused (401); True when another try with a new one makes sense."""
        return await self._credentials.refused(proof)

    async def ssl_context(self) -> ssl.SSLContext:
        """Give the TLS side of the way: CA, client certificate, whether to verify. For the tunnels."""
        api = await self._built(await self._credentials.proof())
        context: ssl.SSLContext = api.ssl_context
        return context

    @property
    def server_hostname(self) -> str | None:
        """Name to expect in the certificate, when it is not the one in the URL."""
        return self._access.endpoint.tls_server_name or None

    @property
    def proxy(self) -> str | None:
        """URL of the proxy, which may hold a password."""
        proxy = self._access.endpoint.proxy
        return proxy.reveal() if proxy else None

    async def close(self) -> None:
        """Close all connections, for good."""
        self._closed = True
        await self._drop()

    async def _drop(self) -> None:
        if self._api is not None:
            await self._api.close()
            self._api = None

    async def _request(
        self, path: str, ask: Ask, timeout: aiohttp.ClientTimeout, accept: str = "", encoding: str = ""
    ) -> aiohttp.ClientResponse:
        """Ask, with a new proof when the first is refused, and give an answer whose status is 200."""
        self.refusals.check(ask)
        for again in (True, False):
            await self._rate.turn()
            proof = await self._credentials.proof()
            response = await self._send(path, proof, timeout, accept=accept, encoding=encoding)
            if response.status == 200:
                return response
            error = await self._failure(response, ask)
            if isinstance(error, Unauthorized) and again and await self._credentials.refused(proof):
                continue
            break
        self.refusals.remember(ask, error)
        raise error

    async def _send(
        self,
        path: str,
        proof: Proof,
        timeout: aiohttp.ClientTimeout,
        method: str = "GET",
        body: Mapping[str, object] | None = None,
        content_type: str = "",
        accept: str = "",
        encoding: str = "",
    ) -> aiohttp.ClientResponse:
        if not encoding or not self._access.endpoint.compress:
            encoding = "identity"
        more = {"Content-Type": content_type, "Accept": accept, "Accept-Encoding": encoding}
        headers = Headers(proof.headers)  # not as a dict, which keeps one group of --as-group
        headers.update({name: value for name, value in more.items() if value})
        api = await self._built(proof)
        if self._closed:
            raise Unreachable(f"the way to {self.server} is closed")
        try:
            async with asyncio.timeout(self._answer_s):
                sent = await api.request(
                    method, self.server + path, headers=headers, body=body, _request_timeout=timeout
                )
        except FOREIGN as error:
            raise translate(error, self.server) from error
        response: aiohttp.ClientResponse = sent.response
        if response.status != 401:  # who hears only that has not heard whether what is known still holds
            self.heard_s = time.monotonic()
        return response

    async def _failure(self, response: aiohttp.ClientResponse, ask: Ask) -> BackendError:
        try:
            async with asyncio.timeout(self._answer_s):
                body = await response.content.read(START)
        except FOREIGN:
            body = b""  # the status says enough
        finally:
            response.close()
        error = failure(response.status, response.content_type, body, self.server, str(ask))
        error.retry_after_s = retry_after_s(response.headers.get("Retry-After"))
        if isinstance(error, Unauthorized):
            error.hint = error.hint or login_hint(self._credentials.access)
        return error

    async def _built(self, proof: Proof) -> Any:
        """Give the transport, made anew when the plugin gave another client certificate."""
        async with self._building:
            if self._api is None or proof.certificate != self._certificate:
                await self._drop()
                api = await asyncio.to_thread(transport, self._access.endpoint, proof)
                api.pool_manager = session(api.ssl_context, self._access.endpoint.proxy)
                self._api, self._certificate = api, proof.certificate
            return self._api

"""What can go wrong with the sandbox's Prometheus, for tests: set while it runs."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass

from aiohttp import web

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to continue</body></html>"


@dataclass(slots=True)
class PrometheusFaults:
    """Each field is one fault; several may be set at once. All unset: no fault."""

    delay_s: float = 0.0
    """Answer only after this long."""
    status: int = 0
    """Answer every request with this status and a line of text, as a proxy does: 502, 503, 504, 404…"""
    html: bool = False
    """Answer 200 with a login page."""
    drop: bool = False
    """Close the connection without an answer."""
    username: str = ""
    password: str = ""
    """Want HTTP basic authentication."""
    bearer: str = ""
    """Want this bearer token."""
    half_body: bool = False
    """Cut JSON answers in the middle."""
    empty: bool = False
    """Answer queries with no series."""
    reserved: bool = False
    """Tell nothing of itself, as servers that only speak its language: VictoriaMetrics, Thanos, Mimir."""

    async def act(self, request: web.Request) -> web.StreamResponse | None:
        """Wait and refuse as the faults say; None: the request may be answered."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.drop:
            if request.transport is not None:
                request.transport.abort()
            raise asyncio.CancelledError
        if self.status:
            return web.Response(status=self.status, text=f"{self.status} from the proxy\n")
        if self.reserved and request.path.startswith("/api/v1/status/"):
            return web.Response(status=400, text="unsupported path requested\n")
        if self.html:
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if not self._authorized(request):
            return web.Response(status=401, text="Unauthorized\n", headers={"WWW-Authenticate": "Basic"})
        return None

    def _authorized(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if self.username:
            pair = f"{self.username}:{self.password}".encode()
            return given == "Basic " + base64.b64encode(pair).decode()
        return given == f"Bearer {self.bearer}" if self.bearer else True

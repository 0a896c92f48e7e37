"""A gateway for many tenants in front of real Prometheus servers, as Mimir's: who names no tenant is turned away."""

from __future__ import annotations

import base64
import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/prometheus"


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where it listens, and what it saw."""

    url: str
    asked_of: list[str] = field(default_factory=list)
    """The tenant of each request that was let in."""
    refused: list[str] = field(default_factory=list)


@contextmanager
def gateway(servers: Mapping[str, str], user: str, password: str) -> Iterator[Gateway]:
    """Let who knows the password ask the server (host:port) of one tenant; of the status pages it has none."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(b"")

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _pass_on(self, body: bytes) -> None:
            tenant = self.headers.get("X-Scope-OrgID", "")
            if self.headers.get("Authorization") != wanted or tenant not in servers:
                seen.refused.append(self.path)
                self._say(401, "text/plain", b"no org id\n")
            elif not self.path.startswith(f"{PREFIX}/api/v1/") or "/status/" in self.path:
                self._say(404, "text/plain", b"404 page not found\n")
            else:
                seen.asked_of.append(tenant)
                connection = http.client.HTTPConnection(servers[tenant], timeout=30)
                kind = {name: text for name in ("Content-Type",) if (text := self.headers.get(name))}
                connection.request(self.command, self.path.removeprefix(PREFIX), body or None, kind)
                answer = connection.getresponse()
                self._say(answer.status, answer.headers.get("Content-Type", ""), answer.read())
                connection.close()

        def _say(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen = Gateway(f"http://127.0.0.1:{server.server_address[1]}{PREFIX}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A small HTTP server on loopback that says what a function says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

EXPOSITION = "text/plain; version=0.0.4"


class Said(NamedTuple):
    """One answer."""

    body: bytes
    kind: str = EXPOSITION
    status: int = 200


Say = Callable[[str, str], Said | None]
"""Method and path in; None: whoever asks is turned away without an answer."""


@contextmanager
def answering(say: Say, ip: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Answer until it is left; gives host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer()

        def _answer(self) -> None:
            said = say(self.command, self.path)
            if said is None:
                self.close_connection = True
                return
            self.send_response(said.status)
            self.send_header("Content-Type", said.kind)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((ip, port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{ip}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

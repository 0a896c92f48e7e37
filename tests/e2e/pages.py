"""True pages of model servers and queue-proxies, served so that their counters grow with every scrape."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGES = Path(__file__).resolve().parents[1] / "data" / "exposition"

_COUNTS = re.compile(r"^([a-z_]+(?:_count|_bucket|_sum)\b.*\}) (\S+)$", re.MULTILINE)


@contextmanager
def growing() -> Iterator[str]:
    """Serve each page at /NAME, all its counts multiplied by how often it was asked for; give host:port."""
    asked: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            asked[name] = asked.get(name, 0) + 1
            page = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
            body = _COUNTS.sub(lambda line: f"{line[1]} {float(line[2]) * asked[name]!r}", page).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

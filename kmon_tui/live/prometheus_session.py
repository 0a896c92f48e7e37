"""The HTTP session below prometheus-api-client: who asks, how long it may take, and what an answer must look like.

Imports requests, so only the thread of PrometheusClient imports this.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import requests
import urllib3

from kmon_tui.domain.errors import Unauthorized
from kmon_tui.live.line_time import LineTime
from kmon_tui.live.patience import PATIENCE_S, Pending
from kmon_tui.live.prometheus_address import Address
from kmon_tui.live.prometheus_answers import LONGEST_URL, Matrix, TooLong, Vector, check_answer
from kmon_tui.settings import PrometheusSettings

_NO_FORMS = (403, 405)
"""Where people may only read they may not send forms: behind kube-rbac-proxy that is another right."""
_VICTORIA = "X-Server-Hostname"
"""A header of all answers of VictoriaMetrics, and of nobody else's."""
_EXACTLY = {"nocache": "1"}
"""Without it VictoriaMetrics answers what was half a minute ago as if it were now, and at other steps than were asked
for (``queryHandler`` and ``AdjustStartEnd`` of 1.79 to 1.136)."""
LARGEST_BYTES = 256 * 1024 * 1024


class Session(requests.Session):  # type: ignore[misc]  # requests has no types here
    """A session that authenticates each request anew, reads with a deadline and checks what it read."""

    def __init__(self, address: Address, settings: PrometheusSettings, pending: Pending) -> None:
        super().__init__()
        self._pending, self._url = pending, address.url
        self.took_s = 0.0
        """How long the server took for all answers, until somebody sets it back."""
        self.exact = True
        """Whether the kernel told all of it; set back with it."""
        self._no_forms = False
        self.is_victoria = False
        """Whether VictoriaMetrics answers; known from the first answer on."""
        self.warned: dict[str, None] = {}
        """What the answers warned of, until somebody clears it."""
        self._own_headers = {name: secret.reveal() for name, secret in settings.headers}
        self.headers["User-Agent"] = "kmon-tui"
        self.headers.update(self._own_headers)
        self.auth = Credentials(address, settings.bearer_token_file)
        self.verify = settings.certificate_authority or not settings.insecure_skip_tls_verify
        if settings.insecure_skip_tls_verify:
            # It was asked for, and a warning on stderr would be written over the screen.
            warnings.filterwarnings("ignore", category=urllib3.exceptions.InsecureRequestWarning)

    def request(self, method: str, url: str, params: Any = None, data: Any = None, **options: Any) -> Answer:
        """Send one request and read all of its answer. Raises BackendError when it is not Prometheus' answer."""
        options["stream"] = True
        if params and self.is_victoria:
            params = {**params, **_EXACTLY}
        # Proxies cut addresses at some 8 kB; Prometheus takes the same query as a form.
        as_form = bool(params) and not self._no_forms and _size(params) > LONGEST_URL
        answer = self._sent("POST", url, None, params, options) if as_form else None
        refused = answer is not None and answer.status_code in _NO_FORMS
        if answer is None or refused:
            answer = self._sent(method, url, params, data, options)
        check_answer(answer.status_code, answer.headers, answer.content, url.split("/api/")[0], answer.url)
        self._no_forms |= refused
        if _VICTORIA in answer.headers and not self.is_victoria:
            self.is_victoria = True
            if params:
                return self.request(method, url, params, data, **options)
        return answer

    def _sent(self, method: str, url: str, params: Any, data: Any, options: Any) -> Answer:
        line = LineTime(self._aside_s)
        self._pending.begin()
        try:
            with super().request(method, url, params=params, data=data, **options) as response:
                return Answer(response, self._read(response, line), self.warned)
        finally:
            self._pending.end()
            self.took_s += line.took_s
            self.exact &= line.exact

    def _aside_s(self) -> float:
        return float(getattr(self.get_adapter(self._url), "aside_s", 0.0))

    def _read(self, response: Any, line: LineTime) -> bytes:
        """Read what comes, piece by piece, so that it is noticed when a server stops or drips."""
        body = BytesIO()
        deadline = time.monotonic() + PATIENCE_S
        one = getattr(response.raw.connection, "sock", None)
        line.saw(one)
        while piece := response.raw.read1(65536, decode_content=True):
            line.saw(one)
            self._pending.heard()
            body.write(piece)
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout
            if body.tell() > LARGEST_BYTES:
                raise TooLong
        return body.getvalue()

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """On a redirect to another host leave our own headers behind, as requests does with Authorization."""
        super().rebuild_auth(prepared_request, response)
        if self.should_strip_auth(response.request.url, prepared_request.url):
            for name in self._own_headers:
                prepared_request.headers.pop(name, None)


class Credentials(requests.auth.AuthBase):  # type: ignore[misc]  # requests has no types here
    """Puts the token, read anew for each request since it rotates, or user and password on a request."""

    def __init__(self, address: Address, token_file: Path | None) -> None:
        self._address = address
        self._token_file = token_file

    def __call__(self, request: Any) -> Any:
        if self._token_file is not None:
            try:
                token = self._token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Unauthorized(
                    f"cannot read the token for Prometheus from {self._token_file}", "It could be read at the start."
                ) from error
            request.headers["Authorization"] = f"Bearer {token}"
        elif self._address.username is not None:
            password = self._address.password.reveal() if self._address.password else ""
            request = requests.auth.HTTPBasicAuth(self._address.username.encode(), password.encode())(request)
        return request

    def __repr__(self) -> str:
        return "Credentials(***)"


class Answer(requests.Response):  # type: ignore[misc]  # requests has no types here
    """A response that was read, decoded by msgspec into rows: half the time of json, and the GIL is held less long."""

    def __init__(self, response: Any, content: bytes, warned: dict[str, None]) -> None:
        super().__init__()
        self._warned = warned
        self.status_code = response.status_code
        self.headers = response.headers
        self.url = response.url
        self._body = content

    @property
    def content(self) -> bytes:
        """The whole body."""
        return self._body

    def json(self, **_options: Any) -> Any:
        """Decode: rows for queries, plain objects for the rest."""
        path = self.url.partition("?")[0]
        if path.endswith(("/query", "/query_range")):
            found = _VECTOR.decode(self._body) if path.endswith("/query") else _MATRIX.decode(self._body)
            self._warned.update(dict.fromkeys(found.warned))
            return {"data": {"result": found.data.result}}
        return _PLAIN.decode(self._body)


def _size(params: Mapping[str, object]) -> int:
    return sum(len(str(value)) for value in params.values())


_VECTOR = msgspec.json.Decoder(Vector)
_MATRIX = msgspec.json.Decoder(Matrix)
_PLAIN: msgspec.json.Decoder[Mapping[str, Any]] = msgspec.json.Decoder(dict[str, Any])

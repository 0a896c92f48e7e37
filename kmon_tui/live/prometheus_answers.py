"""What Prometheus answers, and what every other answer means for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, NotFound, TimedOut, Unauthorized, Unreachable

_LABELS = msgspec.json.Decoder(dict[str, str])
_SAMPLES = msgspec.json.Decoder(list[tuple[float, str]])

LONGEST_URL = 3500
"""Queries longer than this are sent as a form."""

_ADDRESS_HINT = "Is this the address of Prometheus itself, with its path prefix? Try it with /api/v1/query?query=up."


class TooLong(Exception):
    """The answer is larger than anything we ask for."""


class Labelled(msgspec.Struct, gc=False):
    """A series: its labels stay as Prometheus wrote them, since most of them were read a tick ago already."""

    raw: msgspec.Raw = msgspec.field(name="metric")

    @property
    def metric(self) -> dict[str, str]:
        """Its labels, read anew at every access."""
        return _LABELS.decode(self.raw)

    @property
    def text(self) -> bytes:
        """Its labels as they were written, always in the same order: what the series is known by from tick to tick."""
        return bytes(self.raw)


class Hist(msgspec.Struct, gc=False):
    """A native histogram."""

    count: str
    buckets: list[tuple[int, str, str, str]] = []
    """Which of its ends belong to a bucket, its ends, and how many are in it alone; empty ones are left out."""


class Row(Labelled, gc=False):
    """One series of an instant query."""

    value: tuple[float, str] = (0.0, "NaN")
    values: tuple[tuple[float, str], ...] = ()
    """Raw samples, when the query asked for them with ``[15m]``."""
    histogram: tuple[float, Hist] | None = None
    """In place of a value, where the series holds all buckets."""


class Rows(msgspec.Struct):
    """Result of an instant query."""

    result: list[Row]


class Said(msgspec.Struct, rename="camel", kw_only=True):
    """What an answer says about itself."""

    warnings: list[str] | None = None
    """Of stores that were not reached, as Thanos has them; Prometheus 2.48 to 2.52 puts mere advice among them."""
    is_partial: bool = False
    """How VictoriaMetrics says the same."""

    @property
    def warned(self) -> list[str]:
        """What may be missing in it."""
        texts = [text for text in self.warnings or () if not text.startswith("PromQL info")]
        return texts or (["the answer is partial"] if self.is_partial else [])


class Vector(Said):
    """Answer to an instant query."""

    data: Rows


class Track(Labelled, gc=False):
    """One series of a range query: its samples stay as they were written, a fifth of what they take when read."""

    samples: msgspec.Raw = msgspec.field(name="values", default=msgspec.Raw(b"[]"))
    histograms: list[tuple[float, Hist]] = []
    """In place of values, where the series holds all buckets."""
    until_s: float = math.inf
    """What is later was not asked for."""

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing at all; its samples are not read for that."""
        return memoryview(self.samples).nbytes <= len("[]") and not self.histograms

    @property
    def values(self) -> list[tuple[float, str]]:
        """Its samples, read anew at every access. Raises BadAnswer."""
        try:
            found = _SAMPLES.decode(self.samples)
        except msgspec.DecodeError as error:
            raise BadAnswer("Prometheus answers samples that cannot be read", _ADDRESS_HINT) from error
        return found if self.until_s == math.inf else [sample for sample in found if sample[0] <= self.until_s]


class Tracks(msgspec.Struct):
    """Result of a range query."""

    result: list[Track]


class Matrix(Said):
    """Answer to a range query."""

    data: Tracks


class Failure(msgspec.Struct, rename="camel"):
    """How Prometheus says that a query failed."""

    error: str = ""
    error_type: str = ""


def check_answer(status: int, headers: Mapping[str, str], body: bytes, url: str, came_from: str = "") -> None:
    """Raise a BackendError that says what to do, unless this is an answer of Prometheus.

    ``came_from``: the URL that answered, where it is another one after a redirect.
    """
    kind = headers.get("Content-Type", "").lower()
    said = _failure(body)
    if status == 401:
        raise Unauthorized(f"{url} does not know who asks (401)", _credentials_hint(headers, body))
    if status == 403:
        raise Forbidden(
            f"{url} does not allow it (403)", "Ask for the right to read metrics, or use another Prometheus."
        )
    if status == 404:
        raise NotFound(f"{url} has no Prometheus API (404)", _ADDRESS_HINT)
    if said.error_type in ("timeout", "canceled") or status == 504:
        raise TimedOut(f"{url} gave up on a query: {said.error or 'gateway timeout'}", "It is overloaded or far away.")
    if status == 429:
        raise BackendError(
            f"{url} asks for fewer queries (429)",
            "Too many ask it at once.",
            retry_after_s=_seconds(headers.get("Retry-After", "")),
        )
    if status != 200:
        raise BadAnswer(f"{url} answers {status}: {said.error or _first_words(body) or 'nothing'}", _hint_for(said))
    if "html" in kind or body.lstrip()[:1] == b"<":
        other = other_host(url, came_from)
        page = f"{url} redirects to {other}, a web page" if other else f"{url} answers with a web page"
        raise BadAnswer(page, f"A login page of a proxy, or another program? {_ADDRESS_HINT}")
    if said.error_type:
        raise BadAnswer(f"{url}: {said.error}", _hint_for(said))
    if not any(b'"status"' in part for part in (body[:200], body[-200:])):
        raise BadAnswer(f"{url} is not Prometheus: {_first_words(body) or 'an empty answer'}", _ADDRESS_HINT)


def translate(error: Exception, url: str) -> BackendError:
    """Give the BackendError for what requests, urllib3, msgspec and the operating system raise."""
    import requests
    import urllib3

    if isinstance(error, TooLong):
        return BadAnswer(f"{url} answered more than 256 MB", "Watch one namespace, or set --prometheus-matcher.")
    if isinstance(error, msgspec.DecodeError):
        return BadAnswer(f"{url} answers something that is not Prometheus' JSON", _ADDRESS_HINT)
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            f"the certificate of {url} is not trusted", "Name its CA in the config file, or skip the check there."
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return Unreachable(f"the proxy on the way to {url} does not answer", "Look at HTTP_PROXY and NO_PROXY.")
    asked = getattr(getattr(error, "request", None), "url", "") or ""
    if other := other_host(url, asked):
        return Unreachable(
            f"{url} redirects to {other}, which cannot be asked: {_cause(error)}", f"A login page? {_ADDRESS_HINT}"
        )
    # urllib3 counts a refused connection among the timeouts.
    causes = [one for one in _causes(error) if not isinstance(one, urllib3.exceptions.NewConnectionError)]
    if any(
        isinstance(one, requests.exceptions.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError) for one in causes
    ):
        return TimedOut(f"no connection to {url} in time", "Is the network, the VPN or the forward up?")
    if any(isinstance(one, requests.Timeout | urllib3.exceptions.TimeoutError) for one in causes):
        return too_slow(url)
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return BadAnswer(f"{url} redirects without end", "A login page of a proxy? " + _ADDRESS_HINT)
    return Unreachable(f"no answer from {url}: {_cause(error)}", "Is it running, and the forward to it open?")


def too_slow(url: str, retry_after_s: float | None = None) -> TimedOut:
    """Say that no answer came in time."""
    hint = "It is overloaded or far away."
    return TimedOut(f"{url} is too slow: no answer in time", hint, retry_after_s=retry_after_s)


def never_arrived(error: Exception) -> bool:
    """Whether a question that failed did not reach anybody: there was no connection."""
    import urllib3

    none = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return any(isinstance(one, none) for one in _causes(error))


def other_host(url: str, other: str) -> str:
    """Give host and port of the second URL where they are not those of the first; no more, it may hold secrets."""
    if not other or urlsplit(other).hostname == urlsplit(url).hostname:
        return ""
    return urlsplit(other).netloc.rpartition("@")[2]


def _causes(error: BaseException) -> list[BaseException]:
    """Give the chain of causes; requests and urllib3 wrap what happened several times over."""
    found: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and len(found) < 8:
        found.append(seen)
        inner = getattr(seen, "reason", None) or next((a for a in seen.args if isinstance(a, BaseException)), None)
        seen = inner if isinstance(inner, BaseException) else seen.__cause__ or seen.__context__
    return found


def _cause(error: BaseException) -> str:
    """Say in two words what the innermost cause is; foreign texts may hold addresses with passwords."""
    text = " ".join(f"{type(one).__name__} {one}" for one in _causes(error))
    for sign, words in (
        ("NameResolution", "the name is not known"),
        ("gaierror", "the name is not known"),
        ("ConnectionRefused", "connection refused"),
        ("Connection refused", "connection refused"),
        ("ConnectionReset", "connection reset"),
        ("RemoteDisconnected", "it hung up"),
        ("IncompleteRead", "the answer broke off"),
        ("ProtocolError", "the connection broke off"),
        ("unreachable", "network unreachable"),
        ("TLS CA certificate bundle", "the CA file cannot be read"),
    ):
        if sign in text:
            return words
    return "the connection failed"


def _failure(body: bytes) -> Failure:
    if not body.startswith(b'{"status":"error"') and b'"errorType"' not in body[:300]:
        return Failure()
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.DecodeError:
        return Failure()


def _hint_for(said: Failure) -> str:
    if said.error_type == "bad_data":
        return "Look at --prometheus-matcher, and whether this Prometheus is very old."
    if said.error_type == "execution":
        return "Prometheus refused the query; ':prom' chooses another one."
    return "Look at its own log."


def _credentials_hint(headers: Mapping[str, str], body: bytes) -> str:
    if b"org id" in body[:200].lower():  # Mimir, Loki and Cortex: "no org id"
        return "Name the tenant: --prometheus-header 'X-Scope-OrgID: NAME', or headers_file in the config file."
    asked = headers.get("WWW-Authenticate", "").split(" ")[0].lower()
    way = {"basic": "a user with a password", "bearer": "a bearer token file"}.get(asked, "a token file or a password")
    return f"Give {way} in the config file or the environment."


def _first_words(body: bytes) -> str:
    line = body[:200].decode("utf-8", "replace").strip().split("\n")[0]
    return "".join(c for c in line if c.isprintable())[:80]


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None

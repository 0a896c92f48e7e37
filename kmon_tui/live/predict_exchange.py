"""One request to a model over an httpx client, and what comes back: time by time, piece by piece."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from kmon_tui import __version__
from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.predict import Prediction, PredictRequest, Speech, Split, Tokens
from kmon_tui.domain.predict_answer import Spoken, failure
from kmon_tui.domain.predict_stream import piece_of
from kmon_tui.live.lean_httpx import httpx

MOST_BYTES = 8 * 1024 * 1024
"""Of an answer; what comes after them is not read."""
TELL_EVERY_S = 0.1
CONNECT_S = 10.0
MEDIA_TYPE = "application/json"
"""Exactly this: KServe's server compares the header as a whole, and a charset makes the body raw bytes to it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, as far as httpx has to know."""

    url: str
    host: str = ""
    pod: str = ""
    hint: str = ""
    """What to do when nobody answers there."""


@dataclass(slots=True)
class Clock:
    """When what happened, by the events that httpcore tells."""

    began_s: float = field(default_factory=time.perf_counter)
    at_s: dict[str, float] = field(default_factory=dict)

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        """Note the time of an event."""
        self.at_s[event.partition(".")[2]] = time.perf_counter()

    def ms(self) -> float:
        """Milliseconds since the beginning."""
        return (time.perf_counter() - self.began_s) * 1000

    def split(self) -> Split:
        """Give where the time went."""
        connected = max(self.at_s.get("connect_tcp.complete", 0.0), self.at_s.get("start_tls.complete", 0.0))
        sending = self.at_s.get("send_request_headers.started")
        sent = self.at_s.get("send_request_body.complete")
        heard = self.at_s.get("receive_response_headers.complete")
        now_s = time.perf_counter()
        return Split(
            connect_ms=(connected - self.began_s) * 1000 if connected else None,
            send_ms=_between(sending, sent),
            wait_ms=_between(sent, heard),
            read_ms=_between(heard, now_s),
        )


async def exchange(
    client: httpx.AsyncClient, request: PredictRequest, target: Target
) -> AsyncGenerator[Prediction, None]:
    """Send it and stream what comes of it; the last value is complete. A failure is a value, too."""
    began = Prediction(request.speech, target.url, request.via, pod=target.pod)
    clock = Clock()
    try:
        async with client.stream(
            "POST",
            target.url,
            content=request.body.encode(),
            headers=_headers(request, target),
            timeout=httpx.Timeout(request.timeout_s, connect=min(CONNECT_S, request.timeout_s), pool=None),
            extensions=_extensions(clock, target),
        ) as response:
            latest = replace(
                began,
                status=response.status_code,
                reason=response.reason_phrase,
                media_type=_media_type(response),
                server=response.headers.get("server", ""),
            )
            read = _stream if latest.media_type == "text/event-stream" else _whole
            async with aclosing(read(response, latest, clock)) as predictions:
                async for latest in predictions:
                    yield latest
            error, hint = failure(_spoken(response, latest.body), request.speech, request.via, request.host)
            yield _finished(latest, clock, latest.error or error, hint)
    except BackendError as error:
        yield _finished(began, clock, error.message, error.hint)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        words, hint = _translated(error, request, target)
        yield _finished(began, clock, words, hint)


def _headers(request: PredictRequest, target: Target) -> list[tuple[bytes, bytes]]:
    own = {header.name.lower() for header in request.headers}
    usual = {
        "Host": target.host,
        "Content-Type": MEDIA_TYPE,
        "Accept": "*/*",
        "User-Agent": f"kmon-tui/{__version__}",
        # A proxy that packs the answer would only hide its size.
        "Accept-Encoding": "identity",
    }
    pairs = [(name, value) for name, value in usual.items() if value and name.lower() not in own]
    pairs += [(header.name, header.value) for header in request.headers]
    return [(name.encode("ascii", "replace"), value.encode("utf-8")) for name, value in pairs]


def _extensions(clock: Clock, target: Target) -> dict[str, Any]:
    found: dict[str, Any] = {"trace": clock.trace}
    if target.host and target.url.startswith("https:"):
        # A gateway chooses its certificate by this name.
        found["sni_hostname"] = target.host.partition(":")[0]
    return found


async def _whole(response: httpx.Response, latest: Prediction, clock: Clock) -> AsyncGenerator[Prediction, None]:
    """Read a body to its end."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        parts.append(part)
        if size > MOST_BYTES:
            break
    body = b"".join(parts)[:MOST_BYTES].decode(response.charset_encoding or "utf-8", "replace")
    cut = f"the answer is larger than {MOST_BYTES // 2**20} MiB: the rest was not read" if size > MOST_BYTES else ""
    yield replace(latest, body=body, size=size, error=cut)


async def _stream(response: httpx.Response, latest: Prediction, clock: Clock) -> AsyncGenerator[Prediction, None]:
    """Read events to their end, and tell ten times a second what has come."""
    lines: list[str] = []
    texts: list[str] = []
    at_ms: list[float] = []
    size, told_s, error, over = 0, 0.0, "", False
    async for line in response.aiter_lines():
        size += len(line.encode()) + 1
        lines.append(line)
        piece = piece_of(line)
        over = over or (piece is not None and piece.over)
        if piece is None or size > MOST_BYTES:
            continue
        error = error or piece.error
        if piece.text:
            texts.append(piece.text)
            at_ms.append(clock.ms())
        if time.perf_counter() - told_s >= TELL_EVERY_S:
            told_s = time.perf_counter()
            yield replace(latest, text="".join(texts), size=size, tokens=_tokens(at_ms), latency_ms=clock.ms())
    if not over and not error and latest.speech is Speech.OPENAI:
        error = "the stream ended before its end was said"
    yield replace(latest, body="\n".join(lines), text="".join(texts), size=size, tokens=_tokens(at_ms), error=error)


def _tokens(at_ms: list[float]) -> Tokens | None:
    if not at_ms:
        return None
    between_ms = (at_ms[-1] - at_ms[0]) / (len(at_ms) - 1) if len(at_ms) > 1 else None
    return Tokens(len(at_ms), at_ms[0], between_ms)


def _finished(latest: Prediction, clock: Clock, error: str, hint: str) -> Prediction:
    return replace(latest, latency_ms=clock.ms(), split=clock.split(), error=error, hint=hint, complete=True)


def _spoken(response: httpx.Response, body: str) -> Spoken:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Spoken(response.status_code, body, _media_type(response), headers)


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _translated(error: Exception, request: PredictRequest, target: Target) -> tuple[str, str]:
    """Say in words for people why no answer came."""
    where = httpx.URL(target.url).host if not isinstance(error, httpx.InvalidURL | UnicodeError) else target.url
    if isinstance(error, httpx.ConnectTimeout):
        return f"{where} did not let us in within {min(CONNECT_S, request.timeout_s):g} s", target.hint
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {request.timeout_s:g} s", "A longer --timeout waits longer."
    if isinstance(error, httpx.ConnectError):
        why = _cause(error)
        hint = "-k does not check it." if "certificate" in why.lower() else target.hint
        return f"no connection to {where}: {why}", hint
    if isinstance(error, httpx.RemoteProtocolError):
        return (
            f"{target.pod or where} hung up before the answer was complete",
            "Did the pod end, or does that port speak no HTTP?",
        )
    return f"{type(error).__name__} at {where}: {error}", target.hint


def _cause(error: BaseException) -> str:
    """Give the words of the operating system or of TLS behind an error of httpx."""
    words = str(error)
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            words = f"its certificate is not trusted: {seen.verify_message}"
        elif isinstance(seen, ssl.SSLError):
            # Its errno is a number of OpenSSL, and none of the system.
            words = f"TLS failed: {(seen.reason or str(seen)).replace('_', ' ').lower()}"
        elif isinstance(seen, OSError) and (seen.strerror or seen.args):
            # asyncio puts words of its own into strerror; a resolver's numbers are below zero.
            number = seen.errno or 0
            words = os.strerror(number) if number > 0 else seen.strerror or str(seen)
        seen = seen.__cause__ or seen.__context__
    return words


def _between(earlier_s: float | None, later_s: float | None) -> float | None:
    return None if earlier_s is None or later_s is None else max(0.0, (later_s - earlier_s) * 1000)


async def last_of(predictions: AsyncGenerator[Prediction, None]) -> Prediction:
    """Give the complete value at the end of an exchange."""
    async with aclosing(predictions):
        *_, last = [prediction async for prediction in predictions if prediction.complete]
    return last

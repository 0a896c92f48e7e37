"""Says in words, and with a hint, what went wrong on the way to the API server. Foreign errors end here."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError

from kmon_tui.domain import errors
from kmon_tui.domain.errors import (
    BackendError,
    BadAnswer,
    Forbidden,
    NotFound,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from kmon_tui.domain.health import Health
from kmon_tui.domain.health import Status as HealthStatus

FOREIGN = (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError, ssl.SSLError, ValueError, RuntimeError)
"""What the transport raises when the world misbehaves; a ValueError is a line too long or a URL it cannot use.

A RuntimeError says that its session was closed: it is made anew when a login plugin gives another certificate.
"""

LONGEST_RETRY_S = 300.0

_NETWORK_HINT = "Is the cluster running, and the VPN up?"
_PAGE_HINT = "A proxy's login page, or another program? Check server and proxy-url of the cluster in the kubeconfig."
_TRUST_HINT = "Trust its CA with --certificate-authority FILE, or nothing at all with --insecure-skip-tls-verify."


class Gone(BackendError):
    """The resourceVersion or the continue token is too old (HTTP 410): list again."""


class Status(msgspec.Struct, frozen=True):
    """The body of a failure, as the API server writes it."""

    message: str = ""
    reason: str = ""
    code: int = 0


def translate(error: BaseException, server: str) -> BackendError:
    """Give our error for one that the transport raised."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error, server)
        case aiohttp.ClientProxyConnectionError():
            return Unreachable("the proxy does not answer", "Check HTTPS_PROXY, or proxy-url in the kubeconfig.")
        case aiohttp.ClientHttpProxyError():
            return Unreachable(
                f"the proxy refuses the way to {server} ({error.status})", "Check proxy-url or HTTPS_PROXY."
            )
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(
                f"the name of {server} is not known", "Is the VPN up? Is the server in the kubeconfig right?"
            )
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return _tls(error, server)
        case TimeoutError():
            return TimedOut(f"{server} does not answer in time", _NETWORK_HINT)
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return Unreachable(f"nobody listens at {server}", _NETWORK_HINT)
        case aiohttp.ClientConnectorError():
            return Unreachable(f"cannot connect to {server}: {_words(error.os_error)}", _NETWORK_HINT)
        case RuntimeError() if "closed" not in str(error).lower():
            raise error  # a bug
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | ConnectionError() | RuntimeError():
            return Unreachable(f"the connection to {server} was cut", _NETWORK_HINT)
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return BadAnswer(f"{server} does not speak HTTP as it should", _PAGE_HINT)
        case OSError():
            return Unreachable(f"the connection to {server} failed: {_words(error)}", _NETWORK_HINT)
    return BadAnswer(f"{server} gives an answer that cannot be used", _PAGE_HINT)


def raise_if_failing(health: Health) -> None:
    """Raise the error that a health tells of, for who does not wait for better times."""
    if health.status is not HealthStatus.FAILING:
        return
    kind = getattr(errors, health.kind, Unreachable)
    foreseen = isinstance(kind, type) and issubclass(kind, BackendError)
    raise (kind if foreseen else Unreachable)(health.error, health.hint)


def not_an_api(server: str) -> BadAnswer:
    """Give the error for an answer that no API server gives."""
    return BadAnswer(f"{server} does not answer as a Kubernetes API", "Is it the server you mean?")


def failure(status: int, kind: str, body: bytes, server: str, what: str) -> BackendError:
    """Give the error for an answer that is none; ``what`` is what was asked, as "list pods in all namespaces"."""
    error = _failure(status, kind, body, server, what)
    error.status, error.said = status, "" if is_page(kind, body) else _status(body).message
    return error


def _failure(status: int, kind: str, body: bytes, server: str, what: str) -> BackendError:
    if is_page(kind, body):
        named = "a web page" if status == 200 else f"a web page ({status})"
        return BadAnswer(f"{server} answers with {named}, not as a Kubernetes API", _PAGE_HINT)
    said = _status(body)
    match status:
        case 401:
            return Unauthorized(f"{server} does not know who asks (401)")
        case 403 if '"system:anonymous"' in said.message:
            return Unauthorized(f"{server} takes us for nobody: no credentials were sent (403)")
        case 403 if " cannot impersonate" in said.message:  # since 1.36 also "impersonate-on:user-info:list"
            hint = "Ask for the right to impersonate, or leave out --as and --as-group."
            return Forbidden(f"may not act as somebody else: {said.message[:300]}", hint)
        case 403:
            hint = "Ask for the rights in manifests/rbac.yaml, or choose a namespace with -n."
            return Forbidden(f"may not {what}", hint)
        case 404:
            return NotFound(f"{server} has nothing to {what} (404)", _PAGE_HINT)
        case 410:
            return Gone(said.message or "too old a resource version")
    text = said.message or body[:200].decode(errors="replace").strip()
    if status == 400 and "HTTP request to an HTTPS server" in text:  # Go's words
        return BadAnswer(f"{server} speaks TLS alone", f"Write {server.replace('http:', 'https:', 1)}.")
    return BadAnswer(f"{server} answers {status}{': ' if text else ''}{text[:300]}")


def event_failure(code: int, message: str, server: str) -> BackendError:
    """Give the error for an ERROR event in a watch."""
    if code == 410:
        return Gone(message or "too old a resource version")
    return BadAnswer(f"{server} ends the watch: {message[:300] or code}")


def is_page(kind: str, body: bytes) -> bool:
    """Say whether this is a page for people rather than an answer of the API."""
    return "html" in kind.lower() or body.lstrip()[:1] == b"<"


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, seconds or a date; at most five minutes."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), LONGEST_RETRY_S) if seconds == seconds else None  # not NaN


def _status(body: bytes) -> Status:
    try:
        return msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, RecursionError):
        return Status()


def _certificate(error: BaseException, server: str) -> Unreachable:
    code = getattr(error, "verify_code", 0)
    text = getattr(error, "verify_message", "") or "it is not trusted"
    if code == 62 or "match" in text.lower():  # X509_V_ERR_HOSTNAME_MISMATCH; 64 for an address
        hint = "Set tls-server-name of the cluster in the kubeconfig to a name of the certificate."
        return Unreachable(f"the certificate of {server} is for another name", hint)
    if code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
        return Unreachable(f"the certificate of {server} has expired", "Is the clock of this machine right?")
    return Unreachable(f"the certificate of {server} is not trusted: {text}", _TRUST_HINT)


def _tls(error: BaseException, server: str) -> BackendError:
    text = str(error).lower()
    if "wrong_version_number" in text or "wrong version number" in text or "http request" in text:
        return Unreachable(f"{server} does not speak TLS", "Ought its URL to begin with http:// in the kubeconfig?")
    if "certificate required" in text or "certificate_required" in text or "bad certificate" in text:
        return Unauthorized(f"{server} wants a client certificate", "Check client-certificate of the user.")
    reason = getattr(error, "reason", "") or "the handshake failed"
    return Unreachable(f"no TLS connection to {server}: {str(reason).replace('_', ' ').lower()}", _TRUST_HINT)


def _words(error: OSError | None) -> str:
    return (error.strerror if error is not None else "") or "no way there"

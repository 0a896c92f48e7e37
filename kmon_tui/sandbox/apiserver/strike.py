"""What a fault does to a request before anybody answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

from kmon_tui.sandbox.apiserver.errors import ApiError
from kmon_tui.sandbox.apiserver.exchange import answer
from kmon_tui.sandbox.faults import Fault

_REASONS = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "Unauthorized"),
    403: ("Forbidden", "forbidden: the sandbox was told to refuse this"),
    404: ("NotFound", "the server could not find the requested resource"),
    409: ("Conflict", "Operation cannot be fulfilled: the object has been modified"),
    410: ("Expired", "The resourceVersion for the provided list is too old."),
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalError", "Internal error occurred: the sandbox was told to fail"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
}
_LOGIN_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    '<body><h1>Sign in</h1><form method="post" action="/login"><input name="user"></form></body></html>\n'
)


async def strike(request: web.Request, faults: Iterable[Fault], verb: str = "") -> web.StreamResponse | None:
    """Let the faults of a request happen; returns the answer that a fault gives, or None to go on."""
    for fault in faults:
        if fault.action == "delay":
            await asyncio.sleep(fault.amount)
        elif fault.action == "drop" or (fault.action == "cut" and verb != "watch"):
            if fault.action == "cut":
                await _half_an_answer(request)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        elif fault.action == "html":
            return web.Response(text=_LOGIN_PAGE, status=200, content_type="text/html")
        elif fault.status is not None:
            return _refused(fault, fault.status, verb)
    return None


async def _half_an_answer(request: web.Request) -> None:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b'{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1')


def _refused(fault: Fault, code: int, verb: str) -> web.Response:
    reason, message = _REASONS.get(code, ("", f"the sandbox was told to answer {code}"))
    error = ApiError(code, reason, message)
    if code == 429 or fault.value is not None:
        error.headers["Retry-After"] = str(int(fault.value if fault.value is not None else 1))
        error.details = {"retryAfterSeconds": int(error.headers["Retry-After"])}
    if code == 410 and verb == "watch":
        # the real server accepts such a watch and says so inside
        return answer({"type": "ERROR", "object": error.status()})
    return answer(error.status(), code, error.headers)

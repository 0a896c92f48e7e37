"""What an answer that is no success means: the model's own words, or which proxy spoke and why. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kmon_tui.domain.predict import Speech, Via

LONGEST = 400
_ISTIO, _ENVOY = "istio-envoy", "envoy"
_REFUSED = re.compile(r"dial tcp [\d.:\[\]a-f]+: connect: connection refused")


@dataclass(frozen=True, slots=True)
class Spoken:
    """The parts of an answer by which its speaker is known."""

    status: int
    body: str
    media_type: str = ""
    headers: Mapping[str, str] | None = None
    """Names in lower case."""

    def header(self, name: str) -> str:
        """Give one header; empty when it did not come."""
        return (self.headers or {}).get(name, "")


def complaint(body: str) -> str:
    """Give what a body says of an error: ``error``, then ``detail``, then the telling line of plain text."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return _shortened(_telling_line(body))
    if isinstance(given, dict):
        for name in ("error", "detail", "message"):
            if (text := _words(given.get(name))) != "":
                return _shortened(text)
    return _shortened(given) if isinstance(given, str) else ""


def failure(spoken: Spoken, speech: Speech, via: Via, host: str) -> tuple[str, str]:
    """Give what is wrong with an answer, and what to do about it; both empty for a success."""
    if 200 <= spoken.status < 300:
        return "", ""
    if spoken.media_type == "text/html":
        return _page(spoken)
    said = complaint(spoken.body)
    return _of_proxy(spoken, said, via, host) or (said or f"HTTP {spoken.status} without a word", _hint(spoken, speech))


def _of_proxy(spoken: Spoken, said: str, via: Via, host: str) -> tuple[str, str] | None:
    """Explain what a gateway, the activator or queue-proxy says for itself; None: the model spoke."""
    server, status = spoken.header("server").lower(), spoken.status
    if 300 <= status < 400:
        place = spoken.header("location").split("?")[0]
        return (
            f"sent on to {_shortened(place) or 'nowhere'}",
            "Send to that address: the gateway asks for https or a login.",
        )
    if status == 502 and _REFUSED.search(said):
        return f"queue-proxy answers, the model behind it does not: {said}", "Is the model loading, or has it crashed?"
    if status == 503 and "pending request queue full" in said:
        return (
            "queue-proxy's queue is full: more requests wait than the service allows",
            "Fewer at once, or more replicas.",
        )
    if status == 504 and said == "activator request timeout":
        return (
            "Knative's activator gave up: no pod took the request within the revision's timeoutSeconds",
            "Is the service starting, or failing to? Look at its pods.",
        )
    if status == 503 and said in {"activator overload", "context deadline exceeded"}:
        return (
            f"Knative's activator holds too many requests, or too long, for a service that has no free pod: {said}",
            "Fewer at once, or more replicas.",
        )
    if status == 504 and said == "request timeout":
        return (
            "Knative gave up: the answer took longer than the revision's timeoutSeconds",
            "Is the model slow, or is it starting?",
        )
    if server not in {_ISTIO, _ENVOY} and not (status == 404 and not spoken.body.strip()):
        return None
    who = "Istio's gateway" if server == _ISTIO else "the gateway"
    if status == 404 and not spoken.body.strip() and via is not Via.FORWARD:
        return (
            f"{who} knows no service with the Host {host or 'that was sent'}",
            "Is this the gateway of this cluster? --via forward goes past it.",
        )
    if status == 503 and (not said or "upstream" in said or "no healthy" in said):
        return (
            f"{who} reaches no pod of the service{f': {said}' if said else ''}",
            "Is it starting? Look at its conditions.",
        )
    if status == 403 and "RBAC" in said:
        return f"{who} forbids it: {said}", "An AuthorizationPolicy wants another header or token: add it with -H."
    return None


def _page(spoken: Spoken) -> tuple[str, str]:
    title = re.search(r"<title[^>]*>([^<]{1,80})", spoken.body, re.IGNORECASE)
    words = f": {title[1].strip()}" if title else ""
    if spoken.status in {401, 403}:
        return (
            f"HTTP {spoken.status} with a page for people{words}",
            "A login stands before the model: send a token with -H or --bearer-token-file.",
        )
    server = spoken.header("server")
    return f"HTTP {spoken.status} with a page for people{words}", f"Not the model but {server or 'a proxy'} answered."


def _hint(spoken: Spoken, speech: Speech) -> str:
    """Say what to try after the model's own complaint."""
    if spoken.status in {401, 403}:
        return "The model wants to know who asks: send a token with -H or --bearer-token-file."
    if spoken.status == 404:
        if complaint(spoken.body) == "Not Found" or not spoken.body.strip():
            return f"This server does not speak {speech}: choose another protocol."
        return "Does the server call the model by another name? Edit the path, or say --model NAME."
    if spoken.status == 422:
        return f"The body is not what {speech} expects."
    return ""


def _words(value: object) -> str:
    """Give the words in an ``error`` or a ``detail``, of whatever shape it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for name in ("message", "msg", "error", "detail"):
            if isinstance(inner := value.get(name), str) and inner:
                return inner
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and value:
        return "; ".join(_entry(entry) for entry in value[:3])
    return "" if value is None else str(value)


def _entry(entry: object) -> str:
    """Write one entry of FastAPI's ``detail`` as ``body.inputs: Field required``."""
    if not isinstance(entry, dict):
        return _words(entry)
    place = entry.get("loc")
    where = ".".join(str(step) for step in place) if isinstance(place, list) else ""
    context = entry.get("ctx")
    why = context.get("error") if isinstance(context, dict) else None
    text = f"{_words(entry)} ({why})" if isinstance(why, str) else _words(entry)
    return f"{where}: {text}" if where else text


def _telling_line(text: str) -> str:
    """Give the first line of a text, and the last one of a traceback: there it says what happened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1] if lines[0].startswith("Traceback (most recent call last)") else lines[0]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

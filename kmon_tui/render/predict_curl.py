"""A request as a curl command that a person can paste: no secret is in it. Pure."""

from __future__ import annotations

import shlex

from kmon_tui.domain.names import Wanted
from kmon_tui.domain.predict import Header, PredictRequest, Via
from kmon_tui.domain.predict_speech import full_path
from kmon_tui.domain.service import InferenceService, Kind

LOCAL = "127.0.0.1:8080"
_WORDS = {Kind.ISVC: "isvc", Kind.LLM: "llm", Kind.GRAPH: "graph"}


def curl(isvc: InferenceService, request: PredictRequest, address: str = "") -> str:
    """Write the command; values of a person's own headers become variables of the shell.

    ``address`` is where requests go now: its scheme counts behind a forward, the whole of it where it is a gateway.
    """
    words = ["curl", "-sS"]
    if request.via is Via.FORWARD and address.startswith("https:"):
        words.append("-k")  # the pod's certificate is for other names than this machine's
    if '"stream": true' in request.body or '"stream":true' in request.body:
        words.append("-N")
    parts = [" ".join(words), shlex.quote(_address(isvc, request, address))]
    own = {header.name.lower() for header in request.headers}
    if request.host and request.via is not Via.URL and "host" not in own:
        parts.append(f"-H {shlex.quote(f'Host: {request.host}')}")
    if "content-type" not in own:
        parts.append("-H 'Content-Type: application/json'")
    parts += [f'-H "{_with_variable(header)}"' for header in request.headers]
    parts.append(f"-d {shlex.quote(request.body)}")
    return " ".join(parts)


def before_curl(isvc: InferenceService, request: PredictRequest) -> str:
    """Say what has to run beside the command; empty when nothing has to."""
    if request.via is not Via.FORWARD:
        return ""
    target = Wanted(isvc.key.name, isvc.key.kind)
    return f"kmon-tui forward {_WORDS[isvc.key.kind]}/{target.name} 8080 -n {isvc.key.namespace}"


def _address(isvc: InferenceService, request: PredictRequest, address: str) -> str:
    path = full_path(isvc, request.via, request.path)
    if request.via is Via.FORWARD:
        return f"http{'s' if address.startswith('https:') else ''}://{LOCAL}{path}"
    if request.via is Via.URL:
        return isvc.url.rstrip("/") + request.path
    return (address.rstrip("/") or "http://GATEWAY") + path


def _with_variable(header: Header) -> str:
    """Write a header with a variable in place of what may be a secret."""
    if header.name.lower() == "authorization":
        kind, blank, _ = header.value.partition(" ")
        return f"{header.name}: {kind} $TOKEN" if blank and kind.isalpha() else f"{header.name}: $TOKEN"
    variable = "".join(char if char.isalnum() else "_" for char in header.name.upper())
    return f"{header.name}: ${variable}"

"""Which protocol a model speaks, and where it listens for it. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from kmon_tui.domain.errors import KmonError
from kmon_tui.domain.predict import Speech, Via
from kmon_tui.domain.service import InferenceService, Kind

OWN_PREFIX, KSERVE_PREFIX = "/v1", "/openai/v1"
"""Of the OpenAI protocol: vLLM's own servers have the first, KServe's Python server the second."""
_V2_RUNTIMES = ("mlserver", "triton")
_LANGUAGE = ("huggingface", "vllm", "sglang", "tgi")


class NoHttp(KmonError):
    """The model speaks no HTTP, so there is nothing to send."""


def speech_of(isvc: InferenceService) -> Speech:
    """Give the protocol to begin with. Raises NoHttp for a model that speaks gRPC alone."""
    if isvc.key.kind is Kind.LLM or _is_language_model(isvc):
        return Speech.OPENAI
    protocol = isvc.protocol.lower()
    if protocol.startswith("grpc"):
        why = "its port is named h2c or grpc" if protocol == "grpc" else f"protocolVersion {isvc.protocol}"
        raise NoHttp(
            f"{isvc.key.name} speaks gRPC alone ({why}); kmon-tui sends HTTP",
            "Use grpcurl over a forward, or serve it with protocolVersion v2 as well.",
        )
    if protocol in {"v2", "v1"}:
        return Speech(protocol)
    return Speech.V2 if any(name in isvc.runtime.lower() for name in _V2_RUNTIMES) else Speech.V1


def path_of(isvc: InferenceService, speech: Speech, model: str = "") -> str:
    """Give the path of a prediction; ``model``: its name on the server, if that is another."""
    name = quote(model or isvc.key.name, safe="")
    if isvc.key.kind is Kind.GRAPH:
        return "/"
    if speech is Speech.V1:
        return f"/v1/models/{name}:predict"
    if speech is Speech.V2:
        return f"/v2/models/{name}/infer"
    return f"{prefix_of(isvc)}/chat/completions"


def prefix_of(isvc: InferenceService) -> str:
    """Give the likelier of the two prefixes of the OpenAI protocol."""
    plain = isvc.key.kind is Kind.LLM or any(name in isvc.runtime.lower() for name in ("vllm", "sglang", "tgi"))
    return OWN_PREFIX if plain else KSERVE_PREFIX


def other_prefix(path: str) -> str | None:
    """Give the same OpenAI path under the other prefix; None when it is no such path."""
    if path.startswith(f"{KSERVE_PREFIX}/"):
        return OWN_PREFIX + path.removeprefix(KSERVE_PREFIX)
    if re.match(r"/v1/(chat/|completions|embeddings|rerank)", path):
        return KSERVE_PREFIX + path.removeprefix(OWN_PREFIX)
    return None


def host_of(isvc: InferenceService) -> str:
    """Give the host under which callers know the service; empty when its status names none."""
    try:
        return urlsplit(isvc.url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def full_path(isvc: InferenceService, via: Via, path: str) -> str:
    """Put the path of the service's own URL before the path, where the way leads through its gateway."""
    if via is Via.FORWARD:
        return path
    try:
        before = urlsplit(isvc.url).path.rstrip("/")
    except ValueError:
        before = ""
    return before + path


def timeout_of(via: Via, speech: Speech) -> float:
    """Give the longest silence to bear: a service that has to wake, or to write a text, takes its time."""
    return 120.0 if via.wakes or speech is Speech.OPENAI else 60.0


def _is_language_model(isvc: InferenceService) -> bool:
    return any(name in isvc.runtime.lower() or name in isvc.format.lower() for name in _LANGUAGE)

"""Before the first request: what the server calls its model, and what the model says of its inputs."""

from __future__ import annotations

import msgspec

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.predict import PredictRequest, Prepared, Speech, Via
from kmon_tui.domain.predict_samples import MOST_VALUES, Tensor, sample
from kmon_tui.domain.predict_speech import KSERVE_PREFIX, OWN_PREFIX, host_of, path_of, prefix_of, timeout_of
from kmon_tui.domain.service import InferenceService
from kmon_tui.live.lean_httpx import httpx
from kmon_tui.live.predict_exchange import Target

PATIENCE_S = 5.0
"""A model that does not say more about itself within this time is asked without."""
MOST_BYTES = 2**20


class _Tensor(msgspec.Struct, frozen=True):
    name: str = ""
    datatype: str = ""
    shape: list[int | float | str] = msgspec.field(default_factory=list)


class _Metadata(msgspec.Struct, frozen=True):
    inputs: list[_Tensor] = msgspec.field(default_factory=list)


class _Entry(msgspec.Struct, frozen=True):
    id: str = ""
    name: str = ""


class _Models(msgspec.Struct, frozen=True):
    data: list[_Entry] = msgspec.field(default_factory=list)


async def prepared(
    isvc: InferenceService, speech: Speech, via: Via, client: httpx.AsyncClient | None, target: Target | None
) -> Prepared:
    """Give the request to begin with; the model is asked over ``client`` where there is one."""
    model, path = isvc.key.name, path_of(isvc, speech)
    tensors: tuple[Tensor, ...] = ()
    notes: tuple[str, ...] = ()
    # A service behind a gateway may be asleep: a question about it would wake it before anybody has said so.
    if client is not None and target is not None and via is Via.FORWARD:
        root = target.url.removesuffix("/")
        if speech is Speech.OPENAI:
            model, path = await _served(client, target, root, isvc)
        elif speech is Speech.V2:
            tensors = await _inputs(client, target, root, isvc.key.name)
            if tensors:
                notes = ("the sample was made from the model's metadata",)
    if any(_size(tensor) > MOST_VALUES for tensor in tensors):
        notes = (*notes, "an input is too large for a sample: fill in its data")
    request = PredictRequest(
        isvc.key,
        speech,
        path,
        sample(isvc, speech, model, tensors),
        host=host_of(isvc),
        via=via,
        timeout_s=timeout_of(via, speech),
    )
    return Prepared(request, notes)


async def _served(client: httpx.AsyncClient, target: Target, root: str, isvc: InferenceService) -> tuple[str, str]:
    """Give the name under which a language model is served, and the path of its chat."""
    likelier = prefix_of(isvc)
    for prefix in (likelier, OWN_PREFIX if likelier == KSERVE_PREFIX else KSERVE_PREFIX):
        body = await _got(client, target, f"{root}{prefix}/models")
        try:
            models = msgspec.json.decode(body, type=_Models) if body else _Models()
        except msgspec.DecodeError:
            continue
        names = [entry.id for entry in models.data if entry.id]
        if names:
            name = isvc.key.name if isvc.key.name in names else names[0]
            return name, f"{prefix}/chat/completions"
    return isvc.key.name, path_of(isvc, Speech.OPENAI)


async def _inputs(client: httpx.AsyncClient, target: Target, root: str, model: str) -> tuple[Tensor, ...]:
    body = await _got(client, target, f"{root}/v2/models/{model}")
    try:
        metadata = msgspec.json.decode(body, type=_Metadata, strict=False) if body else _Metadata()
    except msgspec.DecodeError:
        return ()
    return tuple(Tensor(one.name, one.datatype, tuple(_length(n) for n in one.shape)) for one in metadata.inputs)


async def _got(client: httpx.AsyncClient, target: Target, url: str) -> bytes:
    """Ask for a page about the model; nothing when it does not answer, for the request can be made without."""
    headers = {"Host": target.host} if target.host else {}
    try:
        answer = await client.get(url, headers=headers, timeout=PATIENCE_S)
    except (httpx.HTTPError, BackendError):
        return b""
    return answer.content if answer.status_code == 200 and len(answer.content) <= MOST_BYTES else b""


def _length(value: float | str) -> int:
    try:
        return int(value)
    except (ValueError, OverflowError):
        return -1


def _size(tensor: Tensor) -> int:
    count = 1
    for length in tensor.shape:
        count *= max(1, length)
    return count

"""What the specs of served objects ask for; of thousands that differ in where their model lies alone, one is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sys import intern
from typing import NamedTuple

import msgspec

from kmon_tui.domain.service import OLD_STYLE, Kind
from kmon_tui.live.codec import fit
from kmon_tui.live.shapes import LlmPool, Model, PortName, Predictor, Spec

MOST_WISHES = 1024
_URI = b'"storageUri":"'
_ALONE = ("predictor",)
_NO_SPEC = Spec()
_NO_PREDICTOR = Predictor()
_DECODER = msgspec.json.Decoder(Spec | None)


class Asked(NamedTuple):
    """What one spec asks for."""

    components: tuple[str, ...]
    least: int
    """Replicas of all components together."""
    runtime: str
    format: str
    protocol: str
    percent: int | None
    """``canaryTrafficPercent``."""
    canaries: bool
    """Whether there is ``spec.canary``."""


class Wishes:
    """Reads the specs of objects of one kind, and knows what it has read so far."""

    def __init__(self) -> None:
        self._known: dict[bytes, Asked] = {}

    def read(self, kind: Kind, written: msgspec.Raw) -> Asked:
        """Read ``spec`` as the API server wrote it."""
        raw = alike = bytes(written)
        if (start := raw.find(_URI)) >= 0:
            # No text that is quoted in another one looks like that; an escaped quote in the URI leaves its rest there.
            alike = raw[:start] + raw[raw.find(b'"', start + len(_URI)) :]
        found = self._known.get(alike)
        if found is None:
            if len(self._known) >= MOST_WISHES:
                self._known.clear()
            found = self._known[alike] = _asked(kind, spec_of(raw))
        return found


def spec_of(raw: bytes | msgspec.Raw) -> Spec:
    """Read a spec strictly, or leniently where something is odd."""
    try:
        found = _DECODER.decode(raw) if bytes(raw) else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = fit(json.loads(bytes(raw).decode("utf-8", "replace")), Spec)
    return found or _NO_SPEC


def _asked(kind: Kind, spec: Spec) -> Asked:
    components, least = _components(kind, spec)
    runtime, format_, protocol = map(intern, _model(kind, spec))
    percent = spec.predictor.canary if spec.predictor is not None else None
    return Asked(components, least, runtime, format_, protocol, percent, bool(spec.canary))


def _components(kind: Kind, spec: Spec) -> tuple[tuple[str, ...], int]:
    """Give the names of the components and the replicas they want at least, together."""
    if kind is Kind.LLM:
        prefill = spec.prefill
        workloads = ("workload", "prefill") if prefill else ("workload",)
        return workloads, _least_of_pool(spec) + (_least_of_pool(prefill) if prefill else 0)
    if kind is Kind.GRAPH:
        return ("router",), _least(spec.least)
    predictor = spec.predictor
    least = 1 if predictor is None or predictor.least is None else max(predictor.least, 0)
    if spec.transformer is None and spec.explainer is None:
        return _ALONE, least
    names: tuple[str, ...] = _ALONE
    for name, component in (("transformer", spec.transformer), ("explainer", spec.explainer)):
        if component is not None:
            names, least = (*names, name), least + _least(component.least)
    return names, least


def _least(replicas: int | None) -> int:
    return 1 if replicas is None else replicas if replicas > 0 else 0


def _least_of_pool(pool: Spec | LlmPool) -> int:
    """Give the replicas that a workload of an LLMInferenceService has at least; none when it may idle without any."""
    scaling = pool.scaling
    if scaling is None:
        return _least(pool.replicas)
    idle = scaling.wva.keda.least if scaling.wva is not None and scaling.wva.keda is not None else None
    return _least(scaling.least) if idle is None else min(_least(idle), _least(scaling.least))


def _model(kind: Kind, spec: Spec) -> tuple[str, str, str]:
    """Give runtime, format with version, and protocol."""
    if kind is not Kind.ISVC:
        return "", "", ""
    predictor = spec.predictor or _NO_PREDICTOR
    model = predictor.model
    if model is not None:
        format_ = model.format
        shown = "" if format_ is None else format_.name
        if format_ is not None and format_.version:
            shown = f"{shown} {format_.version}".strip()
        spoken = _grpc(spec, model.ports) if model.ports else ""
        return model.runtime, shown, spoken or model.protocol
    for name in OLD_STYLE:
        leaf: Model | None = getattr(predictor, name)
        if leaf is not None:
            return leaf.runtime or name, name, leaf.protocol
    own = predictor.containers
    return "custom" if own else "", "", _grpc(spec, own[0].ports) if own else ""


def _grpc(spec: Spec, ports: Sequence[PortName] | None) -> str:
    """Say ``grpc`` where all ports that callers meet are named for it; ``h2c`` is what KServe's guides call them."""
    alone = bool(ports) and all(port.name.startswith(("h2c", "grpc")) for port in ports or ())
    return "grpc" if alone and spec.transformer is None else ""

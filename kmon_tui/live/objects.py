"""From the shape of a served object to the facts that the domain judges by."""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern

from kmon_tui.domain.facts import Facts, Failure
from kmon_tui.domain.service import Condition, Key, Kind, Mode, TrafficShare
from kmon_tui.live.moulds import Moulds, read_conditions
from kmon_tui.live.shapes import Components, FailureInfo, LlmPool, Model, PortName, Predictor, Served, Spec, Status

MODES = {
    "knative": Mode.KNATIVE,
    "serverless": Mode.KNATIVE,
    "standard": Mode.STANDARD,
    "rawdeployment": Mode.STANDARD,
    "modelmesh": Mode.MODELMESH,
}
"""Both spellings: Serverless and RawDeployment until KServe 0.15, Knative and Standard since 0.16."""

_SPELT = {mode.value: mode for mode in Mode if mode.value}

_OLD_STYLE = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "pmml",
    "lightgbm",
    "paddle",
    "huggingface",
)
_KNATIVE_CONDITIONS = frozenset(
    {
        "PredictorRouteReady",
        "PredictorConfigurationReady",
        "RoutesReady",
        "LatestDeploymentReady",
        "ConfigurationsReady",
    }
)
_STANDARD_REASONS = frozenset({"MinimumReplicasAvailable", "MinimumReplicasUnavailable", "NewReplicaSetAvailable"})

_KEDA = "keda"
_ISVC, _LLM, _GRAPH = Kind.ISVC, Kind.LLM, Kind.GRAPH
"""For speed: an enum's member takes as long to look up as all else that is done with it."""
_new = tuple.__new__
"""Makes a NamedTuple from its fields in their order, in a third of the time that it takes by name."""
_ALONE = ("predictor",)
_NO_SPEC = Spec()
_NO_STATUS = Status()
_NO_PREDICTOR = Predictor()
_NO_COMPONENTS = Components()


def facts_of(served: Served, kind: Kind, moulds: Moulds | None = None, key: Key | None = None) -> Facts | None:
    """Read one object; None when it has no name to be a row under. ``moulds`` serve many objects; ``key`` is its."""
    meta, spec, status = served.metadata, served.spec or _NO_SPEC, served.status or _NO_STATUS
    if not meta.name:
        return None
    raw, model = status.conditions, status.model
    conditions = moulds.read(raw) if moulds is not None else read_conditions(bytes(raw))
    components, least = _components(kind, spec)
    runtime, format_, protocol = _model(kind, spec, status)
    mode = _mode(kind, served, status, conditions)
    address = status.address.url if status.address else ""
    if status.addresses and not address:
        address = status.addresses[0].url
    return _new(
        Facts,
        (
            # Texts that thousands of objects have are kept once.
            key or _new(Key, (kind, intern(meta.namespace), meta.name)),
            meta.uid,
            meta.generation,
            meta.created,
            meta.deleted,
            conditions,
            model.transition if model else "",
            _failure(model.failure) if model and model.failure else None,
            mode,
            intern(runtime),
            intern(format_),
            intern(protocol),
            status.url or (address if kind is _LLM else ""),
            address,
            _traffic(meta.name, components, status),
            components,
            least,
            _without_effect(mode, spec) if spec.canary or (spec.predictor and spec.predictor.canary) else "",
            meta.annotations is not None and meta.annotations.scaler == _KEDA,
        ),
    )


def _without_effect(mode: Mode, spec: Spec) -> str:
    """Name the canary field that the mode does not know: KServe ignores it without a word."""
    percent = spec.predictor.canary if spec.predictor is not None else None
    if mode is Mode.STANDARD and percent is not None and 0 < percent < 100:
        return "canaryTrafficPercent"
    return "spec.canary" if mode is Mode.KNATIVE and spec.canary else ""


def _failure(info: FailureInfo) -> Failure:
    return Failure(info.reason, info.message, info.exit_code)


def _components(kind: Kind, spec: Spec) -> tuple[tuple[str, ...], int]:
    """Give the names of the components and the replicas they want at least, together."""
    if kind is _LLM:
        prefill = spec.prefill
        workloads = ("workload", "prefill") if prefill else ("workload",)
        return workloads, _least_of_pool(spec) + (_least_of_pool(prefill) if prefill else 0)
    if kind is _GRAPH:
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


def _model(kind: Kind, spec: Spec, status: Status) -> tuple[str, str, str]:
    """Give runtime, format with version, and protocol."""
    runtime = status.runtime or status.cluster_runtime
    if kind is not _ISVC:
        return runtime, "", ""
    predictor = spec.predictor or _NO_PREDICTOR
    model = predictor.model
    if model is not None:
        format_ = model.format
        shown = "" if format_ is None else format_.name
        if format_ is not None and format_.version:
            shown = f"{shown} {format_.version}".strip()
        spoken = _grpc(spec, model.ports) if model.ports else ""
        return runtime or model.runtime, shown, spoken or model.protocol
    for name in _OLD_STYLE:
        leaf: Model | None = getattr(predictor, name)
        if leaf is not None:
            return runtime or leaf.runtime or name, name, leaf.protocol
    own = predictor.containers
    return runtime or ("custom" if own else ""), "", _grpc(spec, own[0].ports) if own else ""


def _grpc(spec: Spec, ports: Sequence[PortName] | None) -> str:
    """Say ``grpc`` where all ports that callers meet are named for it; ``h2c`` is what KServe's guides call them."""
    alone = bool(ports) and all(port.name.startswith(("h2c", "grpc")) for port in ports or ())
    return "grpc" if alone and spec.transformer is None else ""


def _mode(kind: Kind, served: Served, status: Status, conditions: Sequence[Condition]) -> Mode:
    """Say how it is run: what the status says, what the annotation asks for, what the status hints at."""
    if kind is _LLM:
        return Mode.STANDARD  # KServe runs these as plain Deployments, and knows no other way
    said = _SPELT.get(status.mode) or MODES.get(status.mode.lower())
    annotations = served.metadata.annotations
    if said is None and annotations is not None:
        said = MODES.get(annotations.mode.lower())
    return said or _mode_by_hints(kind, status, conditions)


def _mode_by_hints(kind: Kind, status: Status, conditions: Sequence[Condition]) -> Mode:
    told = status.components or _NO_COMPONENTS
    for component in (told.predictor, told.transformer, told.explainer):
        if component is None:
            continue
        if component.rest_url or component.grpc_url:
            return Mode.MODELMESH
        # KServe 0.10 writes a Deployment's revision, a bare number, in Standard mode.
        if component.traffic or (component.created_revision and not component.created_revision.isdigit()):
            return Mode.KNATIVE
    for condition in conditions:
        if condition.type in _KNATIVE_CONDITIONS:
            return Mode.KNATIVE
        if condition.type == "PredictorReady" and condition.reason in _STANDARD_REASONS:
            return Mode.STANDARD
    # A graph's status says no mode; Knative's own conditions are in it, or else there is none but these.
    alone = kind is _GRAPH and any(condition.type == "Ready" and condition.status == "True" for condition in conditions)
    return Mode.STANDARD if alone else Mode.UNKNOWN


def _traffic(name: str, components: tuple[str, ...], status: Status) -> tuple[TrafficShare, ...]:
    """Give the split of the component that callers meet first."""
    told = status.components or _NO_COMPONENTS
    component = told.transformer if "transformer" in components else told.predictor
    if component is not None and component.traffic:
        # Prometheus' labels hold the names of revisions, too, and so do older rows.
        shares = component.traffic
        if len(shares) == 1:
            (only,) = shares
            return (_new(TrafficShare, (intern(only.revision), only.percent, only.tag, only.latest)),)
        return tuple([_new(TrafficShare, (intern(s.revision), s.percent, s.tag, s.latest)) for s in shares])
    if status.canaries:
        canaries = [TrafficShare(c.name, c.percent, "canary") for c in status.canaries]
        rest = 100 - sum(share.percent or 0 for share in canaries)
        return (TrafficShare(f"{name}-predictor", max(0, rest)), *canaries)
    return ()

"""From the shape of a served object to the facts that the domain judges by."""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern

from kmon_tui.domain.facts import Facts, Failure
from kmon_tui.domain.service import Condition, Key, Kind, Mode, TrafficShare
from kmon_tui.live.moulds import Moulds, read_conditions
from kmon_tui.live.shapes import Components, FailureInfo, Served, Status
from kmon_tui.live.wishes import Asked, Wishes

MODES = {
    "knative": Mode.KNATIVE,
    "serverless": Mode.KNATIVE,
    "standard": Mode.STANDARD,
    "rawdeployment": Mode.STANDARD,
    "modelmesh": Mode.MODELMESH,
}
"""Both spellings: Serverless and RawDeployment until KServe 0.15, Knative and Standard since 0.16."""

_SPELT = {mode.value: mode for mode in Mode if mode.value}

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
_GROUP_BROKEN = frozenset({("GroupDegraded", "True"), ("GroupReady", "False")})
_NO_STATUS = Status()
_NO_COMPONENTS = Components()


def facts_of(served: Served, kind: Kind, moulds: Moulds | None = None, key: Key | None = None) -> Facts | None:
    """Read one object; None when it has no name to be a row under. ``moulds`` serve many objects; ``key`` is its."""
    meta, status = served.metadata, served.status or _NO_STATUS
    if not meta.name:
        return None
    raw, model = status.conditions, status.model
    if moulds is not None:
        conditions, asked = moulds.read(raw), moulds.wishes.read(kind, served.spec)
    else:
        conditions, asked = read_conditions(bytes(raw)), Wishes().read(kind, served.spec)
    components, least, asked_runtime, format_, protocol, _, _ = asked
    runtime = status.runtime or status.cluster_runtime
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
            intern(runtime) if runtime else asked_runtime,
            format_,
            protocol,
            status.url or (address if kind is _LLM else ""),
            address,
            _traffic(meta.name, components, status),
            components,
            least,
            _of_group(conditions)
            if kind is _LLM
            else _without_effect(mode, asked)
            if asked.canaries or asked.percent
            else "",
            meta.annotations is not None and meta.annotations.scaler == _KEDA,
        ),
    )


def _without_effect(mode: Mode, asked: Asked) -> str:
    """Name the canary field that the mode does not know: KServe ignores it without a word."""
    percent = asked.percent
    if mode is Mode.STANDARD and percent is not None and 0 < percent < 100:
        return "canaryTrafficPercent"
    return "spec.canary" if mode is Mode.KNATIVE and asked.canaries else ""


def _of_group(conditions: Sequence[Condition]) -> str:
    """Name the condition by which the routing group of a language model is not whole; Ready stays True beside it."""
    broken = [one.type for one in conditions if (one.type, one.status) in _GROUP_BROKEN]
    return broken[0] if broken else ""


def _failure(info: FailureInfo) -> Failure:
    return Failure(info.reason, info.message, info.exit_code)


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

"""A service and everything below it, as the cluster holds it: what a diagnosis reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from kmon_tui.domain.health import Health

Object: TypeAlias = Mapping[str, object]
"""One object in JSON as the API server sent it, with its ``kind`` and ``apiVersion``. Nobody changes it; any field may
be missing or odd."""


class Ref(NamedTuple):
    """Which object is meant."""

    kind: str
    name: str
    namespace: str = ""
    """Empty: not in a namespace."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Why(StrEnum):
    """Why a part of a tree could not be read."""

    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    """The kind is not installed here: normal for Knative's kinds in a Standard cluster."""
    FAILED = "failed"


class Blind(NamedTuple):
    """A part of the tree that could not be read: a diagnosis goes on without it, and says so."""

    kind: str
    """The kind as Kubernetes spells it: ``Event``, ``Revision``… or ``pods/log``."""
    why: Why
    text: str = ""
    """For people, with the missing right: ``may not list events in namespace risk``."""


class LogTail(NamedTuple):
    """The last lines of one container."""

    pod: str
    container: str
    lines: tuple[str, ...]
    previous: bool = False
    """Of the container before the last restart (``kubectl logs --previous``)."""


class Answer(NamedTuple):
    """What the model itself answered when it was asked whether it is ready."""

    path: str
    """As ``/v2/models/iris/ready``."""
    status: int | None = None
    """The HTTP status; None when nothing answered."""
    text: str = ""
    """What came with it, or why nothing came."""
    pod: str = ""
    """The pod that was asked; empty when it was asked through the gateway."""


class Peak(NamedTuple):
    """The most memory that a container was seen to use."""

    pod: str
    container: str
    memory_bytes: float


@dataclass(frozen=True, slots=True)
class ObjectTree:
    """One service with its children at one moment."""

    root: Object | None = None
    """The InferenceService, LLMInferenceService or InferenceGraph; None when it is gone."""
    objects: tuple[Object, ...] = ()
    """Everything below it but events: Knative service, configuration, revision, route, PodAutoscaler; Deployment,
    ReplicaSet, LeaderWorkerSet, HPA, ScaledObject; Service, Endpoints, EndpointSlice, Ingress, HTTPRoute,
    VirtualService, InferencePool; pods. Also what it refers to, as far as it may be read: runtimes, PVCs, nodes, the
    InferenceServices of a graph's steps, and pods of others that hold a GPU it waits for. In no order."""
    events: tuple[Object, ...] = ()
    """Events (core/v1) of the service and its children, oldest first by their last time."""
    logs: tuple[LogTail, ...] = ()
    """Of containers that are in trouble; empty when nobody asked for them."""
    blind: tuple[Blind, ...] = ()
    answers: tuple[Answer, ...] = ()
    """Empty when nobody asked; a diagnosis does not need them."""
    peaks: tuple[Peak, ...] = ()
    """Of containers that were killed for their memory, if Prometheus knows; a diagnosis does not need them."""
    absent: tuple[Ref, ...] = ()
    """Secrets, config maps, accounts and nodes that are named here and known not to exist; empty when nobody asked.
    What is in those that exist is never read."""
    synced: bool = False
    """True once every part was listed or is in ``blind``."""
    shallow: bool = False
    """Not everything was asked for (yet): that something is not here tells nothing."""
    health: Health = Health()
    """Of the way to the API: FAILING keeps the old objects."""

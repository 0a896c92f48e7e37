"""What the doctor knows before it judges: each fact, or why it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kmon_tui.domain.service import InferenceService, Key

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """A value, or why there is none: a right that is missing, or an answer that did not come."""

    value: T | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or StatefulSet that belongs to KServe, Knative or Prometheus."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    account: str = ""
    """Service account of its pods."""
    ready: int = 0
    desired: int = 1


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod: its image and what it declares."""

    name: str
    image: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    """Name and number."""


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What scrape jobs see of a pod."""

    name: str
    ip: str = ""
    phase: str = ""
    ready: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()

    def container(self, name: str) -> Container | None:
        """Find a container by name."""
        return next((one for one in self.containers if one.name == name), None)


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What the API server told."""

    version: Told[str] = Told()
    skew_s: Told[float] = Told()
    """Its clock minus ours."""
    groups: Told[Mapping[str, tuple[str, ...]]] = Told()
    """Versions by API group."""
    kserve: Told[tuple[Workload, ...]] = Told()
    knative: Told[tuple[Workload, ...]] = Told()
    observability: Told[Mapping[str, str]] = Told()
    """``data`` of Knative's ConfigMap config-observability; empty: it has none."""
    observability_namespace: str = "knative-serving"
    prometheus: Told[tuple[Workload, ...]] = Told()
    """What looks like a Prometheus server, with the labels of the chart that made it."""
    pods: Told[tuple[PodFacts, ...]] = Told()
    """Of the service that is examined."""


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of Prometheus' scrape_configs."""

    name: str
    interval: str = ""
    annotated_only: bool = False
    """Whether it keeps only pods with prometheus.io/scrape: "true", as the chart's own job does."""
    discovers: bool = True
    """Whether it looks for its targets; False: somebody wrote them down."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """One active target."""

    job: str
    instance: str
    health: str
    last_error: str = ""
    pod: str = ""
    namespace: str = ""
    service_name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class SeriesFact:
    """Series of one metric under one set of identifying labels."""

    name: str
    job: str = ""
    instance: str = ""
    service_name: str = ""
    namespace: str = ""
    owned: bool = False
    """Whether its labels lead to the service that is examined."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest finite bucket bound of a histogram, as its series write it."""

    name: str
    largest: float


@dataclass(frozen=True, slots=True)
class PrometheusFacts:
    """What Prometheus told."""

    url: str = ""
    found_by: str = ""
    failure: str = ""
    """Why nothing could be asked; the rest is empty then."""
    failure_kind: str = ""
    """Name of the class of the failure: Forbidden, NotFound…"""
    hint: str = ""
    version: Told[str] = Told()
    host: str = ""
    """What it calls its machine or pod; before Prometheus 3 it does not say."""
    retention: Told[str] = Told()
    skew_s: Told[float] = Told()
    families: Told[tuple[str, ...]] = Told()
    front: Told[tuple[str, ...]] = Told()
    """Families that count in front of the pods."""
    jobs: Told[tuple[Job, ...]] = Told()
    counts: Told[Mapping[str, int]] = Told()
    """Targets of the jobs that scrape models, by job."""
    targets: Told[tuple[Scraped, ...]] = Told()
    """Those of them that are down, and all of the pods of the service that is examined."""
    series: Told[tuple[SeriesFact, ...]] = Told()
    """Request counters of the service that is examined, or of its pods."""
    bounds: Told[tuple[Bounds, ...]] = Told()


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource, as RBAC has them."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


@dataclass(frozen=True, slots=True)
class RightsFacts:
    """Who asks, and what that one may not do."""

    user: str = ""
    """As the API server knows it; empty where it does not tell."""
    missing: Mapping[str, tuple[Right, ...]] = field(default_factory=dict)
    """By namespace ("" is all of them): those of the rights we need that are not granted."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """By namespace: why it is not known."""
    unseen: int = 0
    """Namespaces that were not asked about, to keep the questions few."""
    prometheus_namespace: str = ""
    """Where Prometheus has to be reached through a tunnel; empty: it is not."""


@dataclass(frozen=True, slots=True)
class PortFact:
    """A local port that somebody wants to listen on."""

    port: int
    wanted_by: str
    taken: bool = False
    owner: str = ""
    otherwise: str = ""
    """The command that does with another port, which comes behind it, what this one is wanted for."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """What Prometheus is asked about."""

    services: tuple[InferenceService, ...] = ()
    isvc: InferenceService | None = None
    """The service that is examined; None: only what concerns all."""
    pods: tuple[PodFacts, ...] = ()
    """Its pods."""
    families: tuple[str, ...] | None = None
    """Families that Prometheus is known to have; None: it is to be asked."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be examined."""

    services: tuple[InferenceService, ...]
    namespace: str | None = None
    """What is watched; None: all namespaces."""
    key: Key | None = None
    ports: tuple[PortFact, ...] = ()
    problem: str = ""
    """Why the services are not known."""
    read_only: bool = False
    families: tuple[str, ...] | None = None
    """Families that Prometheus is known to have, as its last tick told."""
    brief: bool = False
    """Only what may keep numbers of the service away, for few questions."""
    tick_s: float = 0.0
    """Seconds between two ticks: a question to Prometheus may have to wait for the next one. 0: there are none."""

    @property
    def isvc(self) -> InferenceService | None:
        """The service that is examined."""
        return next((one for one in self.services if one.key == self.key), None)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything together."""

    case: Case
    cluster: ClusterFacts | None = None
    prometheus: PrometheusFacts | None = None
    rights: RightsFacts | None = None
    ports: tuple[PortFact, ...] | None = None

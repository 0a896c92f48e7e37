"""What kmon-tui asks of the outside: streams of complete values, and calls.

Both raise BackendError and nothing else when the world misbehaves; both release what they hold when cancelled.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, runtime_checkable

from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.domain.traffic import Family, TrafficReport
from kmon_tui.settings import PrometheusSettings, Settings

if TYPE_CHECKING:  # only names of types here: a screen that shows the fleet needs none of them
    from kmon_tui.domain.command import Span
    from kmon_tui.domain.doctor.facts import Case, PrometheusFacts, Suspects
    from kmon_tui.domain.doctor.finding import Report
    from kmon_tui.domain.doings import Doing
    from kmon_tui.domain.forward import Forward, ForwardSpec
    from kmon_tui.domain.logs import LogLine, LogRequest, LogView
    from kmon_tui.domain.manifest import Bundle, Manifest
    from kmon_tui.domain.measurement import Measurement
    from kmon_tui.domain.plan import Applied, Plan, Planned
    from kmon_tui.domain.predict import Prediction, PredictRequest, Prepared, Repetition, SavedBody, Sent, Speech, Via
    from kmon_tui.domain.tree import ObjectTree, Peak

T = TypeVar("T")
Stream: TypeAlias = AsyncGenerator[T, None]


class Interest(Protocol):
    """What the metrics source needs to know of the rest, at the moment it asks."""

    @property
    def services(self) -> tuple[InferenceService, ...]:
        """All services in scope, to give series an owner."""

    @property
    def edition(self) -> int:
        """The edition of ``services``, as in Fleet."""

    @property
    def selected(self) -> Key | None:
        """The service whose buckets are wanted."""

    @property
    def visible(self) -> tuple[Key, ...]:
        """The rows on the screen."""

    @property
    def near(self) -> tuple[Key, ...]:
        """Rows that the next page keys bring, the nearest first."""

    @property
    def span(self) -> Span | None:
        """How much of the selected service's past is wanted; None: what is known anyway."""

    @property
    def idle(self) -> bool:
        """Whether nobody pressed a key for half an hour: a poll a minute is enough then."""

    @property
    def family(self) -> Family | None:
        """The family that a person chose; None: the best of each service."""

    @property
    def scrape_pods(self) -> bool | None:
        """Whether a person wants pods to be scraped directly; None: as the configuration says."""

    async def changed(self) -> None:
        """Return once what is looked at differs from what it was at the call (or a refresh is wanted)."""


class Troubled(Protocol):
    """Which services are in trouble, at the moment it is asked."""

    @property
    def rows(self) -> tuple[InferenceService, ...]:
        """Those whose reason is wanted, the ones on the screen first."""

    async def changed(self) -> None:
        """Return once ``rows`` are others than at the call."""


class Cluster(Protocol):
    """The Kubernetes API of one context."""

    def watch(self) -> Stream[Fleet]:
        """Stream the fleet, at most 10 values a second; it survives cuts by itself and says so in ``Fleet.health``."""


class Metrics(Protocol):
    """One Prometheus."""

    def poll(self, interest: Interest) -> Stream[TrafficReport]:
        """Stream one report a tick; keeps its ring buffers over failures of the outside when iterated anew."""


MetricsAt: TypeAlias = Callable[[PrometheusSettings], AbstractAsyncContextManager[Metrics]]
"""Raises SettingsError at the call; nothing is open before the context is entered."""


class Measures(Protocol):
    """The same Prometheus, asked once."""

    async def measure(
        self, services: tuple[InferenceService, ...], key: Key, window_s: int, family: Family | None = None
    ) -> Measurement:
        """Measure one of the services over a window that ends now, in this family if it has it.

        Raises NotFound when it is none of them.
        """


@runtime_checkable
class Patient(Protocol):
    """The same Prometheus, asked about itself: what it scrapes, keeps and holds."""

    async def examined(self, suspects: Suspects) -> PrometheusFacts:
        """Tell it. Raises BackendError when it does not answer at all."""


class Memory(Protocol):
    """The same Prometheus, asked how much memory containers used."""

    async def memory_peaks(self, namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
        """Give the most of the last hour by pod and container; empty where nobody measures it. Raises BackendError."""


class Doctor(Protocol):
    """Looks for what keeps numbers away."""

    async def examine(self, case: Case, metrics: Metrics | None, tell: Callable[[Report], None]) -> Report:
        """Give all findings; ``tell`` hears those so far. Raises BackendError when the API server cannot be asked."""


class Predictor(Protocol):
    """The models of one context. A request that fails is a Prediction too: no BackendError comes of it."""

    async def prepare(self, isvc: InferenceService, speech: Speech | None, via: Via) -> Prepared:
        """Find out how to ask, with a sample. Raises NoHttp for a model that speaks gRPC alone."""

    def send(self, isvc: InferenceService, request: PredictRequest) -> Stream[Prediction]:
        """Send once; the last value is complete, those before it show a stream as it comes."""

    def repeat(
        self, isvc: InferenceService, request: PredictRequest, times: int, concurrency: int
    ) -> Stream[Repetition]:
        """Send many times; a value a quarter of a second, and one at the end."""

    async def remember(self, key: Key, sent: Sent) -> None:
        """Add a line to the history of a service. Raises KmonError when it cannot be written."""

    async def save(self, key: Key, saved: SavedBody) -> None:
        """Keep a body. Raises KmonError when it cannot be written."""


class Deployer(Protocol):
    """What writes manifests into one context: rehearsed first, then for real."""

    async def read(self, source: str) -> Bundle:
        """Read a file or a folder. Raises ManifestError."""

    async def plan(self, manifests: Sequence[Manifest]) -> Plan:
        """Ask the server what each manifest would do; nothing is written."""

    async def apply(self, planned: Planned, *, force: bool = False) -> Applied:
        """Apply one manifest; ``force`` takes fields from other managers. Raises Refused, Forbidden, ReadOnly too."""

    async def service(self, key: Key) -> InferenceService | None:
        """Look at one service that the watch does not show; None when it is not there."""


class Tunnels(Protocol):
    """Port-forwards into the cluster."""

    def hold(self, spec: ForwardSpec, *, alone: bool = False) -> Stream[Forward]:
        """Listen, then stream what the forward is like; it lives as long as it is iterated, whatever happens outside.

        ``alone``: this program does nothing else, so its bytes need not step aside for keys.

        Raises BackendError, before the first value, when the local port cannot be had.
        """


class Trees(Protocol):
    """What lies below a service: its children, their events, the last lines of those in trouble."""

    def watch(self, key: Key) -> Stream[ObjectTree]:
        """Stream the tree of one service, at most 5 values a second; a part that may not be read is in ``blind``.

        It survives cuts by itself and says so in ``ObjectTree.health``. What it watches is released when it is closed.
        """

    async def look(self, key: Key) -> ObjectTree:
        """Read it once, with logs. Raises NotFound when there is no such service."""

    def reasons(self, troubled: Troubled, *, at_once: bool = True) -> Stream[Mapping[Key, ObjectTree]]:
        """Stream trees of the services in trouble, from a bounded number of lists however many they are.

        ``at_once``: a shallow tree of what is new comes before the one that is as deep as an opened service's. A tree
        that did not change is the very same value as before; nothing is asked while there is no trouble.
        """


class Logs(Protocol):
    """What containers wrote."""

    def follow(self, request: LogRequest) -> Stream[LogView]:
        """Stream the newest lines, at most 10 values a second; pods that come later join by themselves."""

    def read(self, request: LogRequest) -> Stream[tuple[LogLine, ...]]:
        """Stream all lines as they come, however slowly they are taken: nothing is dropped, marks included.

        Ends when ``request.follow`` is off and everything was read. Raises Absent when the service has no pods.
        """


class Rights(Protocol):
    """What we may do."""

    async def missing(self, namespace: str) -> Mapping[Doing, str]:
        """Give what may not be done in a namespace, each with the right that is missing. Raises BackendError."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything of the outside, open."""

    place: Place
    cluster: Cluster
    metrics: Metrics | None
    """None: no Prometheus is configured."""
    measures: Measures | None = None
    """The same source for one-shots; None when ``metrics`` is None."""
    predictor: Predictor | None = None
    deployer: Deployer | None = None
    doctor: Doctor | None = None
    tunnels: Tunnels | None = None
    rights: Rights | None = None
    trees: Trees | None = None
    logs: Logs | None = None
    metrics_at: MetricsAt | None = None
    """Opens another Prometheus of the same context."""


OpenBackend: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Backend]]
"""Raises SettingsError or BackendError when it cannot be opened."""

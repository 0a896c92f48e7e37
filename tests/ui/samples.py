"""A fleet of a dozen services in every state, with traffic, at a fixed moment; a watcher that says what it is told."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from textual.notifications import SeverityLevel
from textual.pilot import Pilot

from kmon_tui.domain.beside import Llm, Scaling
from kmon_tui.domain.command import Command
from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.service import (
    Condition,
    InferenceService,
    Key,
    Kind,
    Mode,
    Readiness,
    Replicas,
    TrafficShare,
)
from kmon_tui.domain.state import KUBERNETES, PROMETHEUS, State
from kmon_tui.domain.traffic import Buckets, Family, Prometheus, Scope, Series, Traffic, TrafficReport
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.service_table import ServiceTable

NOW = datetime(2026, 11, 22, 12, 41, 7, tzinfo=UTC)
SAMPLED = NOW - timedelta(seconds=5)
LIVE = Health(status=Status.LIVE)
STEP_S = 15.0
POINTS = 60


def ago(**span: float) -> datetime:
    """Give the moment so long before NOW."""
    return NOW - timedelta(**span)


def isvc(name: str, namespace: str, readiness: Readiness, **more: object) -> InferenceService:
    """Make a service with what most of them have."""
    usual: dict[str, object] = {
        "uid": f"uid-{name}",
        "readiness": readiness,
        "ready": {Readiness.READY: True, Readiness.FAILED: False}.get(readiness),
        "since": ago(days=12),
        "mode": Mode.STANDARD,
        "runtime": "kserve-sklearnserver",
        "format": "sklearn 1",
        "protocol": "v1",
        "url": f"http://{name}.{namespace}.example.com",
        "replicas": Replicas(ready=1, desired=1),
        "created": ago(days=40),
        "changed": ago(days=2),
        "conditions": (
            Condition("PredictorReady", "True", since=ago(days=12)),
            Condition("Ready", "True", since=ago(days=12)),
        ),
    }
    kind = more.pop("kind", Kind.ISVC)
    assert isinstance(kind, Kind)
    return InferenceService(key=Key(kind, namespace, name), **{**usual, **more})  # type: ignore[arg-type]  # of tests


def services() -> tuple[InferenceService, ...]:
    """Make the dozen."""
    fraud = isvc(
        "fraud-xgb",
        "risk",
        Readiness.FAILED,
        reason="ModelLoadFailed",
        message="storage-initializer: 403 AccessDenied on s3://risk/fraud",
        since=ago(minutes=3, seconds=12),
        changed=ago(minutes=5),
        runtime="kserve-xgbserver",
        replicas=Replicas(0, 2),
        conditions=(
            Condition(
                "PredictorReady",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
                since=ago(minutes=3),
            ),
            Condition("IngressReady", "True", since=ago(days=3)),
            Condition("Ready", "False", "MinimumReplicasUnavailable", since=ago(minutes=3)),
        ),
    )
    gemma = isvc(
        "gemma-2b",
        "llm",
        Readiness.FAILED,
        reason="Unschedulable",
        message="0/3 nodes are available: 3 Insufficient nvidia.com/gpu",
        since=ago(minutes=18),
        changed=ago(minutes=18),
        runtime="kserve-huggingfaceserver",
        replicas=Replicas(0, 1),
    )
    iris = isvc(
        "sklearn-iris",
        "demo",
        Readiness.ROLLING,
        reason="RevisionMissing",
        message="Configuration is waiting for revision 00003 to become ready",
        since=ago(minutes=4),
        changed=ago(minutes=4),
        mode=Mode.KNATIVE,
        replicas=Replicas(2, 3),
        traffic=(
            TrafficShare("sklearn-iris-predictor-00002", 90),
            TrafficShare("sklearn-iris-predictor-00003", 10, latest=True),
        ),
    )
    quiet = (
        isvc(
            "bert-ner", "nlp", Readiness.READY, replicas=Replicas(4, 4), runtime="kserve-mlserver", changed=ago(hours=2)
        ),
        isvc("churn-lgb", "risk", Readiness.READY, mode=Mode.KNATIVE, runtime="kserve-lgbserver"),
        isvc(
            "llama3-8b",
            "llm",
            Readiness.READY,
            kind=Kind.LLM,
            replicas=Replicas(3, 3),
            runtime="vllm",
            format="",
            protocol="openai",
        ),
        isvc("resnet50", "vision", Readiness.READY, replicas=Replicas(2, 2), runtime="kserve-tritonserver"),
        isvc("embed-e5", "nlp", Readiness.COLD, mode=Mode.KNATIVE, replicas=Replicas(0, 0), since=ago(minutes=14)),
        isvc("old-ranker", "risk", Readiness.STOPPED, replicas=Replicas(0, 0), since=ago(days=210)),
        isvc("pca-drift", "risk", Readiness.READY),
        isvc("route-graph", "nlp", Readiness.READY, kind=Kind.GRAPH, runtime="", format=""),
        isvc("toxic-clf", "nlp", Readiness.UNKNOWN, replicas=Replicas(None, None), since=None),
    )
    return tuple(sorted((fraud, gemma, iris, *quiet), key=lambda service: service.key))


def series(values: list[float], step_s: float = STEP_S, end: datetime = SAMPLED) -> Series:
    """Make a series that ends at the newest sample."""
    return Series(end_s=end.timestamp(), step_s=step_s, values=array("d", values))


def wave(height: float, phase: float = 0.0) -> list[float]:
    """Make values that go up and down."""
    return [height * (0.6 + 0.4 * math.sin(i / 7 + phase)) for i in range(POINTS)]


def traffic_of(rate: float, error: float = 0.0, slow_ms: float = 38.0, **more: object) -> Traffic:
    """Make the traffic of a service that gets so many requests."""
    errors = [0.0] * (POINTS - 15) + [error] * 15
    usual: dict[str, object] = {
        "family": Family.KNATIVE_MS,
        "scope": Scope.PODS,
        "requests_per_s": rate,
        "requests": series([*wave(rate, rate)[:-1], rate]),
        "error_ratio": error,
        "errors": series(errors),
        "p50_ms": slow_ms / 3,
        "p90_ms": slow_ms,
        "p99_ms": slow_ms * 2.6,
        "top_bound_ms": 10_000.0,
        "counter_sum": 40_000.0,
        "sampled_at": SAMPLED,
    }
    return Traffic(**{**usual, **more})  # type: ignore[arg-type]  # of tests


def buckets_of(key: Key) -> Buckets:
    """Make a heat map with a gap and a slow spell."""
    bounds = (10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 5000.0, 10_000.0, math.inf)
    centres = [2.0 + (1.5 if 38 <= column < 50 else 0.0) + 0.4 * math.sin(column / 6) for column in range(POINTS)]
    counts = []
    for row in range(len(bounds)):
        values = [round(120 * math.exp(-((row - centre) ** 2) / 1.4)) * 1.0 for centre in centres]
        values[20:24] = [math.nan] * 4
        counts.append(array("d", values))
    rates = wave(38.0)
    rates[20:24] = [math.nan] * 4
    return Buckets(
        key=key,
        family=Family.KNATIVE_MS,
        end_s=SAMPLED.timestamp(),
        step_s=STEP_S,
        le_ms=bounds,
        counts=tuple(counts),
        by_code={"2xx": series(rates), "5xx": series([0.0] * 45 + [1.5 + i / 10 for i in range(15)])},
        quantiles={
            "p50": series([value / 3 + 10 for value in rates]),
            "p90": series([value + 20 for value in rates]),
            "p99": series([value * 2.5 + 60 for value in rates]),
        },
        sampled_at=SAMPLED,
        gauges={
            "wanted": series([2.0] * 44 + [3.0] * 16),
            "ready": series([2.0] * 46 + [2.0, 3.0, 3.0, 2.0] + [2.0] * 10),
            "scraped": series([2.0] * POINTS),
            "generation_tokens": series(wave(612.0)),
            "prompt_tokens": series(wave(4100.0)),
        },
        queries={
            "requests": 'sum by (response_code_class) (rate(revision_request_count{pod="a"}[60s]))',
            "latency": 'histogram_quantile(0.9, sum by (le) (rate(revision_request_latencies_bucket{pod="a"}[60s])))',
            "raw": 'sum by (job) (revision_request_count{pod="a"})',
        },
    )


def report(fleet: tuple[InferenceService, ...]) -> TrafficReport:
    """Make one tick for the dozen."""
    numbers = {
        "sklearn-iris": traffic_of(41.0, 0.031, 38.0),
        "bert-ner": traffic_of(212.0, 0.001, 84.0),
        "churn-lgb": traffic_of(3.2, 0.0, 12.0),
        "llama3-8b": traffic_of(
            18.0,
            0.004,
            10_000.0,
            family=Family.VLLM,
            scaling=Scaling("kube-state-metrics", wanted=3, ready=3, sampled_at=SAMPLED),
            llm=Llm(
                running=18,
                waiting=2,
                kv_cache_ratio=0.71,
                kv_cache_max_ratio=0.84,
                prompt_tokens_per_s=4100.0,
                generation_tokens_per_s=612.0,
                prefix_hit_ratio=0.43,
                ttft_p50_ms=120.0,
                ttft_p90_ms=420.0,
                ttft_p99_ms=1250.0,
                ttft_top_ms=10_000.0,
                itl_p50_ms=21.0,
                itl_p90_ms=31.0,
                itl_p99_ms=58.0,
                itl_top_ms=1000.0,
                sampled_at=SAMPLED,
            ),
        ),
        "resnet50": traffic_of(95.0, 0.062, 310.0),
        "pca-drift": traffic_of(0.4, 0.0, 22.0),
        "route-graph": traffic_of(
            0.0, 0.0, requests_per_s=None, error_ratio=None, p50_ms=None, p90_ms=None, p99_ms=None, new_requests=7.0
        ),
        "fraud-xgb": traffic_of(
            0.0, 0.0, requests=series([0.0] * POINTS), error_ratio=None, p50_ms=None, p90_ms=None, p99_ms=None
        ),
    }
    traffic = {service.key: numbers[service.key.name] for service in fleet if service.key.name in numbers}
    prometheus = Prometheus(
        url="http://prometheus.monitoring:9090",
        found_by="--prometheus",
        version="3.5.0",
        families=(Family.KNATIVE_MS,),
        scrape_interval_s=15.0,
        window_s=60.0,
        tick_s=15.0,
        retention="15d",
        query_s=0.031,
        sampled_at=SAMPLED,
        now=NOW,
    )
    return TrafficReport(prometheus=prometheus, traffic=traffic, buckets={key: buckets_of(key) for key in traffic})


PLACE = Place(
    context="prod-eu",
    cluster="prod-eu",
    user="ops",
    server="https://10.0.0.1:6443",
    contexts=(
        "prod-eu",
        "prod-us",
        "staging",
        "arn:aws:eks:eu-central-1:123456789012:cluster/a-very-long-cluster-name",
    ),
)


def ready_state() -> State:
    """Make the State in which everything is known."""
    fleet = services()
    return State(
        place=PLACE,
        fleet=Fleet(services=fleet, synced=True, health=LIVE, kinds=tuple(Kind), server_version="v1.36.1"),
        traffic=report(fleet),
        health={KUBERNETES: LIVE, PROMETHEUS: LIVE},
    )


def with_fleet(state: State, **changes: object) -> State:
    """Give the State with other values in its fleet."""
    return replace(state, fleet=replace(state.fleet, **changes))  # type: ignore[arg-type]  # of tests


@dataclass
class Script:
    """A watcher that shows the States it is given, and remembers what it was sent."""

    state: State = field(default_factory=State)
    sent: list[Command] = field(default_factory=list)
    ended: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, state: State) -> None:
        """Show this State now."""
        self.state = state
        self._changed.set()

    async def follow(self) -> AsyncGenerator[State, None]:
        """Stream the newest State."""
        while True:
            self._changed.clear()
            yield self.state
            await self._changed.wait()

    def send(self, command: Command) -> None:
        """Remember a command."""
        self.sent.append(command)

    async def run(self) -> None:
        """Run until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


class PatientApp(KmonApp):
    """The app, whose toasts stay: on a busy machine a test may come to look at one only after it would have gone."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast for an hour."""
        super().notify(message, title=title, severity=severity, timeout=3600.0, markup=markup)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the app has drawn the newest State of its script."""
    app = pilot.app
    assert isinstance(app, KmonApp)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        await pilot.pause()
        shown = app.fleet.state is app._watcher.state and app.fleet.is_mounted
        if shown and bool(app.fleet.state.fleet.services) == bool(app.fleet.query_one(ServiceTable).selected):
            break
    await pilot.pause()
    await pilot.pause()

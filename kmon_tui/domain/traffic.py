"""What Prometheus (or a pod itself) told of requests: rates, errors, latency, each with its unit and its age."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.beside import Llm, Scaling, Users
from kmon_tui.domain.choice import Choice
from kmon_tui.domain.late import dataclass
from kmon_tui.domain.service import Key

T = TypeVar("T")

USUAL_POLL_S = 15.0
WARN_RATIO, BAD_RATIO = 0.01, 0.05
"""From this share of requests that fail on a service is worth a look, and in trouble."""


class Family(StrEnum):
    """Where the numbers come from: one set of metric names with one unit and one meaning."""

    ALIAS = "kserve-alias"
    """kserve_request_count and kserve_request_duration_milliseconds, made by the scrape job kserve-metrics."""
    KNATIVE_MS = "knative-ms"
    """queue-proxy of Knative <= 1.18: revision_request_count, revision_request_latencies (ms)."""
    KNATIVE_S = "knative-s"
    """queue-proxy of Knative >= 1.19: http_server_request_duration_seconds."""
    SDK = "kserve-sdk"
    """Model server of the KServe Python SDK: request_predict_seconds; executions, no status codes."""
    VLLM = "vllm"
    """vLLM: vllm:request_success_total, vllm:e2e_request_latency_seconds; requests that it finished."""
    MLSERVER = "mlserver"
    """MLServer: model_infer_request_success_total and …_failure_total; executions."""
    TRITON = "triton"
    """Triton: nv_inference_request_success and …_failure; executions, no histogram."""
    TORCHSERVE = "torchserve"
    """TorchServe: ts_inference_requests_total; executions, no histogram."""
    ISTIO = "istio"
    """Istio's gateways and proxies: istio_requests_total; what callers got."""
    ENVOY = "envoy"
    """Envoy of Kourier, Envoy Gateway and others: envoy_cluster_upstream_rq_xx; what callers got."""
    ACTIVATOR = "activator"
    """Knative's activator (<= 1.18): activator_request_count; what callers got that went through it."""
    ACTIVATOR_S = "activator-s"
    """Knative's activator (>= 1.19.4): http_server_request_duration_seconds with the name of a revision."""


class Scope(StrEnum):
    """Whose experience an error ratio describes."""

    USERS = "users"
    """Of callers: what was refused before a pod is in it."""
    PODS = "pods"
    """Of what reached the pods."""


def _by_identity(value: type[T]) -> type[T]:
    """Make values equal only if they are the same, as object does; to compare thousands by their fields takes long."""
    for name in ("__eq__", "__ne__", "__hash__"):
        setattr(value, name, getattr(object, name))
    return value


@_by_identity
class Series(NamedTuple):
    """Values at even steps, oldest first. A new value makes a new Series; nobody changes ``values`` in place.

    A tuple, since thousands are made at each tick; equal is only what is the same.
    """

    end_s: float
    """Unix time of the last value."""
    step_s: float
    values: Sequence[float] = ()
    """NaN where nothing is known."""

    def points(self) -> list[tuple[float, float | None]]:
        """Give (unix time, value or None), oldest first."""
        first_s = self.end_s - self.step_s * (len(self.values) - 1)
        return [
            (first_s + i * self.step_s, None if math.isnan(value) else value) for i, value in enumerate(self.values)
        ]

    @property
    def newest(self) -> float | None:
        """The last value; None when there is none or it is a gap."""
        return self.values[-1] if self.values and not math.isnan(self.values[-1]) else None


ALL = "all"
"""Stands for a class of codes where nobody tells codes."""
EMPTY_SERIES = Series(end_s=0.0, step_s=1.0)


@_by_identity
class Traffic(NamedTuple):
    """The requests of one service. None: not known, with the reason in ``problem``; never 0 for it.

    A tuple, since thousands are made at each tick; equal is only what is the same.
    """

    family: Family
    scope: Scope = Scope.PODS
    requests_per_s: float | None = None
    requests: Series = EMPTY_SERIES
    """Requests per second over time."""
    error_ratio: float | None = None
    """Share of 5xx answers (of failed executions in families without codes), 0 to 1, in the rate window, as ``scope``
    saw it."""
    errors: Series = EMPTY_SERIES
    """Error ratio over time, same steps as ``requests``, as ``scope`` saw it."""
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    top_bound_ms: float | None = None
    """Largest finite bucket bound: a quantile that equals it means `more than this`."""
    latency_due: bool = False
    """The quantiles are of an earlier time, or none were asked for yet: they come with one of the next questions."""
    counter_sum: float | None = None
    """Sum of the counters now."""
    new_requests: float | None = None
    """Set while the counter is younger than two scrapes: how many it has seen since it was born."""
    sampled_at: datetime | None = None
    """Prometheus' own time of the newest raw sample."""
    problem: str = ""
    """Why a number is not known, for people."""
    lost: bool = False
    """Its series were not there at the last tick: none of its processes is scraped any more."""
    remark: str = ""
    """What the numbers lack, as ``2 of 3 pods scraped``."""
    means: str = ""
    """What ``family`` counts, for people."""
    mean_ms: float | None = None
    """Mean latency in the rate window, where the family has no histogram."""
    families: tuple[Family, ...] = ()
    """All families that count this service now, best first; ``family`` is the one that is shown."""
    pods_error_ratio: float | None = None
    """As the pods saw it; the same as ``error_ratio`` in scope PODS."""
    users: Users | None = None
    """What callers saw; None without a family that counts before the pods."""
    scaling: Scaling | None = None
    llm: Llm | None = None
    """None unless it is a server of language models."""

    @property
    def ended(self) -> bool:
        """Whether nothing is known but when it was sampled last: nobody counts it any more."""
        return self.lost and not self.requests.values and self.counter_sum is None and not self.problem


@dataclass(frozen=True, slots=True)
class RevisionTraffic:
    """What one revision gets now, as its pods count it, in the rate window."""

    requests_per_s: float | None = None
    error_ratio: float | None = None
    p90_ms: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Latency of one service as counts per bucket and step: the heat map."""

    key: Key
    family: Family
    end_s: float
    step_s: float
    le_ms: tuple[float, ...] = ()
    """Upper bounds, ascending, the last one infinite."""
    counts: tuple[array[float], ...] = ()
    """One array per bound: requests that fell into this bucket alone in each step, oldest first, NaN for a gap."""
    by_code: Mapping[str, Series] = field(default_factory=dict)
    """Requests per second by code class (``2xx``…); where the family has no codes, of ALL together."""
    quantiles: Mapping[str, Series] = field(default_factory=dict)
    """``p50``, ``p90``, ``p99`` in ms over time."""
    sampled_at: datetime | None = None
    problem: str = ""
    users_by_code: Mapping[str, Series] = field(default_factory=dict)
    """The same as callers saw it."""
    gauges: Mapping[str, Series] = field(default_factory=dict)
    """``wanted``, ``ready``, ``scraped`` (pods), ``concurrency``, ``running``, ``waiting`` (requests), ``kv_cache``
    (0 to 1), ``prompt_tokens``, ``generation_tokens`` (per second) over time; only what is known."""
    range_s: int | None = None
    """The time that a person asked for; None: what the books hold, a quarter of an hour."""
    queries: Mapping[str, str] = field(default_factory=dict)
    """The PromQL behind ``requests``, ``errors`` (of callers: ``users``), ``latency``, ``heat``, ``pods``, ``llm``;
    ``raw`` is what is really asked."""
    remark: str = ""
    """What is missing in it."""
    revisions: Mapping[str, RevisionTraffic] = field(default_factory=dict)
    """By Knative revision, or by pod-template-hash; what nobody counted is not there."""
    cold_starts: int | None = None
    """How often the first pod came ready again in the time that is shown; None when nobody counts pods."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Which Prometheus is asked (or that pods are scraped directly), how it was found, and what it costs."""

    url: str = ""
    """Without user info: fit to be shown."""
    found_by: str = ""
    """'--prometheus', 'PROMETHEUS_URL', 'config', or how it was found in the cluster."""
    version: str = ""
    families: tuple[Family, ...] = ()
    """Families with series now, best first; the first is the one that is shown."""
    scrape_interval_s: float | None = None
    window_s: float | None = None
    """Length of the rate window."""
    tick_s: float | None = None
    """Seconds between two polls now."""
    held_s: float | None = None
    """How far back the books of all services reach; None: a quarter of an hour."""
    retention: str = ""
    query_s: float | None = None
    """How long the queries of the last tick took together."""
    queries: int | None = None
    """How many there were."""
    sampled_at: datetime | None = None
    """Newest sample of all services, Prometheus' clock."""
    now: datetime | None = None
    """Prometheus' clock at the last tick."""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What its answers warned of, as Thanos does of stores that it did not reach: numbers may be too low."""
    matchers: str = ""
    """Label matchers in every query, as ``cluster="prod-eu"``; empty: all series."""
    choices: tuple[Choice, ...] = ()
    """What could be asked instead: other servers, and a part of the series where they are of several clusters."""
    family: Family | None = None
    """The family that a person chose; None: the best of each service."""
    scraped: str = ""
    """How the selected service is scraped without Prometheus, as ``scraped, 2 pods, since 12:41``; else empty."""
    unscraped: str = ""
    """Why the pods of the selected service told nothing although somebody wants them scraped; else empty."""

    def age_s(self, sampled_at: datetime | None) -> float | None:
        """Give how old a sample was at the last tick, by Prometheus' own clock."""
        return max(0.0, (self.now - sampled_at).total_seconds()) if self.now and sampled_at else None

    @property
    def poll_s(self) -> float:
        """The longest time that may pass between two samples of a healthy target, plus their poll."""
        return max(self.tick_s or 0.0, self.scrape_interval_s or 0.0) or USUAL_POLL_S

    def is_stale(self, traffic: Traffic, later_s: float = 0.0) -> bool:
        """Tell whether its series ended, or its newest sample is older than two polls, so long after the last tick."""
        age_s = self.age_s(traffic.sampled_at)
        return traffic.lost or (age_s is not None and age_s + later_s > 2 * self.poll_s)


@dataclass(frozen=True, slots=True, eq=False)
class TrafficReport:
    """One tick: everything that is known of the traffic of all services."""

    prometheus: Prometheus
    traffic: Mapping[Key, Traffic] = field(default_factory=dict)
    buckets: Mapping[Key, Buckets] = field(default_factory=dict)
    """Only of services that somebody looks at."""
    alerts: Mapping[Key, tuple[Alert, ...]] = field(default_factory=dict)
    """What Prometheus' rules raise about services, the gravest first; pending ones too."""

    @property
    def erring(self) -> frozenset[Key]:
        """Services too many requests of which fail."""
        return frozenset([key for key, one in self.traffic.items() if (one.error_ratio or 0.0) >= BAD_RATIO])

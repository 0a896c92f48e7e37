"""What a pack of metrics is made of: names, labels, units, bounds, and what each number means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kmon_tui.domain.traffic import Family, Scope

TARGET = ("job", "instance", "pod", "pod_name", "exported_instance")
"""Enough to know a target again; the pod too, since an address is given to another pod sooner or later. The exported
instance is what a federation that keeps no labels makes of the address."""

_BEHIND = ("exported_pod", "k8s_pod_name", "kubernetes_pod_name", "service_name", "namespace")
"""What tells processes behind one scraped address apart: a collector's, a federation's."""

NAMES = (
    "namespace", "namespace_name", "k8s_namespace_name", "exported_namespace", "kubernetes_namespace",
    "exported_pod", "k8s_pod_name", "kubernetes_pod_name", "service_instance_id",
    "revision", "revision_name", "kn_revision_name", "serving_knative_dev_revision",
    "service_name", "exported_service_name", "kn_service_name",
    "configuration_name", "kn_configuration_name", "component", "serving_kserve_io_inferenceservice",
)  # fmt: skip
"""Labels that say whose series it is, under the names that scrape jobs and exporters give them."""

SECONDS_MS = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0)
"""Bounds of the Prometheus client of Python and of OpenTelemetry for seconds, in ms."""

GOOD, FAILED = "ok", "failed"
"""Classes of answers where there is no status code."""

_TAIL = re.compile(r"-\d{5}$|-kserve-(?:route|workload-svc)$|-inference-pool(?:-ip-[0-9a-f]+)?$")
"""What follows the name in front of a gateway: a revision's number, or of a language model its route, its service or
its pool, for which Istio makes a service."""


def named(namespace: str, name: str) -> dict[str, str]:
    """Give labels that say so: what is in front of pods is called NAME-COMPONENT, whoever else has that name."""
    return {"namespace": namespace, "exported_service_name": name, "service_name": name}


def also(matcher: str) -> str:
    """Give a further matcher with the comma before it; nothing for none."""
    return f",{matcher}" if matcher else ""


class Role(StrEnum):
    """What a counter counts."""

    REQUESTS = "requests"
    ATTEMPTS = "attempts"
    """Executions begun, good or bad."""
    SUCCESSES = "successes"
    ANSWERS = "answers"
    """Answers of the web layer by status code, where requests themselves have none."""
    FAILURES = "failures"
    """Answers 5xx, where nothing else tells which requests failed."""
    FINE = "good answers"
    """Answers that are none of those: where they are counted, no series of FAILURES means that nothing failed."""
    DURATION = "duration"
    """Time that good requests took together, in the unit of ``Dialect.duration_to_ms``. Measured on TorchServe 0.12.0
    (requests +2, both 503: no time) and read in Triton's ``UpdateFailure``: what failed adds none."""
    PROMPT_TOKENS = "prompt tokens"
    GENERATION_TOKENS = "generation tokens"
    PREFIX_QUERIES = "prefix queries"
    """Tokens that were looked for in the prefix cache."""
    PREFIX_HITS = "prefix hits"
    PREEMPTIONS = "preemptions"


class Count(NamedTuple):
    """What one counter means."""

    role: Role
    code: str = ""
    """Class of all that it counts, where the series itself has no label for it."""
    own: str = ""
    """Matcher that keeps away series of the same name that mean something else."""


class Histogram(NamedTuple):
    """A histogram: the name of its cumulative series, its unit, its bounds as the program declares them."""

    series: str
    to_ms: float
    bounds_ms: tuple[float, ...] = ()
    own: str = ""
    older: str = ""
    """What older versions of the program call it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One family of metrics."""

    family: Family
    means: str
    """What is counted, for people; whether what was rejected before the model is in it."""
    counters: Mapping[str, Count]
    latency: Histogram | None
    """None: the program has no histogram of it."""
    versions: str = ""
    """Which versions of the program have these names, where there are others; for people."""
    counts_rejected: bool = False
    """Whether requests that never reached the model are counted."""
    code_labels: tuple[str, ...] = ()
    own: str = ""
    """Matcher that keeps away series of the same name that other programs make."""
    namespace_label: str = "namespace"
    """Empty: no label tells the namespace alone."""
    scope: Scope = Scope.PODS
    names: tuple[str, ...] = NAMES
    """Labels that say whose series it is."""
    patterns: tuple[str, ...] = ()
    """Only of processes that serve many services: how ``names``, joined by a slash, tell ``namespace`` and ``name`` of
    the Kubernetes service, the revision or the route."""
    duration_to_ms: float = 1.0
    first_token: Histogram | None = None
    next_token: Histogram | None = None

    @property
    def requests(self) -> tuple[str, ...]:
        """Names of the counters of requests."""
        return tuple(name for name, count in self.counters.items() if count.role is Role.REQUESTS)

    @property
    def requests_own(self) -> str:
        """Matcher that keeps those counters apart from what else has their name."""
        return self.counters[self.requests[0]].own

    @property
    def to_ms(self) -> float:
        """What makes milliseconds of a bound."""
        return self.latency.to_ms if self.latency else 1.0

    @property
    def place_labels(self) -> tuple[str, ...]:
        """Labels by which a target is known again."""
        return (*TARGET, *(self.names if self.patterns else _BEHIND))

    def whose(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Give the labels by which a service is found: the series' own, or what a pattern makes of them."""
        if not self.patterns:
            return labels
        text = "/".join([labels.get(name, "") for name in self.names])
        for pattern in self.patterns:
            if match := re.fullmatch(pattern, text):
                return named(match["namespace"], _TAIL.sub("", match["name"]))
        return {}

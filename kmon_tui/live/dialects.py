"""The metric families: their names, units and labels, and our questions to Prometheus as text. Pure.

Counters are asked for raw and summed per target only: what they gained is worked out by us, step by step, because
``rate()`` misses a series that is born with its first error, and a sum over targets would hide a restart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kmon_tui.domain.traffic import Family


class Role(StrEnum):
    """What a counter counts."""

    REQUESTS = "requests"
    ATTEMPTS = "attempts"
    """Executions begun, good or bad."""
    SUCCESSES = "successes"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One family of metrics."""

    family: Family
    counters: Mapping[str, Role]
    buckets: str
    """Name of the cumulative bucket series."""
    to_ms: float
    code_labels: tuple[str, ...] = ()
    own: str = ""
    """Matcher that keeps away series of the same name that other programs make."""
    namespace_label: str = "namespace"

    @property
    def requests(self) -> str:
        """Name of the counter of requests."""
        return next(name for name, role in self.counters.items() if role is Role.REQUESTS)


DIALECTS: Mapping[Family, Dialect] = {
    Family.ALIAS: Dialect(
        Family.ALIAS,
        {"kserve_request_count": Role.REQUESTS},
        "kserve_request_duration_milliseconds",  # without _bucket: the scrape job names it so
        to_ms=1.0,
        code_labels=("response_code_class", "response_code"),
    ),
    Family.KNATIVE_MS: Dialect(
        Family.KNATIVE_MS,
        {"revision_request_count": Role.REQUESTS},
        "revision_request_latencies_bucket",
        to_ms=1.0,
        code_labels=("response_code_class",),
        namespace_label="namespace_name",
    ),
    Family.KNATIVE_S: Dialect(
        Family.KNATIVE_S,
        {"http_server_request_duration_seconds_count": Role.REQUESTS},
        "http_server_request_duration_seconds_bucket",
        to_ms=1000.0,
        code_labels=("http_response_status_code",),
        # The name is OpenTelemetry's own for any HTTP server; only queue-proxy has a route tag on every series.
        own='kn_route_tag!=""',
    ),
    Family.SDK: Dialect(
        Family.SDK,
        {
            "request_predict_seconds_count": Role.REQUESTS,
            "request_preprocess_seconds_count": Role.ATTEMPTS,
            "request_postprocess_seconds_count": Role.SUCCESSES,
        },
        "request_predict_seconds_bucket",
        to_ms=1000.0,
        own='model_name!=""',
    ),
}
"""Best first."""

BY_COUNTER = {name: dialect for dialect in DIALECTS.values() for name in dialect.counters}

GUARDS = ("cluster", "prometheus", "prometheus_replica", "replica")
"""Labels by which one server holds the series of several; such series must never be summed."""

TARGET = ("job", "instance", "pod", "pod_name")
"""Enough to know a target again; the pod too, since an address is given to another pod sooner or later."""

Guards = tuple[str, ...]
"""The values of GUARDS of one series."""

PART = "kmon_part"
"""A label that our own questions add."""

NAMES = (
    "namespace", "namespace_name", "k8s_namespace_name", "exported_namespace", "kubernetes_namespace",
    "exported_pod", "k8s_pod_name", "kubernetes_pod_name", "service_instance_id",
    "revision", "revision_name", "kn_revision_name", "serving_knative_dev_revision",
    "service_name", "exported_service_name", "kn_service_name",
    "configuration_name", "kn_configuration_name", "component", "serving_kserve_io_inferenceservice",
)  # fmt: skip
"""Labels that say whose series it is, under the names that scrape jobs and exporters give them."""

CHUNK = 100
"""More namespaces than this are not put into a selector."""


def probe(matchers: str) -> str:
    """Ask which families have series, in how many clusters and replicas."""
    by = ", ".join(("__name__", *GUARDS))
    return _either(
        f'count by ({by}) ({{__name__="{dialect.requests}"{_and(dialect.own)}{_and(matchers)}}})'
        for dialect in DIALECTS.values()
    )


def counters(families: Sequence[Family], matchers: str, namespaces: Collection[str]) -> str:
    """Ask for the raw counters of all services, one row per target, metric and code."""
    parts = []
    for dialect in (DIALECTS[family] for family in families):
        by = ", ".join(("__name__", *TARGET, *NAMES, *GUARDS, *dialect.code_labels))
        names = "|".join(dialect.counters)
        parts.append(f'sum by ({by}) ({{__name__=~"{names}"{_scope(dialect, matchers, namespaces)}}})')
    return _either(parts)


def sampled(families: Sequence[Family], matchers: str, namespaces: Collection[str]) -> str:
    """Ask when each target was last sampled, in Prometheus' time; with Knative >= 1.19 also who the targets are."""
    by = ", ".join((*TARGET, *GUARDS))
    parts = [
        f"max by ({by}) (timestamp({dialect.requests}{{{_scope(dialect, matchers, namespaces).lstrip(',')}}}))"
        for dialect in (DIALECTS[family] for family in families)
    ]
    if Family.KNATIVE_S in families:
        by = ", ".join((*TARGET, *NAMES, *GUARDS))
        parts.append(f'max by ({by}) (timestamp(target_info{{kn_revision_name!=""{_and(matchers)}}}))')
    return " or ".join(parts)


def latency(dialect: Dialect, matchers: str, targets: Iterable[Mapping[str, str]], window_s: int) -> str:
    """Ask what fell into the buckets of these targets in the window, cumulative, one row per target and bound."""
    by = ", ".join(("le", *TARGET))
    return " or ".join(
        f"sum by ({by}) (increase({dialect.buckets}{{{only}{_and(dialect.own)}{_and(matchers)}}}[{window_s}s]))"
        for only in only_targets(targets)
    )


def detail(dialect: Dialect, matchers: str, targets: Iterable[Mapping[str, str]]) -> str:
    """Ask for the raw counters by code and the raw buckets of these targets, and whether they answered; for a range."""
    names = "|".join(dialect.counters)
    by_code = ", ".join(("__name__", *TARGET, *dialect.code_labels))
    by_le = ", ".join(("__name__", "le", *TARGET))
    targets = list(targets)
    parts = []
    for only in only_targets(targets):
        rest = f"{only}{_and(dialect.own)}{_and(matchers)}"
        parts.append(f'sum by ({by_code}) ({{__name__=~"{names}",{rest}}})')
        parts.append(f"sum by ({by_le}) ({dialect.buckets}{{{rest}}})")
    if up := scraped(matchers, targets):
        parts.append(up)
    return _either(parts)


def scraped(matchers: str, targets: Iterable[Mapping[str, str]]) -> str:
    """Ask whether these targets answered: a scrape without a series proves zero. Empty when none has an instance."""
    instances = {labels["instance"] for labels in targets if labels.get("instance")}
    return f"max by (job, instance) (up{{instance=~{quoted_choice(instances)}{_and(matchers)}}})" if instances else ""


def only_targets(targets: Iterable[Mapping[str, str]]) -> list[str]:
    """Give matchers that together hold exactly these targets, by the label that tells them apart best."""
    groups: dict[str, set[str]] = {}
    for labels in targets:
        label = next((name for name in ("instance", "pod", "pod_name", "service_name") if labels.get(name)), None)
        if label is not None:
            groups.setdefault(label, set()).add(labels[label])
    return [f"{label}=~{quoted_choice(values)}" for label, values in sorted(groups.items())]


def quoted_choice(values: Collection[str]) -> str:
    """Quote a regular expression that matches these texts and nothing else."""
    pattern = "|".join(re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value) for value in sorted(values))
    return quoted(pattern)


def guards_of(labels: Mapping[str, str]) -> Guards:
    """Give which cluster and replica a series is of."""
    return tuple([labels.get(name, "") for name in GUARDS])


def code_class(dialect: Dialect, labels: Mapping[str, str]) -> str:
    """Give ``2xx``, ``5xx``…; empty where the series has no code."""
    for label in dialect.code_labels:
        code = labels.get(label, "")
        if code[:1].isdigit():
            return f"{code[0]}xx"
    return ""


def _either(parts: Iterable[str]) -> str:
    """Join questions. ``or`` looks at all labels but the name, so rows of later parts get a label of their own."""
    first, *others = parts
    return " or ".join(
        (first, *(f'label_replace({part}, "{PART}", "{n}", "", "")' for n, part in enumerate(others, 1)))
    )


def _scope(dialect: Dialect, matchers: str, namespaces: Collection[str]) -> str:
    """Matchers behind the name. Series without a namespace pass: target_info or the pod may say whose they are."""
    only = ""
    if 0 < len(namespaces) <= CHUNK:
        only = f",{dialect.namespace_label}=~{quoted_choice({*namespaces, ''})}"
    return f"{_and(dialect.own)}{only}{_and(matchers)}"


def _and(matcher: str) -> str:
    return f",{matcher}" if matcher else ""


def quoted(text: str) -> str:
    """Quote a text for PromQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

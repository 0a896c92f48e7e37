"""Packs of numbers that go up and down: pods wanted and ready, requests in flight, and what a language model does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kmon_tui.live.packs.dialect import NAMES, TARGET, named


class Level(StrEnum):
    """What a gauge shows."""

    WANTED = "wanted"
    READY = "ready"
    CONCURRENCY = "concurrency"
    TARGET_CONCURRENCY = "target_concurrency"
    QUEUED = "queued"
    AT_ACTIVATOR = "at_activator"
    PANIC = "panic"
    RUNNING = "running"
    WAITING = "waiting"
    KV_CACHE = "kv_cache"
    PREFIX_HITS = "prefix_hits"


@dataclass(frozen=True, slots=True)
class Gauges:
    """Gauges that one kind of program shows."""

    source: str
    levels: Mapping[str, Level]
    over: str
    """How what several processes say of one thing is put together: ``max`` where all say the same, ``sum`` where each
    has its share, ``avg`` for a share of 1."""
    namespaces: tuple[str, ...] = ()
    """Labels that tell the namespace, the best first."""
    names: tuple[str, ...] = ()
    """Labels that tell the Knative service, revision or deployment, the best first. Empty: it is a pod's own series."""
    own: str = ""

    @property
    def by(self) -> tuple[str, ...]:
        """Labels that are asked for."""
        return (*self.namespaces, *self.names) if self.names else (*TARGET, *NAMES)

    def whose(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Give the labels by which a service is found."""
        if not self.names:
            return labels
        namespace = next((labels[name] for name in self.namespaces if labels.get(name)), "")
        name = next((labels[name] for name in self.names if labels.get(name)), "")
        return named(namespace, _TAIL.sub("", name))


_TAIL = re.compile(r"(?:-\d{5})?(?:-deployment)?$|-kserve(?:-mn)?$")
_OLD = (("namespace_name",), ("configuration_name", "revision_name"))
_NEW = (("k8s_namespace_name",), ("kn_configuration_name", "kn_revision_name"))

AUTOSCALER = (
    Gauges(
        "autoscaler",
        {
            "autoscaler_desired_pods": Level.WANTED,
            "autoscaler_actual_pods": Level.READY,
            "autoscaler_stable_request_concurrency": Level.CONCURRENCY,
            "autoscaler_target_concurrency_per_pod": Level.TARGET_CONCURRENCY,
            "autoscaler_panic_mode": Level.PANIC,
        },
        "max",
        *_OLD,
    ),
    Gauges("autoscaler", {"activator_request_concurrency": Level.AT_ACTIVATOR}, "sum", *_OLD),
    Gauges(
        "autoscaler",
        {
            "kn_revision_pods_desired": Level.WANTED,
            "kn_revision_pods_count": Level.READY,
            "kn_revision_concurrency_stable": Level.CONCURRENCY,
            "kn_revision_concurrency_target": Level.TARGET_CONCURRENCY,
            "kn_revision_panic_mode": Level.PANIC,
        },
        "max",
        *_NEW,
    ),
    Gauges(
        "autoscaler",
        {"kn_revision_request_concurrency": Level.AT_ACTIVATOR, "kn_revision_request_queued": Level.QUEUED},
        "sum",
        *_NEW,
    ),
    Gauges(
        "autoscaler",
        {
            "kn_revision_pods_desired__item_": Level.WANTED,
            "kn_revision_pods_count__pod_": Level.READY,
            "kn_revision_concurrency_stable__concurrency_": Level.CONCURRENCY,
            "kn_revision_concurrency_target__concurrency_": Level.TARGET_CONCURRENCY,
        },
        "max",
        *_NEW,
    ),
    Gauges("autoscaler", {"kn_revision_request_concurrency__request_": Level.AT_ACTIVATOR}, "sum", *_NEW),
)
"""Knative's autoscaler and activator: until 1.18, then from 1.19.4 on, then those of 1.19 before, which have units
behind their names, but for panic mode. All as their own binaries wrote them (tests/data/exposition)."""

KUBE_STATE_METRICS = Gauges(
    "kube-state-metrics",
    {"kube_deployment_spec_replicas": Level.WANTED, "kube_deployment_status_replicas_ready": Level.READY},
    "max",
    ("exported_namespace", "namespace"),  # without honor_labels the second one is its own
    ("deployment",),
    # All other deployments of the cluster are of no interest.
    own='deployment=~".+-(predictor|transformer|kserve).*"',
)

VLLM_NOW = (
    Gauges(
        "vllm",
        {"vllm:num_requests_running": Level.RUNNING, "vllm:num_requests_waiting": Level.WAITING},
        "sum",
    ),
    Gauges(
        "vllm",
        {
            "vllm:kv_cache_usage_perc": Level.KV_CACHE,
            "vllm:gpu_cache_usage_perc": Level.KV_CACHE,
            "vllm:gpu_prefix_cache_hit_rate": Level.PREFIX_HITS,
        },
        "avg",
    ),
)
"""``gpu_cache_usage_perc`` is what older ones call it. Those of the first engine tell the share of prefix hits as it is
now, and -1 where they keep no such cache; newer ones count."""

GAUGES = (*AUTOSCALER, KUBE_STATE_METRICS, *VLLM_NOW)
BY_GAUGE = {name: gauges for gauges in GAUGES for name in gauges.levels}

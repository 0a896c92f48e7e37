"""By which labels one server holds the series of several: such series must never be summed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

GUARDS = (
    "cluster", "prometheus", "prometheus_replica", "replica",
    # Of Thanos, its rulers and receivers, and of pairs behind Mimir or VictoriaMetrics.
    "thanos_replica", "rule_replica", "receive_replica", "__replica__",
    # What else a cluster is called by: OpenShift, OpenTelemetry, hosted ones.
    "cluster_name", "clusterName", "cluster_id", "clusterID", "k8s_cluster", "k8s_cluster_name", "kubernetes_cluster",
    "kube_cluster_name",
)  # fmt: skip
"""Labels that say nothing else: two values of one of them in a family of metrics, and nothing of it means anything."""

APART = (
    "tenant_id", "tenant", "vm_account_id", "vm_project_id", "origin_prometheus", "monitor", "environment", "env",
    "datacenter", "dc", "region",
)  # fmt: skip
"""Labels that may say the same, or that are of the targets themselves: pods of one service have one value of them."""

BY = (*GUARDS, *APART)
"""What all questions keep apart."""

_WAYS = frozenset({"job", "instance", "metrics_path", "scheme", "endpoint", "port"})
"""Two series ``up`` that differ in these alone are two pages of one process."""
_WHO = ("pod", "pod_name", "namespace", "exported_pod", "exported_instance")

Guards = tuple[str, ...]
"""The values of BY of one series."""


def guards_of(labels: Mapping[str, str]) -> Guards:
    """Give which cluster and replica a series is of."""
    return tuple([labels.get(name, "") for name in BY])


class Several(NamedTuple):
    """A label that keeps apart what must not be added up, and its values."""

    label: str
    values: tuple[str, ...]

    @property
    def matchers(self) -> tuple[str, ...]:
        """Matchers of which each would leave one part."""
        return tuple(f"{self.label}={quoted(value)}" for value in self.values)

    def words(self, what: str = "") -> str:
        """Say what is wrong, and how to choose. ``what``: ``this Prometheus holds several clusters`` in other words."""
        shown = ", ".join(value or '""' for value in self.values[:4])
        choice = next((value for value in self.values if value), "")
        return (
            f"{what or f'this Prometheus holds several {self.label}s'}: choose one with P, "
            f"or as --prometheus-matcher '{self.label}={quoted(choice)}' (there are {shown})"
        )


def several(seen: Collection[Guards]) -> Several | None:
    """Find the label of GUARDS that has several values in a family; to have none is no value."""
    for i, label in enumerate(GUARDS):
        values = sorted({values[i] for values in seen} - {""})
        if len(values) > 1:
            return Several(label, tuple(values))
    return None


def mixed(seen: Collection[Guards]) -> Several | None:
    """Find the label by which the processes of one service are kept apart."""
    if len(seen) < 2:
        return None
    for i, label in enumerate(BY):
        values = sorted({values[i] for values in seen})
        if len(values) > 1:
            return Several(label, tuple(values))
    return None


def doubled(rows: Iterable[Mapping[str, str]]) -> dict[str, Several]:
    """Find, by job, the label that tells two series ``up`` of the same target apart, whatever its name."""
    found: dict[str, Several] = {}
    targets: dict[tuple[str, ...], list[Mapping[str, str]]] = {}
    for labels in rows:
        who = tuple([labels.get(name, "") for name in ("job", "instance", *_WHO)])
        targets.setdefault(who, []).append(labels)
    for who, same in targets.items():
        if len(same) > 1:
            label, values = _differing(same)
            # Labels that are known have been looked at, and others may be of another page of the same process.
            if label and label not in BY:
                known = found.get(who[0])
                values = values if known is None or known.label != label else values | set(known.values)
                found[who[0]] = Several(label, tuple(sorted(values)))
    return found


def _differing(same: list[Mapping[str, str]]) -> tuple[str, set[str]]:
    names = sorted({name for labels in same for name in labels})
    told = {name: {labels.get(name, "") for labels in same} for name in names}
    apart = {name: values for name, values in told.items() if len(values) > 1}
    if apart.keys() & _WAYS:
        return "", set()
    label = next((name for name in apart if name in BY), min(apart, default=""))
    return label, apart.get(label, set())


def quoted(text: str) -> str:
    """Write a text as PromQL has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

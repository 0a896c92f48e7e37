"""Recognises Prometheus among the pods of a cluster, by the labels that its charts and operators set. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from urllib.parse import urlsplit

from kmon_tui.live.target_shapes import Container, TargetPod

NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
INSTANCE = "app.kubernetes.io/instance"
OPERATED = "operator.prometheus.io/name"

SELECTORS = (f"{NAME} in (prometheus,thanos-query)", "app=prometheus")
"""Asked one after the other, the second where the first finds nothing: charts up to 20.x, old operators, hand-made."""
NAMESPACES = ("monitoring", "prometheus", "openshift-monitoring", "kube-prometheus-stack", "observability")
"""Looked into where the pods of all namespaces may not be listed."""
_USUAL_NAMESPACES = frozenset(NAMESPACES)
_PORTS = ("http-web", "web", "http", "prometheus", "server")
_FOREIGN = ("istio-system", "linkerd", "linkerd-viz", "kube-system", "knative-serving")
"""Where a Prometheus usually belongs to another program."""


class Flavour(IntEnum):
    """How it came into the cluster; the order is that of preference."""

    OPENSHIFT = 0
    INSTALLED = 1
    """By a chart or an operator."""
    THANOS = 2
    BY_LABEL = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One Prometheus, of however many pods."""

    namespace: str
    name: str
    """Of its Deployment or StatefulSet: what people call it."""
    how: str
    """How it was recognised, for people."""
    rank: tuple[int, int, int]
    port: int = 9090
    path: str = ""
    """Route prefix, as ``/prometheus``."""
    https: bool = False
    selector: str = ""
    """Finds its pods again."""
    ready_pods: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def url(self) -> str:
        """A URL to show, to give to --prometheus, and to send requests to through a tunnel."""
        return f"{'https' if self.https else 'http'}://{self.name}.{self.namespace}.svc:{self.port}{self.path}"


def candidates(pods: Iterable[TargetPod]) -> tuple[Candidate, ...]:
    """Give every Prometheus that these pods make up, the likeliest first; those without a ready pod last."""
    found: dict[tuple[str, str], list[tuple[TargetPod, Candidate]]] = {}
    for pod in pods:
        candidate = _recognise(pod)
        if candidate is not None and pod.status.phase not in ("Succeeded", "Failed"):
            found.setdefault((candidate.namespace, candidate.name), []).append((pod, candidate))
    merged = [_merged(members) for members in found.values()]
    return tuple(sorted(merged, key=lambda one: (not one.ready_pods, one.rank, one.namespace, one.name)))


def best(found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Give those that nothing sets apart: usually one."""
    return tuple(one for one in found if (bool(one.ready_pods), one.rank) == (bool(found[0].ready_pods), found[0].rank))


def _merged(members: list[tuple[TargetPod, Candidate]]) -> Candidate:
    ready = tuple(sorted(pod.metadata.name for pod, _ in members if pod.ready))
    return replace(members[0][1], ready_pods=ready)


def _recognise(pod: TargetPod) -> Candidate | None:
    labels = pod.labels
    component = labels.get(COMPONENT) or labels.get("component", "")
    if labels.get(NAME) == "thanos-query":
        if pod.metadata.namespace == "openshift-monitoring":
            return _candidate(pod, Flavour.OPENSHIFT, "OpenShift's thanos-querier", (NAME,), 9091, https=True)
        return _candidate(pod, Flavour.THANOS, "Thanos Query", (NAME, INSTANCE), 10902)
    if labels.get(NAME) != "prometheus" and labels.get("app") != "prometheus":
        return None
    operated = labels.get(OPERATED) or labels.get("prometheus")
    if operated:
        key = OPERATED if OPERATED in labels else "prometheus"
        return _candidate(pod, Flavour.INSTALLED, f"the Prometheus operator ({operated})", (key,))
    if component == "server":
        release = labels.get(INSTANCE) or labels.get("release", "")
        how = f"the prometheus chart{f' (release {release})' if release else ''}"
        return _candidate(pod, Flavour.INSTALLED, how, (NAME, "app", COMPONENT, "component", INSTANCE, "release"))
    if component in ("", "prometheus"):
        which = NAME if labels.get(NAME) == "prometheus" else "app"
        return _candidate(pod, Flavour.BY_LABEL, f"the label {which}=prometheus", (which,))
    return None  # another part of the chart: alertmanager, node-exporter, pushgateway


def _candidate(
    pod: TargetPod, flavour: Flavour, how: str, keys: tuple[str, ...], port: int = 9090, https: bool = False
) -> Candidate:
    meta = pod.metadata
    selector = ",".join(f"{key}={pod.labels[key]}" for key in keys if key in pod.labels)
    usual = 0 if meta.namespace in _USUAL_NAMESPACES else 2 if meta.namespace in _FOREIGN else 1
    arguments = [text for container in pod.containers for text in (*(container.command or ()), *(container.args or ()))]
    return Candidate(
        meta.namespace,
        _owner_name(pod),
        how,
        (int(usual == 2), int(flavour), usual),
        port if https else _listening(arguments, flavour) or _port(pod.containers, port),
        _prefix(arguments),
        https,
        selector,
    )


def _owner_name(pod: TargetPod) -> str:
    """Give the name of the Deployment or StatefulSet that made the pod."""
    meta = pod.metadata
    owner = meta.owners[0] if meta.owners else None
    hashed = pod.labels.get("pod-template-hash", "")
    if owner is None:
        return meta.name.partition(f"-{hashed}-")[0] if hashed else meta.name
    if owner.kind == "ReplicaSet":
        return owner.name.removesuffix(f"-{hashed or owner.name.rpartition('-')[2]}")
    return owner.name


def _listening(arguments: list[str], flavour: Flavour) -> int | None:
    """Give the port that it is told to listen at; a sidecar of Thanos beside Prometheus has a flag of another name."""
    flag = "http-address" if flavour is Flavour.THANOS else r"web\.listen-address"
    found = (re.match(rf"--{flag}=.*:(\d+)$", argument) for argument in arguments)
    return next((int(match[1]) for match in found if match), None)


def _port(containers: Sequence[Container], usual: int) -> int:
    """Give the port: the usual one if it is declared, else the one with a telling name, else the usual one."""
    numbers = {port.number for container in containers for port in container.ports or ()}
    if usual in numbers:
        return usual
    named = {port.name: port.number for container in containers for port in container.ports or ()}
    return next((named[name] for name in _PORTS if named.get(name)), usual)


def _prefix(arguments: list[str]) -> str:
    """Give the route prefix: that of --web.route-prefix, else the path of --web.external-url, as Prometheus does."""
    found = {
        name: value
        for argument in arguments
        if (match := re.match(r"--(web\.route-prefix|web\.external-url|web\.external-prefix)=(.*)", argument))
        for name, value in (match.groups(),)
    }
    path = found.get("web.route-prefix")
    if path is None:
        path = urlsplit(found.get("web.external-url", "")).path
    path = path.strip("/")
    return f"/{path}" if re.fullmatch(r"[\w./~-]+", path) else ""

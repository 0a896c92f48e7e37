"""What one rule found out: a cause, the object it is about, and how it is known."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime

from kmon_tui.domain.service import Kind
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Evidence, Try


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that a rule found."""

    cause: str
    verdict: str
    """One sentence, without the service's name where the object says it."""
    object: Ref
    since: datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    """From the service down to the last piece; what all findings of a service share is put before it."""
    tries: tuple[Try, ...] = ()
    shared: str = ""
    """What other services may share with this one, as `registry ghcr.io`; the same text means the same thing."""
    component: str = ""
    """predictor, transformer…; empty when it is not about one component."""
    created: float = 0.0
    """When the object was made (seconds since 1970), so that the newest of equals is named."""


def kubectl(*words: str, namespace: str = "") -> str:
    """Write a kubectl command that can be pasted into a shell, whatever the names are."""
    parts = ["kubectl", *(["-n", namespace] if namespace else []), *words]
    return shlex.join(parts)


GATEWAYS = "gateways.gateway.networking.k8s.io"
ROUTES = "httproutes.gateway.networking.k8s.io"
_FULL = {
    "Gateway": GATEWAYS,
    "HTTPRoute": ROUTES,
    "Revision": "revisions.serving.knative.dev",
    "Configuration": "configurations.serving.knative.dev",
    "Route": "routes.serving.knative.dev",
}
"""Kinds of which there are namesakes in other groups: Istio has a Gateway, OpenShift a Route."""


def describe(ref: Ref, text: str = "read all about it") -> Try:
    """Suggest to describe an object."""
    return Try(text, kubectl("describe", _FULL.get(ref.kind, ref.kind.lower()), ref.name, namespace=ref.namespace))


def kserve_config(text: str, namespace: str = "") -> Try:
    """Suggest to change KServe's configuration; its namespace is looked for where nobody has named it."""
    if namespace:
        return Try(text, kubectl("edit", "configmap", "inferenceservice-config", namespace=namespace))
    where = kubectl("get", "configmap", "-A", "--field-selector", "metadata.name=inferenceservice-config")
    return Try(f"{text} (ConfigMap inferenceservice-config, in namespace kserve mostly)", where)


def controller(root: Ref) -> tuple[Try, Try]:
    """Suggest to look at the controller that is responsible for a service, wherever it is installed."""
    name = "llmisvc-controller-manager" if root.kind == Kind.LLM else "kserve-controller-manager"
    return (
        Try("see whether its controller runs", kubectl("get", "pods", "-A", "-l", f"control-plane={name}")),
        Try(
            "read its controller's log (namespace kserve, mostly)",
            kubectl("logs", "-l", f"control-plane={name}", "--all-containers", "--tail=50", namespace="kserve"),
        ),
    )


def logs(pod: Ref, container: str, previous: bool = False) -> Try:
    """Suggest to read the log of a container."""
    words = ["logs", pod.name, "-c", container, *(["--previous"] if previous else [])]
    said = "read its log before the last restart" if previous else "read its log"
    return Try(said, kubectl(*words, namespace=pod.namespace), "p" if previous else "l")


def age(since: datetime | None, now: datetime) -> str:
    """Say how long ago something was: ``4m``, ``2h``, ``3d``; ``?`` when it is not known."""
    if since is None:
        return "?"
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 48 * 3600 else f"{seconds // 86400}d"

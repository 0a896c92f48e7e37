"""What could not be looked at: the command that grants the right, or that asks the question and shows the answer."""

from __future__ import annotations

import shlex
from dataclasses import replace

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.facts import Facts
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.service import Key

VIEW = "kmon-tui-view"
KNATIVE = "knative-serving"
_REFUSED = "may not "
"""How the words of every missing right begin; see live/kube_errors.py."""
_LABELS = {
    "kserve.version": "control-plane=kserve-controller-manager",
    "knative.version": "app.kubernetes.io/name=knative-serving",
    "prometheus.release": "app.kubernetes.io/name=prometheus",
}
_NAMESPACES = {
    "kserve.version": "kserve",
    "knative.version": KNATIVE,
    "knative.protocol": KNATIVE,
    "prometheus.release": "monitoring",
}
"""Where the thing usually is, so that a right in one namespace is enough."""


def with_command(finding: Finding, facts: Facts) -> Finding:
    """Add a command to a finding that is unknown and has none."""
    if finding.status is not Status.UNKNOWN or finding.fix:
        return finding
    command = _command(finding, facts)
    return replace(finding, fix=command) if command else finding


def _command(finding: Finding, facts: Facts) -> str:
    group = finding.id.partition(".")[0]
    if finding.id.startswith("rights."):
        return f"kubectl auth can-i --list{_within(facts.case.namespace)}"
    if (group == "prometheus" and finding.id not in _LABELS) or finding.id == "chain.series":
        return _ask_prometheus(finding.id, facts)
    if _REFUSED in finding.text:
        return _grant(finding.id, facts)
    return _ask_cluster(finding.id, facts)


def _grant(id_: str, facts: Facts) -> str:
    user = facts.rights.user if facts.rights is not None else ""
    if id_ == "kubernetes.version":
        return fixes.grant("system:public-info-viewer", "", user)
    key = facts.case.key
    namespace = key.namespace if id_.startswith("chain.") and key is not None else facts.case.namespace or ""
    return fixes.grant(VIEW, _NAMESPACES.get(id_, namespace), user)


def _ask_cluster(id_: str, facts: Facts) -> str:
    key = facts.case.key
    if id_ == "kubernetes.version":
        return "kubectl version"
    if id_ == "knative.protocol":
        controller = f"kubectl get deployment controller -n {KNATIVE} --show-labels    # which version?"
        return f"kubectl get configmap config-observability -n {KNATIVE} -o yaml\n{controller}"
    if id_ == "prometheus.release":
        return f"kubectl get deployments,statefulsets -A -l {_LABELS[id_]}"
    if id_ in _LABELS:
        return f"kubectl get deployments -A -l {_LABELS[id_]}"
    if id_ == "chain.pods" and key is not None:
        return f"kubectl get pods{_within(key.namespace)}"
    return f"kubectl get inferenceservices{_within(facts.case.namespace)}"


def _within(namespace: str | None) -> str:
    return f" -n {shlex.quote(namespace)}" if namespace else ""


def _ask_prometheus(id_: str, facts: Facts) -> str:
    """Put the same question with curl; through a port of ours where Prometheus is in the cluster."""
    prometheus = facts.prometheus
    url = prometheus.url.rstrip("/") if prometheus is not None else ""
    open_ = ""
    if prometheus is None or any(word in prometheus.found_by for word in ("cluster", "tunnel")) or not url:
        open_, url = "manifests/port-forward.sh --prometheus -p 9090 &\n", "http://127.0.0.1:9090"
    if id_ == "prometheus.job":
        return f"{open_}curl -s {shlex.quote(f'{url}/api/v1/status/config')}    # is kserve-metrics in it?"
    query = shlex.quote(f"query={_query(id_, facts.case.key)}")
    return f"{open_}curl -sG {shlex.quote(f'{url}/api/v1/query')} --data-urlencode {query}"


def _query(id_: str, key: Key | None) -> str:
    if id_ == "prometheus.targets":
        return 'up{job=~"kserve-.*"} == 0'
    if id_ == "chain.series" and key is not None:
        return f'count by (__name__, job) ({{service_name=~"{key.name}(-predictor)?"}})'
    return "count by (job) (up)"

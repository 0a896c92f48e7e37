"""Commands that change the Prometheus that answers: only one that may be the cluster's own is mended as such."""

from __future__ import annotations

from kmon_tui.domain.doctor import fixes
from kmon_tui.domain.doctor.facts import Facts, Workload

_SURE = ("found in the cluster", "through a tunnel", "demo")
"""How the words begin or go on that say that it answers in the cluster; any other one was named by its address."""


def load_jobs(facts: Facts) -> str:
    """Add our scrape jobs to what it scrapes."""
    return _caution(facts) + fixes.load_jobs(its_workloads(facts))


def may_list_pods(facts: Facts) -> str:
    """Ask whether it may see pods at all."""
    return _caution(facts) + fixes.may_list_pods(its_workloads(facts))


def keep_longer(facts: Facts) -> str:
    """Let it keep samples for longer."""
    return _caution(facts) + fixes.keep_longer(its_workloads(facts))


def its_workloads(facts: Facts) -> tuple[Workload, ...]:
    """Give those of the cluster that it may be: the one whose pod it says it is (Prometheus 3 does), else all."""
    known = (facts.cluster.prometheus.value or ()) if facts.cluster is not None else ()
    host = facts.prometheus.host if facts.prometheus is not None else ""
    same = [one for one in known if host.startswith(f"{one.name}-")]
    if same:
        return (max(same, key=lambda one: len(one.name)),)
    return () if host and not _sure(facts) else known


def _sure(facts: Facts) -> bool:
    prometheus = facts.prometheus
    return prometheus is None or not prometheus.url or any(word in prometheus.found_by for word in _SURE)


def _caution(facts: Facts) -> str:
    """Say whom a command is for, where another one may have been named."""
    its, prometheus = its_workloads(facts), facts.prometheus
    if prometheus is None or prometheus.host or _sure(facts) or not its:
        return ""
    names = ", ".join(f"{one.name} in namespace {one.namespace}" for one in its[:3])
    return f"# {prometheus.url} was named, this is for {names}: is it that one? For others: manifests/README.md\n"

"""All checks, in the order of cause and effect."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.domain.doctor.chain import chain_findings
from kmon_tui.domain.doctor.cluster import cluster_findings, component_findings
from kmon_tui.domain.doctor.facts import Case, Facts
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.doctor.local_ports import ports_finding
from kmon_tui.domain.doctor.rights import rights_findings
from kmon_tui.domain.doctor.scraping import prometheus_findings
from kmon_tui.domain.doctor.unseen import with_command
from kmon_tui.domain.service import Readiness

GROUPS = ("cluster", "prometheus", "rights", "local ports")
LONG_S = 10
"""It is told when Prometheus may be asked, if that may take longer."""


def examine(facts: Facts) -> tuple[Finding, ...]:
    """Judge all that is known by now."""
    return tuple(with_command(one, facts) for one in _findings(facts))


def still_running(facts: Facts) -> tuple[str, ...]:
    """Say what is still being looked at."""
    done = (facts.cluster, facts.prometheus, facts.rights, facts.ports)
    running = (name for name, fact in zip(GROUPS, done, strict=True) if fact is None)
    return tuple(f"{name}{_turn(facts.case)}" if name == "prometheus" else name for name in running)


def _turn(case: Case) -> str:
    """Say when Prometheus is asked: at the latest with the next tick."""
    return f" (asked within {case.tick_s:.0f} s)" if case.tick_s > LONG_S else ""


def _findings(facts: Facts) -> Iterator[Finding]:
    if facts.cluster is not None:
        yield from cluster_findings(facts.cluster)
        yield _services(facts.case)
    yield from prometheus_findings(facts)
    yield from chain_findings(facts)
    if facts.cluster is not None:
        # Last, since no request is missing without them.
        yield from component_findings(facts.cluster)
    if facts.rights is not None:
        served = facts.cluster.groups.value if facts.cluster is not None else None
        yield from rights_findings(facts.rights, read_only=facts.case.read_only, served=served)
    if facts.ports is not None:
        yield ports_finding(facts.ports)


def _services(case: Case) -> Finding:
    title, id_ = "services", "kserve.services"
    where = case.namespace or "all namespaces"
    if case.problem:
        return Finding(id_, title, Status.UNKNOWN, case.problem)
    if not case.services:
        fix = "kmon-tui deploy -f manifests/inference-service.yaml    # a first one"
        return Finding(id_, title, Status.WARN, f"there are none in {where}", fix=fix)
    failed = [one for one in case.services if one.readiness is Readiness.FAILED]
    text = f"{len(case.services)} in {where}, {len(failed)} failed"
    # What is wrong with one of them is no fault of the way to its numbers: its own chain tells it.
    return Finding(id_, title, Status.OK, text, tuple(f"{one.key}: {one.reason}" for one in failed[:8]))

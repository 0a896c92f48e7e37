"""KubeDoctor: gathers the evidence of one context, a bounded number of questions, and has it judged as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from kmon_tui.backend import Metrics, Patient
from kmon_tui.domain.doctor.examine import examine, still_running
from kmon_tui.domain.doctor.facts import Case, ClusterFacts, Facts, PrometheusFacts, RightsFacts, Suspects
from kmon_tui.domain.doctor.finding import Report
from kmon_tui.domain.errors import BackendError
from kmon_tui.live.doctor_cluster import cluster_facts
from kmon_tui.live.doctor_ports import looked_at
from kmon_tui.live.doctor_rights import rights_facts
from kmon_tui.live.kube import KubeClient

PROMETHEUS_S = 30.0
"""All questions to Prometheus together, once a tick has left one: a slow one costs its checks only."""
UNASKED_S = 600.0
"""The same where nobody asked for it: then it takes one question of each tick."""
RIGHTS_S = 15.0


class KubeDoctor:
    """The Doctor of backend.py."""

    def __init__(self, client: KubeClient, context: str, own_namespace: str) -> None:
        self._client = client
        self._context = context
        self._own_namespace = own_namespace

    async def examine(self, case: Case, metrics: Metrics | None, tell: Callable[[Report], None]) -> Report:
        """Look at cluster, Prometheus, rights and ports; see ``backend.Doctor``."""
        at = datetime.now(UTC)
        facts = Facts(case)

        def report(newer: Facts) -> Report:
            return Report(self._context, case.key, at, examine(newer), still_running(newer))

        if not case.brief:
            self._client.forget_refusals()
            facts = replace(facts, ports=await asyncio.to_thread(looked_at, case.ports))
        cluster = await cluster_facts(self._client, case)
        facts = replace(facts, cluster=cluster)
        tell(report(facts))
        facts = replace(facts, prometheus=await self._prometheus(case, cluster, metrics))
        tell(report(facts))
        if case.brief:
            return replace(report(facts), running=())
        namespace = _tunnelled(facts)
        try:
            async with asyncio.timeout(RIGHTS_S):
                rights = await rights_facts(self._client, case, self._own_namespace, namespace)
        except TimeoutError:
            rights = RightsFacts(missing={"": ()}, unknown={"": f"no answer in {RIGHTS_S:g} s"})
        return report(replace(facts, rights=rights))

    async def _prometheus(self, case: Case, cluster: ClusterFacts, metrics: Metrics | None) -> PrometheusFacts:
        if not isinstance(metrics, Patient):
            return PrometheusFacts(failure="none is configured", hint="kmon-tui --prometheus URL")
        suspects = Suspects(case.services, case.isvc, cluster.pods.value or (), case.families)
        try:
            async with asyncio.timeout(UNASKED_S if case.brief else PROMETHEUS_S + case.tick_s):
                return await metrics.examined(suspects)
        except TimeoutError:
            return PrometheusFacts(failure=f"too slow: no answer within {PROMETHEUS_S + case.tick_s:.0f} s")
        except BackendError as error:
            return PrometheusFacts(failure=error.message, failure_kind=type(error).__name__, hint=error.hint)


def _tunnelled(facts: Facts) -> str:
    """Give the namespace of the Prometheus that has to be reached through a tunnel; empty: it needs none."""
    prometheus, cluster = facts.prometheus, facts.cluster
    if prometheus is None or cluster is None:
        return ""
    tunnelled = prometheus.failure_kind == "Forbidden" or any(
        word in prometheus.found_by for word in ("found in the cluster", "through a tunnel")
    )
    return next((one.namespace for one in cluster.prometheus.value or ()), "") if tunnelled else ""

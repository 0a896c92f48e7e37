"""How much memory a container used before it was killed for it, where Prometheus measures containers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.peek import name_of, rows, text
from kmon_tui.domain.tree import Object, Peak
from kmon_tui.live.prometheus import Api
from kmon_tui.live.selectors import quoted, quoted_choice

PATIENCE_S = 3.0
"""The tree does not wait longer: the limit is known without."""
MOST_PODS = 20
_STATES = (("state", "terminated"), ("lastState", "terminated"))

PeaksOf: TypeAlias = Callable[[str, tuple[str, ...]], Awaitable[tuple[Peak, ...]]]
"""Gives the peaks of these pods of a namespace. Raises BackendError."""


async def peaks(ask: PeaksOf | None, namespace: str, pods: Iterable[Object]) -> tuple[Peak, ...]:
    """Give the peaks of the pods in which a container was killed for its memory; empty when nobody knows."""
    killed = tuple(sorted({name_of(pod) for pod in pods if was_killed(pod)}))[:MOST_PODS]
    if ask is None or not killed:
        return ()
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await ask(namespace, killed)
    except (BackendError, TimeoutError):
        return ()


def measured(api: Api, matchers: str, namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
    """Ask cAdvisor's numbers for the most of the last hour. Runs in the thread of PrometheusClient."""
    where = [f"namespace={quoted(namespace)}", f"pod=~{quoted_choice(pods)}", 'container!=""', 'container!="POD"']
    series = f"container_memory_working_set_bytes{{{','.join([*where, *([matchers] if matchers else [])])}}}"
    found = api.query(f"max by (pod, container) (max_over_time({series}[1h]))")
    told = [(row.metric, float(row.value[1])) for row in found]
    return tuple(
        Peak(labels.get("pod", ""), labels.get("container", ""), value)
        for labels, value in told
        if math.isfinite(value) and value > 0
    )


def was_killed(pod: Object) -> bool:
    """Say whether a container of it was killed for its memory."""
    statuses = (*rows(pod, "status", "containerStatuses"), *rows(pod, "status", "initContainerStatuses"))
    return any(text(status, *state, "reason") == "OOMKilled" for status in statuses for state in _STATES)

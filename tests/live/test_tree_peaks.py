"""How much memory a container had before it was killed for it is what cAdvisor left in Prometheus."""

from __future__ import annotations

from typing import Any

import pytest

from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.tree import Peak
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.tree_peaks import peaks
from kmon_tui.settings import PrometheusSettings
from tests.live.served import serve_by_sandbox
from tests.live.stories import Story

MIB = 2.0**20
SERIES = "container_memory_working_set_bytes"


def killed(name: str, reason: str = "OOMKilled") -> dict[str, Any]:
    last = {"terminated": {"exitCode": 137, "reason": reason}}
    return {
        "metadata": {"name": name},
        "status": {"containerStatuses": [{"name": "kserve-container", "lastState": last}]},
    }


def story(*series: tuple[str, str, str, list[float]]) -> Story:
    """(namespace, pod, container, its last values in MiB) each."""
    told = Story()
    for namespace, pod, container, values in series:
        labels = {"namespace": namespace, "pod": pod, "container": container, "job": "kubelet"}
        first = len(told.times) - len(values)
        told.tell(SERIES, labels, lambda n, v=values, f=first: v[n - f] * MIB if n >= f else None)  # type: ignore[misc]  # bound at once
    return told


async def asked(told: Story, *pods: str) -> tuple[Peak, ...]:
    async with serve_by_sandbox(told) as url:
        metrics = PrometheusMetrics(PrometheusSettings(url=url))
        try:
            return await metrics.memory_peaks("risk", pods)
        finally:
            await metrics.aclose()


async def test_the_most_of_the_last_hour_counts_not_the_last_value() -> None:
    told = story(("risk", "big-1", "kserve-container", [512, 1023, 80]))

    assert await asked(told, "big-1") == (Peak("big-1", "kserve-container", 1023 * MIB),)


async def test_whole_pods_other_pods_and_other_namespaces_are_left_out() -> None:
    told = story(
        ("risk", "big-1", "kserve-container", [700]),
        ("risk", "big-1", "", [900]),
        ("risk", "big-1", "POD", [3]),
        ("risk", "other", "kserve-container", [800]),
        ("else", "big-1", "kserve-container", [999]),
    )

    assert await asked(told, "big-1") == (Peak("big-1", "kserve-container", 700 * MIB),)


async def test_a_prometheus_that_does_not_measure_containers_knows_no_peak() -> None:
    told = Story()
    told.tell("up", {"job": "x"}, lambda _: 1)

    assert await asked(told, "big-1") == ()


async def test_only_pods_with_a_killed_container_are_asked_for() -> None:
    wanted: list[tuple[str, tuple[str, ...]]] = []

    async def ask(namespace: str, pods: tuple[str, ...]) -> tuple[Peak, ...]:
        wanted.append((namespace, pods))
        return ()

    await peaks(ask, "risk", [killed("a"), killed("b", "Error"), killed("c")])
    await peaks(ask, "risk", [killed("b", "Error")])

    assert wanted == [("risk", ("a", "c"))]


@pytest.mark.parametrize("error", [Unreachable("nobody there"), TimeoutError()])
async def test_without_prometheus_the_limit_is_enough(error: Exception) -> None:
    async def ask(_namespace: str, _pods: tuple[str, ...]) -> tuple[Peak, ...]:
        raise error

    assert await peaks(ask, "risk", [killed("a")]) == ()

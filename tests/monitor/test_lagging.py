"""Which services of the fleet are in trouble, as far as what is watched anyway tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kmon_tui.domain.service import InferenceService, Key, Kind, Pod, Readiness, Replicas
from kmon_tui.monitor.troubled import Suspects, in_trouble
from kmon_tui.oneshot.looking import suspects

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def ready(*pods: Pod) -> InferenceService:
    return InferenceService(
        Key(Kind.ISVC, "risk", "iris"),
        readiness=Readiness.READY,
        ready=True,
        replicas=Replicas(sum(pod.ready for pod in pods), len(pods)),
        pods=pods,
    )


def pod(name: str, age_s: float, *, is_ready: bool) -> Pod:
    return Pod("risk", name, name, "iris", ready=is_ready, created=NOW - timedelta(seconds=age_s))


def test_a_ready_service_with_a_pod_that_does_not_get_ready_is_looked_into() -> None:
    row = ready(pod("a", 9000, is_ready=True), pod("b", 600, is_ready=False))

    assert Suspects().of((row,)) == [row]
    assert in_trouble([row], NOW) == ((row,), False)
    assert suspects([row]) == (row,)


def test_a_new_pod_beside_ready_ones_is_given_time_and_looked_at_again() -> None:
    row = ready(pod("a", 9000, is_ready=True), pod("b", 20, is_ready=False))

    assert in_trouble([row], NOW) == ((), True)


def test_a_ready_service_with_all_its_pods_is_none() -> None:
    row = ready(pod("a", 9000, is_ready=True), pod("b", 600, is_ready=True))

    assert Suspects().of((row,)) == []
    assert suspects([row]) == ()


def test_a_pod_on_its_way_out_does_not_count() -> None:
    going = pod("b", 600, is_ready=False)._replace(terminating=True)
    row = ready(pod("a", 9000, is_ready=True), going)._replace(replicas=Replicas(1, 1))

    assert Suspects().of((row,)) == []

"""When the wait for a service is over: pure, with the clock as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kmon_tui.domain.rollout import GIVE_UP, SETTLE, Followed, Rollout
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness, Replicas

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = Key(Kind.ISVC, "demo", "iris")
BEGUN = Followed(KEY, 2, NOW)


def iris(readiness: Readiness, generation: int = 2, ready_pods: int = 1) -> InferenceService:
    return InferenceService(KEY, generation=generation, readiness=readiness, replicas=Replicas(ready_pods, 1))


def test_ready_of_the_generation_before_does_not_count() -> None:
    assert BEGUN.seen(iris(Readiness.READY, generation=1), NOW + timedelta(minutes=1)).outcome is None


def test_ready_right_after_the_apply_may_still_be_the_old_status() -> None:
    assert BEGUN.seen(iris(Readiness.READY), NOW).outcome is None


def test_ready_that_stays_is_believed() -> None:
    first = BEGUN.seen(iris(Readiness.READY), NOW)

    assert first.seen(iris(Readiness.READY), NOW + SETTLE).outcome is True


def test_ready_after_rolling_counts_at_once() -> None:
    rolling = BEGUN.seen(iris(Readiness.ROLLING), NOW)

    assert rolling.seen(iris(Readiness.READY), NOW + timedelta(seconds=1)).outcome is True


def test_ready_without_a_serving_pod_is_not_ready() -> None:
    rolling = BEGUN.seen(iris(Readiness.ROLLING), NOW)

    assert rolling.seen(iris(Readiness.READY, ready_pods=0), NOW).outcome is None


def test_a_failure_for_a_moment_does_not_end_the_wait() -> None:
    failed = BEGUN.seen(iris(Readiness.FAILED), NOW)
    again = failed.seen(iris(Readiness.ROLLING), NOW + GIVE_UP / 2)

    assert again.seen(iris(Readiness.FAILED), NOW + GIVE_UP).outcome is None


def test_a_failure_that_stays_ends_the_wait() -> None:
    failed = BEGUN.seen(iris(Readiness.FAILED), NOW)

    assert failed.seen(iris(Readiness.FAILED), NOW + GIVE_UP).outcome is False


def test_a_rollout_is_late_once_its_time_is_over() -> None:
    rollout = Rollout(NOW, NOW + timedelta(seconds=10), wait_s=10, waits=(BEGUN,), applied=True)

    assert rollout.is_late
    assert rollout.outcome is False


def test_a_rollout_without_services_is_done_when_all_is_applied() -> None:
    assert Rollout(NOW, NOW, applied=True).outcome is True

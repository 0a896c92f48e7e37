"""The readiness word, its reason, the replicas: from facts and pods alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kmon_tui.domain.facts import Facts, Failure
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import Condition, InferenceService, Key, Kind, Mode, Pod, Readiness, Replicas

MORNING = datetime(2026, 8, 21, 9, 0, tzinfo=UTC)
NOON = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
READY = Condition("Ready", "True", since=NOON)
USELESS = Condition("Ready", "False", "Predictor ingress not created", since=NOON)
NO_INGRESS = Condition("IngressReady", "False", "Predictor ingress not created", since=NOON)


def facts(*conditions: Condition, **changes: object) -> Facts:
    base = Facts(Key(Kind.ISVC, "default", "iris"), conditions=conditions, mode=Mode.KNATIVE, created=MORNING)
    return base._replace(**{"components": ("predictor",), "least_replicas": 1, **changes})  # type: ignore[arg-type]  # any field


def pod(name: str = "iris-1", **changes: object) -> Pod:
    values: dict[str, object] = {"namespace": "default", "name": name, "uid": name, "isvc": "iris", "phase": "Running"}
    return Pod(**{**values, **changes})  # type: ignore[arg-type]  # any field


def test_ready_with_a_ready_pod_is_ready() -> None:
    row = describe(facts(READY), (pod(ready=True),))

    assert (row.readiness, row.ready, row.reason, row.since) == (Readiness.READY, True, "", NOON)
    assert row.replicas == Replicas(1, 1)


def test_ready_knative_without_a_ready_pod_is_cold() -> None:
    row = describe(facts(READY), ())

    assert row.readiness is Readiness.COLD
    assert row.replicas == Replicas(0, 0)
    assert not row.not_serving


def test_ready_standard_without_a_ready_pod_is_ready_but_not_serving() -> None:
    row = describe(facts(READY, mode=Mode.STANDARD, least_replicas=2), ())

    assert row.readiness is Readiness.READY
    assert row.replicas == Replicas(0, 2)
    assert row.not_serving
    assert row.reason == "NoPodReady"


def test_ready_with_pods_that_may_not_be_listed_is_ready_with_replicas_unknown() -> None:
    row = describe(facts(READY), None)

    assert row.readiness is Readiness.READY
    assert row.replicas == Replicas(None, None)


def test_a_crashing_pod_shows_although_ready_is_true() -> None:
    row = describe(facts(READY), (pod(trouble="CrashLoopBackOff", message="exit code 1"),))

    assert row.reason == "CrashLoopBackOff"
    assert row.not_serving


def test_stopped_wins_over_everything() -> None:
    stopped = Condition("Stopped", "True", severity="Info", since=NOON)

    row = describe(facts(Condition("Ready", "False", "Stopped"), stopped), (pod(trouble="OOMKilled"),))

    assert (row.readiness, row.reason, row.since) == (Readiness.STOPPED, "Stopped", NOON)
    assert row.replicas.desired == 0


@pytest.mark.parametrize("transition", ["InvalidSpec", "BlockedByFailedLoad"])
def test_a_failed_load_is_failed_with_the_reason_of_the_failure(transition: str) -> None:
    failure = Failure("ModelLoadFailed", "No model found in gs://b/m", 1)

    row = describe(facts(USELESS, NO_INGRESS, transition=transition, failure=failure), ())

    assert (row.readiness, row.reason, row.message) == (
        Readiness.FAILED,
        "ModelLoadFailed",
        "No model found in gs://b/m",
    )


def test_a_failure_of_the_past_is_not_told() -> None:
    failure = Failure("ModelLoadFailed", "long ago", 1)
    predictor = Condition(
        "PredictorReady", "False", "MinimumReplicasUnavailable", "no minimum availability", since=NOON
    )

    row = describe(facts(USELESS, predictor, transition="UpToDate", failure=failure), ())

    assert (row.readiness, row.reason) == (Readiness.ROLLING, "MinimumReplicasUnavailable")


@pytest.mark.parametrize(
    "trouble", ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "OOMKilled", "Unschedulable"]
)
def test_a_pod_in_trouble_that_stays_makes_it_failed(trouble: str) -> None:
    row = describe(facts(USELESS), (pod(trouble=trouble, message="why"),))

    assert (row.readiness, row.reason, row.message) == (Readiness.FAILED, trouble, "why")


def test_the_trouble_of_a_version_that_is_being_replaced_does_not_count() -> None:
    """As long as the version that replaces it has none of its own."""
    old = pod("iris-1", revision="a", created=NOON, trouble="CrashLoopBackOff", message="no such file")
    new = pod("iris-2", revision="b", created=NOON + timedelta(minutes=1))
    mended = describe(facts(USELESS, mode=Mode.STANDARD), (old, new))
    again = describe(facts(USELESS, mode=Mode.STANDARD), (old, new._replace(trouble="OOMKilled")))

    assert (mended.readiness, "no such file" in mended.message) == (Readiness.ROLLING, False)
    assert (again.readiness, again.reason) == (Readiness.FAILED, "OOMKilled")


def test_a_version_that_fails_counts_while_the_one_before_it_serves() -> None:
    old = pod("iris-1", revision="a", created=NOON, ready=True)
    new = pod("iris-2", revision="b", created=NOON + timedelta(minutes=1), trouble="ImagePullBackOff")

    assert describe(facts(USELESS, mode=Mode.STANDARD), (old, new)).readiness is Readiness.FAILED


def test_a_terminating_pod_in_trouble_does_not_count() -> None:
    row = describe(facts(USELESS), (pod(trouble="OOMKilled", terminating=True),))

    assert row.readiness is Readiness.ROLLING
    assert row.replicas == Replicas(0, None)


def test_an_evicted_pod_does_not_count() -> None:
    row = describe(facts(READY), (pod("old", phase="Failed", trouble="Evicted"), pod(ready=True)))

    assert (row.readiness, row.reason, row.replicas) == (Readiness.READY, "", Replicas(1, 1))


@pytest.mark.parametrize("reason", ["RevisionMissing", "ProgressDeadlineExceeded"])
def test_no_revision_to_be_had_is_failed(reason: str) -> None:
    predictor = Condition("PredictorReady", "False", reason, "text", since=MORNING)

    row = describe(facts(USELESS, predictor), ())

    assert (row.readiness, row.reason, row.message, row.since) == (Readiness.FAILED, reason, "text", MORNING)


def test_a_first_revision_that_is_on_its_way_is_rolling() -> None:
    predictor = Condition("PredictorReady", "Unknown", "RevisionMissing", "is waiting for a Revision to become ready.")

    row = describe(facts(Condition("Ready", "Unknown"), predictor), ())

    assert (row.readiness, row.reason) == (Readiness.ROLLING, "RevisionMissing")


def test_a_first_start_is_rolling() -> None:
    row = describe(facts(Condition("Ready", "Unknown"), Condition("PredictorReady", "Unknown")), ())

    assert (row.readiness, row.ready, row.reason) == (Readiness.ROLLING, None, "")


def test_no_status_is_unknown_and_says_so() -> None:
    row = describe(facts(), ())

    assert (row.readiness, row.reason) == (Readiness.UNKNOWN, "NoStatus")


def test_the_useless_reason_of_ready_is_never_shown() -> None:
    row = describe(facts(USELESS, NO_INGRESS), ())

    assert row.reason == ""


def test_where_no_other_condition_tells_ready_itself_does() -> None:
    ready = Condition("Ready", "False", "QuotaExceeded", "no room for one more", since=NOON)

    row = describe(facts(ready), ())

    assert (row.reason, row.message) == ("QuotaExceeded", "no room for one more")


def test_a_condition_of_an_unknown_type_tells_more_than_ready() -> None:
    new = Condition("QuotaReady", "False", "QuotaExceeded", "no room for one more", since=NOON)
    aside = Condition("Stopped", "False", "Asked", severity="Info", since=NOON)

    row = describe(facts(aside, Condition("Ready", "False", "QuotaNotReady", "see there", since=NOON), new), ())

    assert (row.reason, row.message) == ("QuotaExceeded", "no room for one more")


def test_the_pod_tells_more_than_the_back_off_of_the_load() -> None:
    failure = Failure("ModelLoadFailed", "", 137)

    row = describe(facts(USELESS, transition="BlockedByFailedLoad", failure=failure), (pod(trouble="OOMKilled"),))

    assert row.reason == "OOMKilled"


def test_the_newest_pod_comes_first() -> None:
    old, new = pod("a", created=MORNING), pod("b", created=NOON)

    row = describe(facts(READY), (old, new))

    assert [p.name for p in row.pods] == ["b", "a"]


def test_a_transformer_that_fails_shows_although_ready_is_true() -> None:
    transformer = Condition("TransformerReady", "False", "RevisionFailed", "t", "Info")

    row = describe(facts(READY, transformer), (pod(ready=True),))

    assert (row.readiness, row.reason) == (Readiness.READY, "RevisionFailed")


def test_deletion_that_waits_is_said() -> None:
    row = describe(facts(READY, deleted=NOON), (pod(ready=True),))

    assert row.reason == "Terminating"


def test_modelmesh_has_no_pods_of_its_own() -> None:
    assert describe(facts(READY, mode=Mode.MODELMESH), ()).replicas == Replicas(None, None)


def test_the_scheduler_of_an_llm_is_no_replica() -> None:
    llm = facts(READY, mode=Mode.STANDARD)._replace(key=Key(Kind.LLM, "default", "qwen"))
    pods = (pod("w", component="workload", ready=True), pod("s", component="scheduler", ready=True))

    assert describe(llm, pods).replicas == Replicas(1, 1)


def test_a_standard_rollout_shows_when_its_first_pod_was_made() -> None:
    pods = (pod("new", created=NOON, revision="b"), pod("old", created=MORNING, revision="a"))
    predictor = Condition("PredictorReady", "True", since=MORNING)

    row = describe(facts(READY, predictor, mode=Mode.STANDARD), pods)

    assert row.changed == NOON


def test_a_knative_pod_that_wakes_is_no_change() -> None:
    predictor = Condition("PredictorReady", "True", since=MORNING)

    row = describe(facts(READY, predictor), (pod(created=NOON, ready=True),))

    assert row.changed == MORNING


def test_equal_facts_give_equal_rows() -> None:
    def row() -> InferenceService:
        return describe(facts(READY), (pod(ready=True),))

    assert row() == row()


@pytest.mark.parametrize(
    ("conditions", "changes", "desired"),
    [
        pytest.param((), {"mode": Mode.UNKNOWN}, None, id="no status at all"),
        pytest.param((), {"mode": Mode.KNATIVE}, None, id="no status, Knative by its annotation"),
        pytest.param((), {"mode": Mode.STANDARD, "least_replicas": 2}, 2, id="no status, Standard: the spec says"),
        pytest.param((USELESS,), {"mode": Mode.KNATIVE}, None, id="Knative has not spoken yet"),
        pytest.param((READY,), {"mode": Mode.KNATIVE}, 0, id="Knative says Ready without a pod"),
        pytest.param((READY,), {"mode": Mode.UNKNOWN}, None, id="Ready, and who runs it is not known"),
        pytest.param((READY,), {"mode": Mode.STANDARD, "least_replicas": 0}, 0, id="the spec asks for none"),
        pytest.param((Condition("Stopped", "True"), USELESS), {}, 0, id="stopped"),
    ],
)
def test_no_pod_is_wanted_only_where_somebody_says_so(
    conditions: tuple[Condition, ...], changes: dict[str, object], desired: int | None
) -> None:
    row = describe(facts(*conditions, **changes), ())

    assert row.replicas == Replicas(0, desired)

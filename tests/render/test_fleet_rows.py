"""Order, folds and reasons of the list, patched by what changed."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness, Replicas, TrafficShare
from kmon_tui.domain.traffic import Family, Traffic
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import UNKNOWN_CAUSE, Diagnosis
from kmon_tui.render.filter import parse_filter
from kmon_tui.render.fleet_rows import SLICE, Entry, FleetRows, Fold, Raised, Reason, every_row, is_twin, wanted_by
from kmon_tui.render.rows import SORTS, Severity, row_of, split_words


def isvc(name: str, readiness: Readiness = Readiness.READY, **more: object) -> InferenceService:
    return InferenceService(key=Key(Kind.ISVC, "ns", name), readiness=readiness)._replace(**more)  # type: ignore[arg-type]  # of tests


def fleet(*services: InferenceService) -> tuple[InferenceService, ...]:
    return tuple(sorted(services, key=lambda service: service.key))


def told(entries: list[Entry]) -> list[str]:
    words = []
    for entry in entries:
        if isinstance(entry, Fold):
            words.append(f"{len(entry.keys)}x")
        else:
            words.append("└" if isinstance(entry, Reason) else entry.name)
    return words


def lines(rows: FleetRows, **more: object) -> list[str]:
    return told(rows.arrange(every_row, show_split=bool(more.get("show_split"))))


A, B, C = isvc("a"), isvc("b"), isvc("c")
SICK = isvc("sick", Readiness.FAILED, reason="MinimumReplicasUnavailable")


def test_failed_rows_come_first_with_their_reasons() -> None:
    rows = FleetRows()
    rows.update(fleet(A, B, isvc("z", Readiness.FAILED, reason="Boom")), {})

    assert lines(rows) == ["z", "└", "a", "b"]


def test_only_what_is_another_object_is_changed() -> None:
    rows = FleetRows()
    rows.update(fleet(A, B, C), {})
    new_b = isvc("b", Readiness.ROLLING)

    assert rows.update(fleet(A, new_b, C), {}) == {new_b.key}


def test_nothing_is_done_for_the_same_fleet() -> None:
    rows = FleetRows()
    same = fleet(A, B, C)
    traffic: dict[Key, Traffic] = {}
    rows.update(same, traffic)

    assert rows.update(same, traffic) == set()


def test_rows_keep_their_place_until_the_next_sort() -> None:
    rows = FleetRows()
    rows.update(fleet(A, B, C), {})
    rows.update(fleet(A, B, isvc("c", Readiness.FAILED, reason="Boom")), {})

    assert lines(rows) == ["a", "b", "c", "└"]
    assert rows.resort_due
    rows.resort()
    assert lines(rows) == ["c", "└", "a", "b"]


def test_new_rows_take_their_place_and_old_ones_leave() -> None:
    rows = FleetRows()
    rows.update(fleet(A, C), {})
    rows.update(fleet(B, C), {})

    assert lines(rows) == ["b", "c"]
    assert rows.counts["ready"] == 2


def test_a_namespace_is_counted_by_itself() -> None:
    rows = FleetRows()
    far = Key(Kind.ISVC, "far", "a")
    rows.update(fleet(A, SICK, A._replace(key=far)), {})

    assert rows.counts_in("far") == {"ready": 1}
    assert rows.counts_in(None) == {"ready": 2, "failed": 1}
    rows.update(fleet(A, SICK, A._replace(key=far, readiness=Readiness.ROLLING)), {})
    assert +Counter(rows.counts_in("far")) == {"rolling": 1}
    assert rows.counts_in("nowhere") == {}


def test_a_name_stands_twice_where_another_kind_has_it_too() -> None:
    rows = FleetRows()
    llm = A._replace(key=A.key._replace(kind=Kind.LLM))
    elsewhere = A._replace(key=Key(Kind.GRAPH, "far", "b"))
    rows.update(fleet(A, B, llm, elsewhere), {})

    assert [is_twin(one.key, rows.rows) for one in (A, llm, B, elsewhere)] == [True, True, False, False]


def test_a_row_replaced_by_another_of_the_same_number_is_seen() -> None:
    rows = FleetRows()
    rows.update(fleet(A, B), {})
    changed = rows.update(fleet(A, C), {})

    assert changed == {B.key, C.key}
    assert lines(rows) == ["a", "c"]


@pytest.mark.parametrize(("count", "expected"), [(5, ["f0", "└"]), (6, ["6x"])])
def test_more_than_five_rows_with_one_cause_fold(count: int, expected: list[str]) -> None:
    rows = FleetRows()
    many = [isvc(f"f{i}", Readiness.FAILED, reason="Unschedulable", message=f"f{i}: 0/{i} nodes") for i in range(count)]
    rows.update(fleet(*many, A), {})

    assert lines(rows)[: len(expected)] == expected


def test_different_causes_do_not_fold() -> None:
    rows = FleetRows()
    many = [isvc(f"f{i}", Readiness.FAILED, reason="Boom" + "x" * i) for i in range(8)]
    rows.update(fleet(*many), {})

    assert not any(word.endswith("x") and word[0].isdigit() for word in lines(rows))


def test_an_unfolded_cause_shows_its_rows_below_it() -> None:
    rows = FleetRows()
    rows.update(fleet(*(isvc(f"f{i}", Readiness.FAILED, reason="Boom") for i in range(6))), {})
    (fold,) = rows.arrange(every_row, show_split=False)
    assert isinstance(fold, Fold)

    unfolded = rows.arrange(every_row, show_split=False, unfolded=frozenset({fold.cause}))

    assert told(unfolded) == ["6x", "f0", "f1", "f2", "f3", "f4", "f5"]


def eight_alike(alerts: dict[int, tuple[Alert, ...]]) -> FleetRows:
    many = [isvc(f"f{i}", Readiness.FAILED, reason="Boom") for i in range(8)]
    rows = FleetRows()
    rows.update(fleet(*many, A), {}, {many[i].key: raised for i, raised in alerts.items()})
    return rows


DOWN, QUIET = Alert("KServeNotReady", True, "critical"), Alert("KServeNoData", True, "warning")


def raised_words(entries: list[Entry]) -> list[str]:
    return [entry.words for entry in entries if isinstance(entry, Raised)]


def test_a_fold_says_which_alerts_fire_for_how_many_of_its_services() -> None:
    rows = eight_alike({1: (DOWN, QUIET), 4: (DOWN,), 5: (Alert("Soon", False), Alert("Note", True, "info"))})

    assert raised_words(rows.arrange(every_row, show_split=False)) == [
        "alerts KServeNotReady for 2, KServeNoData for 1"
    ]


def test_a_fold_without_alerts_is_one_line() -> None:
    assert lines(eight_alike({})) == ["8x", "a"]


def test_many_alerts_of_a_fold_are_counted_and_not_all_named() -> None:
    many = tuple(Alert(f"A{i}", True) for i in range(5))

    assert raised_words(eight_alike({0: many}).arrange(every_row, show_split=False)) == [
        "alerts A0 for 1, A1 for 1, A2 for 1 (and 2 more)"
    ]


def test_an_unfolded_row_that_an_alert_fires_for_shows_it() -> None:
    rows = eight_alike({2: (DOWN,)})
    (fold, *_) = rows.arrange(every_row, show_split=False)
    assert isinstance(fold, Fold)

    unfolded = rows.arrange(every_row, show_split=False, unfolded=frozenset({fold.cause}))

    assert told(unfolded)[:6] == ["8x", "└", "f0", "f1", "f2", "└"]


def test_rows_that_fold_for_an_alert_say_it_once() -> None:
    many = [isvc(f"f{i}") for i in range(8)]
    rows = FleetRows()
    rows.update(fleet(*many), {}, {one.key: (DOWN,) for one in many})

    assert lines(rows) == ["8x"]


def test_an_alert_that_begins_in_a_fold_makes_new_lines() -> None:
    rows = eight_alike({})
    rows.arrange(every_row, show_split=False)
    services = tuple(row.isvc for row in rows.rows.values())

    rows.update(fleet(*services), {}, {services[3].key: (DOWN,)})

    assert rows.layout_due


def test_ready_with_none_serving_is_trouble() -> None:
    row = row_of(isvc("liar", replicas=Replicas(0, 2)), None)

    assert row.severity is Severity.NOT_SERVING
    assert row.reason == "Ready, but 0 of 2 pods serve"


def test_errors_raise_the_severity_and_say_so() -> None:
    row = row_of(A, Traffic(family=Family.KNATIVE_MS, error_ratio=0.062))

    assert row.severity is Severity.ERRORS
    assert row.reason == "6.2 % of requests fail (as pods see it)"


def test_a_failed_row_without_any_reason_says_that() -> None:
    assert "nothing in its status" in row_of(isvc("f", Readiness.FAILED), None).reason


def test_a_split_has_a_line_only_where_no_column_says_it() -> None:
    rows = FleetRows()
    rows.update(fleet(isvc("s", traffic=(TrafficShare("s-00001", 90), TrafficShare("s-00002", 10)))), {})

    assert lines(rows, show_split=True) == ["s", "└"]
    assert lines(rows) == ["s"]


def test_a_split_is_told_by_the_ends_of_revisions() -> None:
    shares = (TrafficShare("s-predictor-00001", 90), TrafficShare("s-predictor-00002", 10, tag="canary"))

    assert split_words(shares) == "90% 00001  10% canary"


def diagnosed(verdict: str, cause: str = "oom-killed") -> Diagnosis:
    return Diagnosis(cause=cause, verdict=verdict)


def explained(reasons: dict[Key, Diagnosis]) -> FleetRows:
    rows = FleetRows()
    rows.update(fleet(SICK, B), {})
    rows.explain(reasons)
    return rows


def test_a_row_whose_cause_is_known_says_it_until_it_is_known_no_more() -> None:
    rows = explained({SICK.key: diagnosed("its container is killed for memory")})
    known = rows.rows[SICK.key].reason

    assert known == "its container is killed for memory"
    assert rows.explain({}) == {SICK.key}
    assert rows.rows[SICK.key].reason == "MinimumReplicasUnavailable"


def test_a_diagnosis_that_knows_no_cause_leaves_the_reason_of_the_status() -> None:
    rows = explained({SICK.key: diagnosed("something is unusual", UNKNOWN_CAUSE)})

    assert rows.rows[SICK.key].reason == "MinimumReplicasUnavailable"


def test_a_service_that_recovers_keeps_no_verdict() -> None:
    rows = explained({SICK.key: diagnosed("its container is killed for memory")})
    rows.update(fleet(SICK._replace(readiness=Readiness.READY, reason=""), B), {})

    assert rows.rows[SICK.key].reason == ""


@pytest.mark.parametrize(
    ("cause", "about", "severity"),
    [
        ("ready-not-serving", Ref("Pod", "iris-1", "ml"), Severity.AILING),
        ("controller-silent", Ref("Deployment", "iris-predictor", "ml"), Severity.AILING),
        ("controller-silent", Ref("InferenceService", "iris", "ml"), Severity.READY),
        ("image-pull", Ref("Pod", "iris-1", "ml"), Severity.READY),
    ],
)
def test_a_ready_row_says_what_only_a_look_inside_can_tell_and_nothing_of_before(
    cause: str, about: Ref, severity: Severity
) -> None:
    row = row_of(isvc("iris"), None, (), Diagnosis(cause, "what was found", about))

    assert row.severity is severity
    assert row.reason == ("what was found" if severity is Severity.AILING else "")


def test_the_verdict_stays_while_the_row_changes() -> None:
    rows = explained({SICK.key: diagnosed("its container is killed for memory")})
    rows.update(fleet(SICK._replace(generation=2), B), {})

    assert rows.rows[SICK.key].reason == "its container is killed for memory"


def test_faults_only_and_the_filter_hold_together() -> None:
    rows = FleetRows()
    rows.update(fleet(A, isvc("f", Readiness.FAILED), isvc("g", Readiness.FAILED), isvc("r", Readiness.ROLLING)), {})
    wanted = wanted_by(parse_filter("!g"), faults_only=True, namespace=None)

    assert told(rows.arrange(wanted, show_split=False)) == ["f", "└"]


def test_every_sort_puts_unknown_last() -> None:
    known = Traffic(family=Family.KNATIVE_MS, requests_per_s=5.0, error_ratio=0.01, p90_ms=3.0)
    rows = FleetRows()
    rows.update(fleet(A, B), {B.key: known})

    for name in ("rps", "err", "p90"):
        rows.sort_by(SORTS[name])
        assert lines(rows) == ["b", "a"]


def test_traffic_alone_changes_rows() -> None:
    rows = FleetRows()
    same = fleet(A, B)
    rows.update(same, {})
    traffic = Traffic(family=Family.KNATIVE_MS, requests_per_s=array("d", [1.0])[0])

    assert rows.update(same, {A.key: traffic}) == {A.key}


FIRING = Alert("KServeSlow", True, "warning", None, "p99 is 3 s")
GRAVE = Alert("KServeDown", True, "critical")


def test_an_alert_that_fires_makes_trouble_and_says_why() -> None:
    row = row_of(A, None, (FIRING,))

    assert row.severity is Severity.ERRORS
    assert row.reason == "alert KServeSlow: p99 is 3 s"


def test_a_grave_alert_comes_before_others_and_a_pending_one_or_a_note_changes_nothing() -> None:
    assert row_of(A, None, (GRAVE, FIRING)).severity is Severity.ALARM
    assert row_of(A, None, (GRAVE, FIRING)).reason == "alert KServeDown (and 1 more)"
    assert row_of(A, None, (FIRING._replace(firing=False),)).severity is Severity.READY
    assert row_of(A, None, (FIRING._replace(severity="info"),)).severity is Severity.READY


def test_a_service_that_fails_keeps_its_own_reason() -> None:
    failed = isvc("f", Readiness.FAILED, reason="Boom")

    assert row_of(failed, None, (GRAVE,)).reason == "Boom"
    assert row_of(failed, None, (GRAVE,)).severity is Severity.FAILED


def test_trouble_first_takes_alerts_in_at_the_next_sort() -> None:
    rows = FleetRows()
    services = fleet(A, B, C)
    rows.update(services, {})

    changed = rows.update(services, {}, {C.key: (GRAVE,)})
    rows.resort()

    assert changed == {C.key}
    assert rows.arrange(every_row, show_split=False)[:2] == [C.key, Reason(C.key)]
    assert rows.update(services, {}, {C.key: (GRAVE,)}) == set()


RATIOS = (None, 0.0, 0.001, 0.02, 0.5, float("nan"))


@pytest.mark.parametrize("before", RATIOS)
@pytest.mark.parametrize("after", RATIOS)
@pytest.mark.parametrize("service", [A, SICK, isvc("idle", replicas=Replicas(0, 2))])
def test_new_numbers_make_the_row_that_they_would_make_alone(
    before: float | None, after: float | None, service: InferenceService
) -> None:
    rows, new = FleetRows(), Traffic(Family.ALIAS, error_ratio=after)
    rows.update(fleet(service), {service.key: Traffic(Family.ALIAS, error_ratio=before)})

    assert rows.update(fleet(service), {service.key: new}) == {service.key}
    assert rows.rows[service.key] == row_of(service, new)
    assert sum(rows.counts.values()) == 1


@pytest.mark.parametrize(("sort", "due"), [("rps", True), ("name", False), ("state", False)])
def test_new_numbers_make_a_sort_due_only_where_they_decide_it(sort: str, due: bool) -> None:
    rows = FleetRows()
    rows.sort_by(SORTS[sort])
    rows.update(fleet(A), {A.key: Traffic(Family.ALIAS, requests_per_s=1.0)})

    rows.update(fleet(A), {A.key: Traffic(Family.ALIAS, requests_per_s=2.0)})

    assert rows.resort_due is due


MANY = fleet(*(isvc(f"m-{i:05d}") for i in range(3 * SLICE)))


def numbers(rate: float) -> dict[Key, Traffic]:
    return {service.key: Traffic(Family.ALIAS, requests_per_s=rate) for service in MANY}


def test_new_numbers_of_thousands_reach_one_slice_of_rows_at_a_time() -> None:
    rows, new = FleetRows(), numbers(2.0)
    rows.update(MANY, numbers(1.0))

    slices = [rows.update(MANY, new)]
    while rows.is_behind:
        slices.append(rows.catch_up())

    assert [len(one) for one in slices if one] == [SLICE] * 3
    assert all(rows.rows[key].traffic is traffic for key, traffic in new.items())


def test_rows_that_are_looked_at_come_first() -> None:
    rows, new, last = FleetRows(), numbers(2.0), MANY[-1].key
    rows.update(MANY, numbers(1.0))
    rows.update(MANY, new)

    assert last in rows.catch_up((last,))
    assert rows.is_behind and rows.rows[last].traffic is new[last]


def test_while_rows_catch_up_services_may_change_and_go() -> None:
    rows, new = FleetRows(), numbers(2.0)
    failed = MANY[-1]._replace(readiness=Readiness.FAILED)
    rows.update(MANY, numbers(1.0))
    rows.update(MANY, new)

    rows.update((*MANY[:-2], failed), new)
    while rows.is_behind:
        rows.catch_up()

    assert MANY[-2].key not in rows.rows
    assert rows.rows[failed.key] == row_of(failed, new[failed.key])


def test_sorting_by_traffic_knows_the_newest_numbers_of_all() -> None:
    rows, new, last = FleetRows(), numbers(2.0), MANY[-1].key
    rows.update(MANY, numbers(1.0))
    rows.update(MANY, {**new, last: Traffic(Family.ALIAS, requests_per_s=9.0)})

    rows.sort_by(SORTS["rps"])

    assert rows.arrange(every_row, show_split=False)[0] == last


def test_a_ready_service_with_a_fault_comes_before_well_ones_and_has_its_verdict() -> None:
    limps = Diagnosis("readiness-probe", "b-1 has not been ready for 9m", serving="1 of 2 pods serves")
    down = Diagnosis("ready-not-serving", "the model answers 404", serving="nothing serves")

    ailing = isvc("b", reason="CrashLoopBackOff")

    assert row_of(ailing, None, (), limps).severity is Severity.AILING
    assert row_of(ailing, None, (), limps).reason == "b-1 has not been ready for 9m"
    assert row_of(ailing, None, (), down).severity is Severity.ERRORS


def test_a_ready_service_of_which_nothing_bad_is_known_stays_ready() -> None:
    ailing = isvc("b", reason="CrashLoopBackOff")

    assert row_of(ailing, None, (), Diagnosis(UNKNOWN_CAUSE, "something is unusual")).severity is Severity.READY


def test_a_ready_service_below_which_something_complains_has_the_verdict_on_it() -> None:
    verdict = Diagnosis("autoscaler-metrics", "the autoscaler b-predictor cannot read its metric")
    ailing = isvc("b")._replace(complaint="HorizontalPodAutoscaler b-predictor: FailedGetResourceMetric")

    assert row_of(ailing, None).severity is row_of(ailing, None, (), HEALTHY).severity is Severity.READY
    assert row_of(ailing, None, (), verdict).severity is Severity.AILING
    assert row_of(ailing, None, (), verdict).reason == verdict.verdict


def test_rows_fold_by_what_their_diagnoses_share_whatever_their_sentences_say() -> None:
    sick = [isvc(f"s{number}", Readiness.FAILED) for number in range(6)]
    words = ["apple", "pear", "plum", "fig", "lime", "kiwi"]
    verdicts = {
        one.key: Diagnosis("image-pull", f"the image {word} is not pulled", shared="registry ghcr.io")
        for one, word in zip(sick, words, strict=True)
    }
    rows = FleetRows()
    rows.update(fleet(*sick), {})
    rows.explain(verdicts)

    assert lines(rows) == ["6x"]
    assert lines(rows_explained_apart(sick, words)) == [line for one in sick for line in (one.key.name, "└")]


def rows_explained_apart(sick: list[InferenceService], words: list[str]) -> FleetRows:
    rows = FleetRows()
    rows.update(fleet(*sick), {})
    rows.explain({one.key: Diagnosis("image-pull", word) for one, word in zip(sick, words, strict=True)})
    return rows


def ailing_rows(count: int) -> list[Entry]:
    verdict = Diagnosis("autoscaler-metrics", "its autoscaler cannot read its metric")
    ill = [isvc(f"ill{number}")._replace(complaint="HorizontalPodAutoscaler") for number in range(count)]
    rows = FleetRows()
    rows.update(fleet(A, *ill), {})
    rows.explain({one.key: verdict for one in ill})
    rows.resort()
    return rows.arrange(every_row, show_split=False)


def test_below_a_ready_row_stands_what_is_broken_of_it() -> None:
    first = isvc("ill0").key

    assert ailing_rows(5)[:2] == [first, Reason(first)]


def test_what_is_broken_of_more_than_five_ready_rows_hides_none_of_them_and_is_not_repeated() -> None:
    lines = ailing_rows(6)

    assert not [line for line in lines if isinstance(line, Reason | Fold)]
    assert len(lines) == 7


@pytest.mark.parametrize("readiness", [Readiness.ROLLING, Readiness.UNKNOWN])
def test_a_rollout_in_whose_way_a_known_cause_stands_is_stuck_and_says_so(readiness: Readiness) -> None:
    verdict = Diagnosis("quota", "no pods can be made for b-predictor: the quota small has no room")
    rows = FleetRows()
    rows.update(fleet(A, isvc("b", readiness)), {})
    rows.explain({isvc("b").key: verdict})
    rows.resort()

    assert rows.counts["stuck"] == 1
    assert rows.counts[readiness.value] == 0
    assert rows.arrange(every_row, show_split=False)[:2] == [isvc("b").key, Reason(isvc("b").key)]
    assert rows.rows[isvc("b").key].reason == verdict.verdict


def test_a_rollout_of_which_nothing_bad_is_known_is_not_stuck() -> None:
    rolling = isvc("b", Readiness.ROLLING)

    assert row_of(rolling, None, (), HEALTHY).severity is Severity.ROLLING
    assert row_of(rolling, None, (), Diagnosis(UNKNOWN_CAUSE, "it is slow")).severity is Severity.ROLLING


def test_of_a_service_whose_requests_fail_the_cause_is_told_if_it_is_known() -> None:
    failing = Traffic(Family.ALIAS, error_ratio=0.4)
    verdict = Diagnosis("ready-not-serving", "the model answers HTTP 503", serving="nothing serves")

    assert row_of(isvc("b"), failing, (), HEALTHY).reason == "40 % of requests fail (as pods see it)"
    assert row_of(isvc("b"), failing, (), verdict).reason == "the model answers HTTP 503"


HEALTHY = Diagnosis("healthy", "it is well")

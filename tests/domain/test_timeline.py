"""Events and changes stand in one stream: newest last, repeats together, with who wrote what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kmon_tui.domain.change_log import ChangeLog
from kmon_tui.domain.timeline import CHANGED, WROTE, Moment, timeline
from kmon_tui.domain.tree import ObjectTree, Ref
from kmon_tui.domain.writers import edit_between, writers

ISVC = Ref("InferenceService", "iris", "demo")


def at(minute: int) -> str:
    return f"2026-11-22T12:{minute:02}:00Z"


def event(reason: str, minute: int, **more: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "name": "iris-0", "namespace": "demo"}
    return {"involvedObject": about, "type": "Normal", "reason": reason, "lastTimestamp": at(minute), **more}


def root(replicas: int = 1, *, version: str = "1", minute: int = 5, manager: str = "argocd") -> dict[str, Any]:
    fields: dict[str, Any] = {
        "f:spec": {"f:predictor": {"f:minReplicas": {}, "f:containers": {'k:{"name":"a"}': {"f:image": {}}}}}
    }
    status = {"manager": "manager", "time": at(9), "subresource": "status", "fieldsV1": {"f:status": {"f:url": {}}}}
    entry = {"manager": manager, "operation": "Apply", "time": at(minute), "fieldsV1": fields}
    metadata = {"name": "iris", "namespace": "demo", "generation": int(version), "managedFields": [entry, status]}
    return {
        "kind": "InferenceService",
        "metadata": {**metadata, "resourceVersion": version},
        "spec": {"predictor": {"minReplicas": replicas}},
        "status": {"n": version},
    }


def told(tree: ObjectTree) -> list[tuple[str, int]]:
    return [(one.reason, one.repeats) for one in timeline(tree)]


def test_the_newest_is_last_whatever_order_they_came_in() -> None:
    tree = ObjectTree(events=(event("Pulled", 3), event("Scheduled", 1), event("Created", 2)))

    assert told(tree) == [("Scheduled", 1), ("Created", 1), ("Pulled", 1)]


def test_what_differs_in_its_time_alone_is_one_line_with_its_count() -> None:
    events = (event("BackOff", 1, count=4, message="again"), event("BackOff", 7, count=8, message="again"))

    assert timeline(ObjectTree(events=events)) == (
        Moment(
            datetime(2026, 11, 22, 12, 7, tzinfo=UTC),
            Ref("Pod", "iris-0", "demo"),
            "BackOff",
            "again",
            repeats=12,
            first=datetime(2026, 11, 22, 12, 1, tzinfo=UTC),
        ),
    )


def test_events_of_the_newer_api_say_when_and_how_often_in_other_fields() -> None:
    newer = {
        "regarding": {"kind": "Pod", "name": "iris-0"},
        "type": "Warning",
        "reason": "Unhealthy",
        "note": "probe failed",
        "eventTime": "2026-11-22T12:01:00.123456Z",
        "series": {"count": 30, "lastObservedTime": "2026-11-22T12:04:00.000000Z"},
        "reportingController": "kubelet",
    }

    (one,) = timeline(ObjectTree(events=(newer,)))

    assert (one.text, one.warning, one.repeats, one.who) == ("probe failed", True, 30, "kubelet")
    assert one.time == datetime(2026, 11, 22, 12, 4, tzinfo=UTC)


def test_an_event_without_any_time_comes_first_and_breaks_nothing() -> None:
    tree = ObjectTree(events=(event("Pulled", 3), {"reason": "Odd", "involvedObject": "?"}))

    assert told(tree) == [("Odd", 1), ("Pulled", 1)]


def test_the_object_itself_says_who_wrote_which_fields() -> None:
    (one,) = timeline(ObjectTree(root=root()))

    assert (one.reason, one.who, one.object) == (WROTE, "argocd", ISVC)
    assert one.text == 'spec.predictor.minReplicas, spec.predictor.containers[{"name":"a"}].image'


def test_who_wrote_the_status_alone_changed_nothing() -> None:
    assert [one.manager for one in writers(root())] == ["argocd"]


def test_a_change_that_was_seen_says_generation_field_values_and_who() -> None:
    before, after = root(1), root(3, version="2", minute=8, manager="kubectl-edit")
    edit = edit_between(before, after)
    assert edit is not None

    moments = timeline(ObjectTree(root=after), [(ISVC, edit)])

    assert [(one.reason, one.who, one.text) for one in moments] == [
        (CHANGED, "kubectl-edit", "generation 2: spec.predictor.minReplicas: 1 -> 3")
    ]


def test_a_change_of_which_the_object_says_nothing_is_told_when_it_was_seen_and_by_nobody() -> None:
    log, seen = ChangeLog(), datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    for one in (child(1, "3", "x", managedFields=[]), child(4, "7", "x", managedFields=[])):
        log.see(ObjectTree(root=root(), objects=(one,)), seen)

    last = timeline(ObjectTree(root=root(), objects=(one,)), log.edits)[-1]

    assert (last.time, last.who, last.text) == (seen, "", "generation 7: spec.replicas: 1 -> 4")


def test_the_last_writer_is_not_blamed_for_a_change_that_left_no_trace() -> None:
    log, seen = ChangeLog(), datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    noted = child(4, "3", "kubectl-scale")
    undone = {**child(1, "8", "x"), "metadata": {**noted["metadata"], "resourceVersion": "8", "generation": 8}}
    for one in (noted, undone):
        log.see(ObjectTree(root=root(), objects=(one,)), seen)

    last = timeline(ObjectTree(root=root(), objects=(one,)), log.edits)[-1]

    assert (last.time, last.who, last.text) == (seen, "", "generation 8: spec.replicas: 4 -> 1")


def with_containers(version: str, *names: str, owned: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give the service with containers, of which the manager that applied it owns some."""
    found = root(version=version)
    found["spec"]["predictor"]["containers"] = [{"name": one, "image": "i", "command": ["sh", "-c"]} for one in names]
    items: dict[str, Any] = {
        f'k:{{"name":"{one}"}}': {".": {}, "f:name": {}, "f:image": {}, "f:command": {}} for one in owned
    }
    found["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:predictor"]["f:containers"] = items
    return found


def test_who_lost_fields_to_somebody_else_did_not_take_them_away() -> None:
    # kubectl patch --type=json, which removes: its manager owns nothing afterwards, so that nobody says who it was.
    log, seen = ChangeLog(), datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    for one in (with_containers("1", "a", "b", owned=("a", "b")), with_containers("2", "a", owned=("a",))):
        log.see(ObjectTree(root=one), seen)

    last = timeline(ObjectTree(root=one), log.edits)[-1]

    assert (last.time, last.who) == (seen, "")
    assert last.text == "generation 2: spec.predictor.containers[name=b]: taken away"


def test_an_item_that_is_new_is_one_change_and_not_one_for_each_of_its_fields() -> None:
    before, after = with_containers("1", "a"), with_containers("2", "a", "b", owned=("a", "b"))
    after["metadata"]["managedFields"][0]["time"] = at(8)
    after["spec"]["predictor"]["containers"][0]["image"] = "j"
    edit = edit_between(before, after)
    assert edit is not None

    (moment,) = timeline(ObjectTree(root=after), [(ISVC, edit)])

    assert (moment.who, moment.text) == (
        "argocd",
        "generation 2: spec.predictor.containers[name=a].image: i -> j, spec.predictor.containers[name=b]: added",
    )


def scaled(replicas: int, version: str, manager: str) -> dict[str, Any]:
    """Give a Deployment as API server 1.36 keeps it: a write of its subresource ``scale`` has no time."""
    noted = child(replicas, version, "kserve-manager-0.20.0")
    mark = {
        "manager": manager,
        "operation": "Update",
        "subresource": "scale",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    kept = {**noted["metadata"]["managedFields"][0], "time": at(3), "fieldsV1": {"f:spec": {"f:template": {}}}}
    return {**noted, "metadata": {**noted["metadata"], "managedFields": [mark, kept]}}


def test_who_scaled_is_told_though_that_write_leaves_no_time() -> None:
    log, seen = ChangeLog(), datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    first = child(1, "3", "kserve-manager-0.20.0")
    for one in (first, scaled(3, "7", "kubectl"), scaled(2, "8", "kube-controller-manager"), scaled(1, "9", "kubectl")):
        log.see(ObjectTree(root=root(), objects=(one,)), seen)

    moments = timeline(ObjectTree(root=root(), objects=(one,)), log.edits)

    assert [(one.time, one.who, one.text) for one in moments if one.object == DEPLOYMENT] == [
        (seen, "kubectl", "generation 7: spec.replicas: 1 -> 3"),
        (seen, "kube-controller-manager", "generation 8: spec.replicas: 3 -> 2"),
        (seen, "kubectl", "generation 9: spec.replicas: 2 -> 1"),
    ]


def test_a_manager_that_scales_again_is_told_again() -> None:
    log, seen = ChangeLog(), datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    for one in (scaled(1, "7", "kubectl"), scaled(4, "8", "kubectl")):
        log.see(ObjectTree(root=root(), objects=(one,)), seen)

    assert [(edit.time, edit.who) for _, edit in log.edits] == [(seen, "kubectl")]


def test_a_deletion_is_told_as_one_and_nobody_is_blamed() -> None:
    log, seen = ChangeLog(), datetime(2026, 11, 22, 12, 8, 5, tzinfo=UTC)
    marked = root(1, version="2")
    marked["metadata"] |= {"deletionTimestamp": at(8), "deletionGracePeriodSeconds": 0}
    for one in (root(1), marked):
        log.see(ObjectTree(root=one), seen)

    last = timeline(ObjectTree(root=marked), log.edits)[-1]

    assert (last.time, last.who) == (seen, "")
    assert last.text.endswith(f"metadata.deletionTimestamp: nothing -> {at(8)}")


def conditions(*told: tuple[str, str, str, int]) -> dict[str, Any]:
    return {
        "conditions": [
            {"type": type, "status": status, "reason": reason, "lastTransitionTime": at(minute)}
            for type, status, reason, minute in told
        ]
    }


def test_conditions_that_turned_while_one_looked_are_one_line_with_the_time_they_say() -> None:
    log = ChangeLog()
    well = {**root(), "status": conditions(("PredictorReady", "True", "", 1), ("Ready", "True", "", 1))}
    ill = {**root(version="2"), "status": conditions(("PredictorReady", "False", "Boom", 7), ("Ready", "False", "", 7))}
    for one in (well, ill):
        log.see(ObjectTree(root=one))

    last = timeline(ObjectTree(root=ill), log.edits)[-1]

    assert (last.time, last.who, last.reason) == (datetime(2026, 11, 22, 12, 7, tzinfo=UTC), "", CHANGED)
    assert last.text == "Ready: True -> False, PredictorReady: True -> False (Boom)"


def test_of_what_was_made_for_it_only_the_condition_that_sums_it_up_is_told() -> None:
    log = ChangeLog()
    before = {
        **child(1, "3", "manager"),
        "status": conditions(("Available", "True", "", 1), ("Progressing", "True", "", 1)),
    }
    after = {
        **child(1, "4", "manager"),
        "status": conditions(("Available", "False", "", 4), ("Progressing", "False", "", 4)),
    }
    anew = {**child(1, "5", "manager", uid="d2"), "status": conditions(("Available", "True", "", 5))}
    for one in (before, after, anew):
        log.see(ObjectTree(root=root(), objects=(one,)))

    assert [[change.field for change in edit.changes] for _, edit in log.edits] == [["Available"]]


def test_a_new_status_is_no_change() -> None:
    assert edit_between(root(), root(version="2")) is None


DEPLOYMENT = Ref("Deployment", "iris-predictor", "demo")


def child(replicas: int, version: str, manager: str, kind: str = "Deployment", **metadata: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    entry = {"manager": manager, "operation": "Update", "time": at(int(version)), "fieldsV1": fields}
    name = {"name": "iris-predictor", "namespace": "demo", "uid": "d1", "generation": int(version)}
    more = {"resourceVersion": version, "managedFields": [entry], **metadata}
    return {"kind": kind, "metadata": {**name, **more}, "spec": {"replicas": replicas}}


def test_an_edit_of_a_child_that_was_seen_is_told_with_generation_field_and_who() -> None:
    log = ChangeLog()
    for one in (child(1, "3", "manager"), child(4, "7", "kubectl-scale")):
        log.see(ObjectTree(root=root(), objects=(one,)))

    seen = [one for one in timeline(ObjectTree(root=root(), objects=(one,)), log.edits) if one.object == DEPLOYMENT]

    assert [(one.reason, one.who, one.text) for one in seen] == [
        (CHANGED, "kubectl-scale", "generation 7: spec.replicas: 1 -> 4")
    ]


def test_who_else_than_a_controller_wrote_a_child_is_told_by_the_child_itself() -> None:
    by_hand, by_kserve = child(4, "7", "kubectl-scale"), child(1, "3", "manager", kind="HorizontalPodAutoscaler")

    found = timeline(ObjectTree(root=root(), objects=(by_hand, by_kserve)))

    assert [(one.object.kind, one.who) for one in found if one.object.kind != ISVC.kind] == [
        ("Deployment", "kubectl-scale")
    ]


def test_what_controllers_note_beside_the_spec_and_a_child_made_anew_are_no_changes() -> None:
    log = ChangeLog()
    noted = child(1, "4", "manager", annotations={"deployment.kubernetes.io/revision": "2"})
    anew = child(2, "5", "manager", uid="d2")
    for one in (child(1, "3", "manager"), noted, anew, child(3, "6", "kubelet", kind="Pod")):
        log.see(ObjectTree(root=root(), objects=(one,)))

    assert log.edits == ()
    assert not log.made_anew

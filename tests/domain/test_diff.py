"""What an apply would change: said by the manifest, or put in by the server."""

from __future__ import annotations

from kmon_tui.domain.diff import ABSENT, changes
from kmon_tui.domain.plan import owner_of


def fields(live: object, applied: object, manifest: object, **more: bool) -> list[tuple[str, object, object, bool]]:
    return [(one.field, one.old, one.new, one.said) for one in changes(live, applied, manifest, **more)]


def test_equal_objects_do_not_differ_whatever_only_the_server_writes() -> None:
    live = {"metadata": {"name": "a", "resourceVersion": "1", "managedFields": [1]}, "status": {"x": 1}}
    applied = {"metadata": {"name": "a", "resourceVersion": "2", "managedFields": [2]}, "status": {}}

    assert fields(live, applied, {}) == []


def test_a_changed_field_has_both_values() -> None:
    assert fields({"spec": {"n": 1}}, {"spec": {"n": 2}}, {"spec": {"n": 2}}) == [("spec.n", 1, 2, True)]


def test_what_a_webhook_adds_is_not_said_by_the_manifest() -> None:
    found = fields(None, {"spec": {"n": 2, "timeout": 60}}, {"spec": {"n": 2}})

    assert found == [("spec.n", ABSENT, 2, True), ("spec.timeout", ABSENT, 60, False)]


def test_a_field_that_is_taken_away_is_said() -> None:
    assert fields({"spec": {"a": 1, "b": 2}}, {"spec": {"a": 1}}, {"spec": {"a": 1}}) == [("spec.b", 2, ABSENT, True)]


def test_items_of_a_list_are_told_apart_by_their_names() -> None:
    live = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    applied = {"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]}

    assert fields(live, applied, applied) == [("env[name=B].value", "2", "3", True)]


def test_true_is_not_one() -> None:
    assert fields({"a": True}, {"a": 1}, {"a": 1}) == [("a", True, 1, True)]


def test_an_empty_map_that_is_new_is_shown() -> None:
    assert fields({}, {"emptyDir": {}}, {"emptyDir": {}}) == [("emptyDir", ABSENT, {}, True)]


def test_values_of_a_secret_are_never_told() -> None:
    found = fields({"data": {"p": "b2xk"}}, {"data": {"p": "bmV3"}}, {}, secret=True)

    assert found == [("data.p", "*** (before)", "*** (after)", False)]


def test_argo_cd_is_known_by_its_tracking_id() -> None:
    metadata = {"annotations": {"argocd.argoproj.io/tracking-id": "iris:serving.kserve.io/InferenceService:demo/iris"}}

    assert owner_of(metadata) == "Argo CD (application iris)"


def test_an_instance_label_alone_is_helm_as_likely_as_argo_cd() -> None:
    assert owner_of({"labels": {"app.kubernetes.io/instance": "iris"}}) == ""


def test_an_instance_label_and_argo_cds_manager_tell() -> None:
    metadata = {
        "labels": {"app.kubernetes.io/instance": "iris"},
        "managedFields": [{"manager": "argocd-controller"}],
    }

    assert owner_of(metadata) == "Argo CD (application iris)"


def test_flux_is_known_by_its_labels() -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "models", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}

    assert owner_of({"labels": labels}) == "Flux (kustomization flux-system/models)"

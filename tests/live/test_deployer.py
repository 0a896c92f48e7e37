"""Server-side apply against the sandbox: the plan tells what would be, the apply does it, refusals say where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kmon_tui.domain.errors import Forbidden, ReadOnly, Refused, Unreachable
from kmon_tui.domain.plan import Conflict, Planned, Verdict
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.apiserver.errors import ApiError
from kmon_tui.sandbox.apiserver.kinds import Kind
from tests.live.deploys import IRIS, Scene, a_scene, manifests

GROUP = "serving.kserve.io"


async def planned(scene: Scene, text: str = IRIS) -> Planned:
    """Plan one manifest."""
    return (await scene.deployer.plan(manifests(text))).items[0]


def stored(scene: Scene, name: str = "iris") -> dict[str, Any] | None:
    return scene.sandbox.api.store.get(GROUP, "inferenceservices", "default", name)


def take_over(scene: Scene, **predictor: object) -> None:
    """Let gitops own the whole object."""
    found = stored(scene)
    assert found is not None
    found["spec"]["predictor"].update(predictor)
    found["metadata"]["managedFields"] = [
        {
            "manager": "gitops",
            "operation": "Apply",
            "apiVersion": f"{GROUP}/v1beta1",
            "time": "2026-11-22T12:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:predictor": {f"f:{name}": {} for name in predictor}}},
        }
    ]
    scene.sandbox.api.store.put(found)


async def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene)

        assert item.verdict is Verdict.NEW
        assert stored(scene) is None
        assert not scene.audit.exists()


async def test_an_apply_writes_as_kmon_tui_and_leaves_a_line(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        applied = await scene.deployer.apply(await planned(scene))

        found = stored(scene)
        assert applied.created
        assert found is not None
        assert [one["manager"] for one in found["metadata"]["managedFields"]] == ["kmon-tui"]
        line = json.loads(scene.audit.read_text(encoding="utf-8"))
        assert (line["object"], line["outcome"]) == ("inferenceservices.serving.kserve.io default/iris", "created")


async def test_what_is_there_already_is_the_same(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.deployer.apply(await planned(scene))

        assert (await planned(scene)).verdict is Verdict.SAME


async def test_a_change_tells_field_old_and_new(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.deployer.apply(await planned(scene))

        item = await planned(scene, IRIS.replace("minReplicas: 1", "minReplicas: 3"))

        assert [(one.field, one.old, one.new) for one in item.changes] == [("spec.predictor.minReplicas", 1, 3)]


async def test_what_a_webhook_adds_stands_apart(tmp_path: Path) -> None:
    def admit(kind: Kind, obj: dict[str, Any], old: dict[str, Any] | None) -> None:
        obj["spec"]["predictor"]["timeout"] = 60

    async with a_scene(tmp_path) as scene:
        scene.sandbox.api.writer.admissions.append(admit)

        item = await planned(scene)

        assert [one.field for one in item.changes if not one.said] == ["spec.predictor.timeout"]


async def test_a_conflict_names_manager_and_field_and_still_shows_the_diff(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.deployer.apply(await planned(scene))
        take_over(scene, minReplicas=4)

        item = await planned(scene)

        assert item.conflicts == (Conflict("gitops", "spec.predictor.minReplicas"),)
        assert [(one.old, one.new) for one in item.changes] == [(4, 1)]


async def test_a_conflict_is_never_forced_unasked(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.deployer.apply(await planned(scene))
        take_over(scene, minReplicas=4)
        item = await planned(scene)

        with pytest.raises(Refused, match="gitops"):
            await scene.deployer.apply(item)

        found = stored(scene)
        assert found is not None
        assert found["spec"]["predictor"]["minReplicas"] == 4
        assert "refused: 409 Conflict" in scene.audit.read_text(encoding="utf-8")


async def test_a_conflict_is_forced_when_asked_for(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.deployer.apply(await planned(scene))
        take_over(scene, minReplicas=4)

        await scene.deployer.apply(await planned(scene), force=True)

        found = stored(scene)
        assert found is not None
        assert found["spec"]["predictor"]["minReplicas"] == 1
        assert "applied (forced)" in scene.audit.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "field", "line"),
    [
        ("minReplicas: 1", "minReplicas: five", "spec.predictor.minReplicas", 7),
        ("minReplicas: 1", "minReplica: 1", "spec.predictor.minReplica", 7),
    ],
    ids=["a wrong type (500)", "an unknown field (strict)"],
)
async def test_a_wrong_field_is_named_with_its_line(old: str, new: str, field: str, line: int, tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene, IRIS.replace(old, new))

        assert item.verdict is Verdict.REFUSED
        assert item.problem is not None
        assert item.problem.field == field
        assert item.manifest.place_of(field) == f"iris.yaml line {line}"


async def test_an_unknown_kind_suggests_the_known_one(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene, IRIS.replace("kind: InferenceService", "kind: InferenceServce"))

        assert item.problem is not None
        assert item.problem.message == "there is no kind InferenceServce in serving.kserve.io/v1beta1"
        assert item.problem.hint == "Did you mean InferenceService?"


async def test_an_unknown_version_names_those_that_are_served(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene, IRIS.replace("/v1beta1", "/v1"))

        assert item.problem is not None
        assert "v1beta1" in item.problem.hint


async def test_a_group_whose_own_server_is_away_costs_only_its_own_documents(tmp_path: Path) -> None:
    """Its APIService is not available: the API server answers for it with a 503 that is no Status."""
    thing = "apiVersion: other.example.org/v1\nkind: Thing\nmetadata: {name: t}\n"
    async with a_scene(tmp_path) as scene:
        scene.sandbox.api.faults.add("/apis/other.example.org:503")

        plan = await scene.deployer.plan(manifests(f"{IRIS}---\n{thing}"))

    iris, other = plan.items
    assert iris.problem is None
    assert other.problem is not None
    assert other.problem.message.startswith("the API of other.example.org/v1 is away just now")
    assert other.problem.unknown, "--skip-unknown leaves it out"


async def test_a_missing_right_is_named(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        token = scene.sandbox.api.access.add_user("viewer", [Rule("get"), Rule("list")])

        item = (await scene.deployer_of(token).plan(manifests())).items[0]

        assert item.problem is not None
        assert item.problem.right == "patch inferenceservices.serving.kserve.io in namespace default"


async def test_a_right_that_was_lost_since_the_plan_is_said(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene)
        scene.sandbox.api.access.forbid(Rule("patch"))

        with pytest.raises(Forbidden, match="may not patch"):
            await scene.deployer.apply(item)


async def test_a_webhook_that_refuses_is_quoted(tmp_path: Path) -> None:
    def admit(kind: Kind, obj: dict[str, Any], old: dict[str, Any] | None) -> None:
        raise ApiError(403, "Forbidden", 'admission webhook "policy.example.com" denied the request: no latest tags')

    async with a_scene(tmp_path) as scene:
        scene.sandbox.api.writer.admissions.append(admit)

        item = await planned(scene)

        assert item.problem is not None
        assert item.problem.message == "the webhook policy.example.com refuses it: no latest tags"


async def test_a_namespace_that_comes_with_the_manifests_goes_first(tmp_path: Path) -> None:
    text = IRIS.replace("name: iris", "name: iris\n  namespace: fresh")
    text += "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: fresh}\n"
    async with a_scene(tmp_path) as scene:
        plan = await scene.deployer.plan(manifests(text))

        for item in plan.items:
            await scene.deployer.apply(item)

        assert [item.verdict for item in plan.items] == [Verdict.NEW, Verdict.UNCHECKED]
        assert scene.sandbox.api.store.get(GROUP, "inferenceservices", "fresh", "iris") is not None


async def test_a_namespace_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene, IRIS.replace("name: iris", "name: iris\n  namespace: fresh"))

        assert item.problem is not None
        assert item.problem.message == "there is no namespace fresh"


async def test_who_takes_it_back_is_known(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.deployer.apply(await planned(scene))
        found = stored(scene)
        assert found is not None
        found["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "shop:x/y:default/iris"}
        scene.sandbox.api.store.put(found)

        item = await planned(scene, IRIS.replace("minReplicas: 1", "minReplicas: 2"))

        assert item.owner == "Argo CD (application shop)"


async def test_an_exported_object_can_be_applied_again(tmp_path: Path) -> None:
    exported = IRIS.replace(
        "  name: iris", "  name: iris\n  uid: a-b\n  resourceVersion: '7'\n  managedFields: [{manager: x}]"
    )
    async with a_scene(tmp_path) as scene:
        assert (await planned(scene, exported + "status: {url: http://x}\n")).verdict is Verdict.NEW


async def test_read_only_writes_nothing(tmp_path: Path) -> None:
    async with a_scene(tmp_path, read_only="the machine says so") as scene:
        with pytest.raises(ReadOnly, match="the machine says so"):
            await scene.deployer.apply(await planned(scene))

        assert stored(scene) is None


async def test_a_cut_connection_is_not_tried_again(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        item = await planned(scene)
        scene.sandbox.api.faults.add("patch:drop")

        with pytest.raises(Unreachable):
            await scene.deployer.apply(item)

        assert "failed: Unreachable" in scene.audit.read_text(encoding="utf-8")


async def test_no_line_of_the_audit_file_quotes_a_secret(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
    async with a_scene(tmp_path) as scene:
        item = await planned(scene, text)
        await scene.deployer.apply(item)

        assert "hunter2" not in scene.audit.read_text(encoding="utf-8")
        assert "hunter2" not in str(item.changes)
        assert "hunter2" not in repr(item)

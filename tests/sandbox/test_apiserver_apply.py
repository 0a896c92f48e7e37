"""Server-side apply beyond the recordings: keyed lists, several managers, what is given up."""

from __future__ import annotations

from typing import Any

from kmon_tui.sandbox.apiserver.fields import from_fields, to_fields
from tests.sandbox.talk import APPLY, Talk, apply, isvc, talking

DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/d"


def deployment(*containers: dict[str, Any]) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": list(containers)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"app": "d"}}, "template": template},
    }


async def apply_deployment(talk: Talk, manager: str, *containers: dict[str, Any]) -> Any:
    response = await talk.client.patch(
        DEPLOYMENT, json=deployment(*containers), headers=APPLY, params={"fieldManager": manager}
    )
    return response.json()


async def test_two_managers_share_a_list_of_containers() -> None:
    async with talking() as talk:
        await apply_deployment(talk, "one", {"name": "main", "image": "m:1"})
        found = await apply_deployment(talk, "two", {"name": "side", "image": "s:1"})

    assert [one["name"] for one in found["spec"]["template"]["spec"]["containers"]] == ["main", "side"]


async def test_a_container_that_its_only_manager_gives_up_goes() -> None:
    async with talking() as talk:
        await apply_deployment(talk, "one", {"name": "main", "image": "m:1"}, {"name": "side", "image": "s:1"})
        found = await apply_deployment(talk, "one", {"name": "main", "image": "m:2"})

    assert [one["image"] for one in found["spec"]["template"]["spec"]["containers"]] == ["m:2"]


async def test_a_field_that_two_apply_stays_when_one_gives_it_up() -> None:
    async with talking() as talk:
        scaled = isvc(spec={"predictor": {"minReplicas": 3, "model": {"modelFormat": {"name": "sklearn"}}}})
        plain = isvc(spec={"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}})
        await apply(talk, scaled, "one")
        await apply(talk, scaled, "two")
        await apply(talk, plain, "one")
        kept = (await apply(talk, plain, "one")).json()["spec"]["predictor"].get("minReplicas")
        gone = (await apply(talk, plain, "two")).json()["spec"]["predictor"].get("minReplicas")

    assert (kept, gone) == (3, None)


async def test_conflicts_with_an_updater_name_it_and_its_version() -> None:
    async with talking() as talk:
        await talk.client.post(f"{_collection()}", json=isvc())
        other = isvc()
        other["spec"]["predictor"]["model"]["storageUri"] = "gs://other"
        response = await apply(talk, other, "kmon-tui")

    assert response.status_code == 409
    assert response.json()["message"] == (
        'Apply failed with 1 conflict: conflict with "tests" using serving.kserve.io/v1beta1: '
        ".spec.predictor.model.storageUri"
    )


async def test_several_conflicts_are_listed_by_manager() -> None:
    async with talking() as talk:
        await apply(talk, isvc(spec={"predictor": {"minReplicas": 1, "maxReplicas": 2}}), "gitops")
        response = await apply(talk, isvc(spec={"predictor": {"minReplicas": 3, "maxReplicas": 4}}), "kmon-tui")

    assert response.json()["message"] == (
        'Apply failed with 2 conflicts: conflicts with "gitops":\n'
        "- .spec.predictor.maxReplicas\n- .spec.predictor.minReplicas"
    )
    assert len(response.json()["details"]["causes"]) == 2


async def test_a_status_in_what_is_applied_is_not_taken() -> None:
    async with talking() as talk:
        found = (await apply(talk, isvc(status={"url": "http://mine"}), "kmon-tui")).json()

    assert "status" not in found


async def test_a_dry_run_of_a_change_stores_nothing() -> None:
    async with talking() as talk:
        await apply(talk, isvc(), "kmon-tui")
        before = talk.api.store.revision
        changed = isvc(spec={"predictor": {"minReplicas": 9}})
        found = (await apply(talk, changed, "kmon-tui", dryRun="All")).json()

        assert found["spec"]["predictor"]["minReplicas"] == 9
        assert talk.api.store.revision == before


async def test_an_undeclared_field_is_refused() -> None:
    async with talking() as talk:
        response = await apply(talk, isvc(spec={"predictor": {"replicaz": 1}}), "kmon-tui")

    assert response.status_code == 500
    assert response.json()["message"].endswith(".spec.predictor.replicaz: field not declared in schema")


def test_a_set_of_fields_is_read_as_it_was_written() -> None:
    paths = {
        ("f:spec",),
        ("f:spec", "f:a"),
        ("f:spec", "f:list", 'k:{"name":"x"}'),
        ("f:metadata", "f:labels", "f:a.b/c"),
    }

    assert from_fields(to_fields(paths)) == paths


def _collection() -> str:
    return "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices"

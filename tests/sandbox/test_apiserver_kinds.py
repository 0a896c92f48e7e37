"""Kinds: those that come by POST, how each is printed, explained, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kmon_tui.sandbox.apiserver.durations import age_of, human_duration
from kmon_tui.sandbox.apiserver.jsonpath import find
from kmon_tui.sandbox.apiserver.kinds import version_order
from kmon_tui.sandbox.apiserver.printers import pod_status
from tests.sandbox.talk import MERGE, SERVICES, Talk, eventually, isvc, talking

TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(**version: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "kind": "Gadget", "shortNames": ["gg"]},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
            ],
        },
    }


async def table(talk: Talk, path: str) -> dict[str, list[Any]]:
    body = (await talk.client.get(path, headers=TABLE)).json()
    names = [column["name"] for column in body["columnDefinitions"]]
    return {name: [row["cells"][place] for row in body["rows"]] for place, name in enumerate(names)}


async def test_a_definition_that_is_posted_is_served_at_once() -> None:
    async with talking() as talk:
        columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
        created = await talk.client.post(CRDS, json=definition(additionalPrinterColumns=columns))
        gadget = {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 3}}
        made = await talk.client.post("/apis/example.com/v1/namespaces/default/gadgets", json=gadget)
        printed = await table(talk, "/apis/example.com/v1/gadgets")

    conditions = created.json()["status"]["conditions"]
    assert [one["type"] for one in conditions if one["status"] == "True"] == ["NamesAccepted", "Established"]
    assert made.status_code == 201
    assert printed["Size"] == [3]


async def test_a_definition_without_a_status_subresource_takes_the_status_with_the_object() -> None:
    async with talking() as talk:
        await talk.client.post(CRDS, json=definition())
        gadget = {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": "big"}}
        response = await talk.client.post("/apis/example.com/v1/namespaces/default/gadgets", json=gadget)
        status = await talk.client.get("/apis/example.com/v1/namespaces/default/gadgets/g/status")

    assert response.status_code == 422
    assert status.status_code == 404


@pytest.mark.parametrize("broken", [{"spec": {}}, {"metadata": {"name": "other.example.com"}}])
async def test_a_definition_that_cannot_be_served_is_refused(broken: dict[str, Any]) -> None:
    async with talking() as talk:
        response = await talk.client.post(CRDS, json={**definition(), **broken})

    assert (response.status_code, response.json()["reason"]) == (422, "Invalid")


async def test_pods_are_printed_as_kubectl_shows_them() -> None:
    async with talking() as talk:
        waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4, "ready": False}
        talk.api.store.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "p"},
                "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
                "status": {"phase": "Running", "containerStatuses": [waiting, {"ready": True, "restartCount": 0}]},
            }
        )
        printed = await table(talk, "/api/v1/pods")

    assert {name: printed[name][0] for name in ("Name", "Ready", "Status", "Restarts")} == {
        "Name": "p",
        "Ready": "1/2",
        "Status": "CrashLoopBackOff",
        "Restarts": "4",
    }


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        ({"initContainerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}]}, "Init:0/1"),
        ({"initContainerStatuses": [{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}, "Init:Error"),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 137}}}]}, "ExitCode:137"),
    ],
)
def test_the_status_of_a_pod_is_what_keeps_it_from_running(status: dict[str, Any], word: str) -> None:
    assert pod_status({"metadata": {}, "status": status}) == word


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (125, "2m5s"), (600, "10m"), (10_800, "3h"), (12_000, "3h20m"), (90_000, "25h")],
)
def test_ages_are_written_as_kubectl_writes_them(seconds: int, text: str) -> None:
    assert human_duration(seconds) == text


def test_an_age_that_cannot_be_known_is_said() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert age_of("", now) == "<unknown>"
    assert age_of("yesterday", now) == "<invalid>"
    assert age_of((now - timedelta(days=5)).isoformat(), now) == "5d"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.b", [1]),
        (".list[0].n", [1]),
        (".list[*].n", [1, 2]),
        (".list[?(@.n==2)].word", ["two"]),
        (".list[?(@.yes==true)].word", ["two"]),
        (".labels['a.b/c']", ["d"]),
        (".nope.b", []),
    ],
)
def test_printer_columns_find_their_values(path: str, found: list[Any]) -> None:
    items = [{"n": 1, "word": "one"}, {"n": 2, "word": "two", "yes": True}]

    assert find({"a": {"b": 1}, "list": items, "labels": {"a.b/c": "d"}}, path) == found


def test_versions_are_ordered_as_kubernetes_prefers_them() -> None:
    versions = ["v1alpha1", "v1", "v1beta2", "v2", "v1alpha2", "v1beta1"]

    assert sorted(versions, key=version_order) == ["v2", "v1", "v1beta2", "v1beta1", "v1alpha2", "v1alpha1"]


async def test_openapi_describes_the_fields_of_a_service() -> None:
    async with talking() as talk:
        index = (await talk.client.get("/openapi/v3")).json()["paths"]
        path = index["apis/serving.kserve.io/v1beta1"]["serverRelativeURL"]
        schemas = (await talk.client.get(path)).json()["components"]["schemas"]

    spec = schemas["io.kserve.serving.v1beta1.InferenceService"]["properties"]["spec"]
    assert spec["properties"]["predictor"]["properties"]["minReplicas"] == {"type": "integer"}


async def test_a_deployment_is_scaled_through_its_subresource() -> None:
    async with talking() as talk:
        talk.api.store.put(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
        )
        path = "/apis/apps/v1/namespaces/default/deployments/d"
        scale = await talk.client.patch(f"{path}/scale", json={"spec": {"replicas": 4}}, headers=MERGE)
        found = (await talk.client.get(path)).json()

    assert scale.json()["spec"] == {"replicas": 4}
    assert (found["spec"]["replicas"], found["metadata"]["generation"]) == (4, 2)


async def test_a_namespace_is_emptied_and_goes() -> None:
    async with talking() as talk:
        talk.api.store.put(isvc(namespace="old"))
        marked = (await talk.client.delete("/api/v1/namespaces/old")).json()
        refused = await talk.client.post(SERVICES.replace("default", "old"), json=isvc("late", "old"))
        await _gone(talk, "", "namespaces", "", "old")

        assert marked["status"]["phase"] == "Terminating"
        assert (refused.status_code, refused.json()["reason"]) == (403, "Forbidden")
        assert talk.api.store.list("serving.kserve.io", "inferenceservices") == []


async def test_a_pod_on_a_node_goes_after_its_grace() -> None:
    async with talking() as talk:
        talk.api.deleter.longest_grace_s = 0.05
        talk.api.store.put(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": []}}
        )
        marked = (await talk.client.delete("/api/v1/namespaces/default/pods/p")).json()
        await _gone(talk, "", "pods", "default", "p")

    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30


async def test_orphans_stay() -> None:
    async with talking() as talk:
        owner = talk.api.store.put(isvc())
        owned = {"ownerReferences": [{"uid": owner["metadata"]["uid"], "name": "a"}], "name": "kept"}
        talk.api.store.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": owned})
        await talk.client.delete(f"{SERVICES}/a", params={"propagationPolicy": "Orphan"})

        assert talk.api.store.get("", "configmaps", "default", "kept") is not None


async def _gone(talk: Talk, group: str, plural: str, namespace: str, name: str) -> None:
    await eventually(lambda: talk.api.store.get(group, plural, namespace, name) is None)

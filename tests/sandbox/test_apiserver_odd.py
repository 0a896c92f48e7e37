"""Requests that make no sense are refused as such: the server never fails on what it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.talk import APPLY, MERGE, SERVICES, isvc, talking

PODS = "/api/v1/namespaces/default/pods"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "many"},
        {"continue": "x"},
        {"continue": "eyJ2IjoxfQ"},
        {"labelSelector": "a in ("},
        {"fieldSelector": "metadata.name"},
        {"resourceVersionMatch": "Sometimes", "resourceVersion": "1001"},
        {"watch": "true", "timeoutSeconds": "soon"},
    ],
    ids=str,
)
async def test_a_query_that_makes_no_sense_is_a_bad_request(query: dict[str, str]) -> None:
    async with talking() as talk:
        response = await talk.client.get(SERVICES, params=query)

    assert (response.status_code, response.json()["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    "body",
    [
        {**POD, "spec": {"containers": "many"}},
        {**POD, "spec": {"containers": [{"name": 5}]}},
        {**POD, "metadata": {"name": "p", "labels": {"a": 1}}},
        {**POD, "metadata": {"name": "p", "finalizers": "x"}},
        {**POD, "metadata": []},
        [POD],
        "pod",
        5,
    ],
    ids=str,
)
async def test_a_body_of_the_wrong_shape_is_a_bad_request(body: Any) -> None:
    async with talking() as talk:
        response = await talk.client.post(PODS, content=json.dumps(body))

    assert (response.status_code, response.json()["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize("patch", ["text", 5, [], {"metadata": {"ownerReferences": 1}}], ids=str)
async def test_a_patch_of_the_wrong_shape_is_a_bad_request(patch: Any) -> None:
    async with talking() as talk:
        talk.api.store.put(isvc())
        response = await talk.client.patch(f"{SERVICES}/a", content=json.dumps(patch), headers=MERGE)

    assert response.status_code == 400


async def test_nulls_in_a_built_in_object_are_as_good_as_missing() -> None:
    async with talking() as talk:
        await talk.client.post(PODS, json={**POD, "spec": {"containers": [{"name": "m", "ports": None}]}})
        headers = {"Content-Type": "application/json-patch+json"}
        await talk.client.patch(f"{PODS}/p", json=[{"op": "add", "path": "/spec/x", "value": None}], headers=headers)
        pod = talk.api.store.get("", "pods", "default", "p")

    assert pod is not None
    assert "x" not in pod["spec"] and "ports" not in pod["spec"]["containers"][0]


async def test_delete_options_of_the_wrong_shape_delete_nothing() -> None:
    async with talking() as talk:
        talk.api.store.put(isvc())
        response = await talk.client.request("DELETE", f"{SERVICES}/a", json={"preconditions": "none"})

        assert response.status_code == 400
        assert talk.api.store.get("serving.kserve.io", "inferenceservices", "default", "a")


async def test_a_definition_whose_schema_is_none_is_refused() -> None:
    version = {"name": "v1", "served": True, "storage": True}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": 5}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "kind": "Gadget"},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    async with talking() as talk:
        response = await talk.client.post(CRDS, json=definition)

    assert (response.status_code, response.json()["reason"]) == (422, "Invalid")


async def test_yaml_that_is_none_is_a_bad_request() -> None:
    async with talking() as talk:
        params = {"fieldManager": "m"}
        response = await talk.client.patch(f"{SERVICES}/a", content="a: [b", headers=APPLY, params=params)

    assert (response.status_code, response.json()["reason"]) == (400, "BadRequest")


async def test_an_answer_that_nobody_can_give_is_not_acceptable() -> None:
    async with talking() as talk:
        response = await talk.client.get(SERVICES, headers={"Accept": "image/png"})

    assert (response.status_code, response.json()["reason"]) == (406, "NotAcceptable")

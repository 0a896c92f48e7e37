"""Exchanges that write: creation, the four kinds of patch, apply."""

from __future__ import annotations

import re

from tests.sandbox.conformance import (
    APPLY,
    JSON_PATCH,
    MERGE,
    SERVICES,
    STRATEGIC,
    Conversation,
    Json,
    exchange,
    isvc,
    outcome,
    with_uri,
)

A = f"{SERVICES}/a"
APPLIED = f"{SERVICES}/ssa"
CONFIG_MAPS = "/api/v1/namespaces/conf/configmaps"
STATUS = {
    "url": "http://a.example.com",
    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
}


@exchange("create in missing ns")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, isvc("a")))


@exchange("create ns")
async def _(api: Conversation) -> Json:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "conf"}}
    response = await api.post("/api/v1/namespaces", namespace)
    return [response.status_code, response.json()["status"], response.json()["metadata"].get("labels")]


@exchange("create")
async def _(api: Conversation) -> Json:
    response = await api.post(SERVICES, {**isvc("a"), "status": {"url": "ignored"}})
    metadata = response.json()["metadata"]
    return [response.status_code, sorted(metadata), metadata.get("generation"), "status" in response.json()]


@exchange("create again")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, isvc("a")))


@exchange("create with rv")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, isvc("q", resourceVersion="5")))


@exchange("bad name")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, isvc("Bad_Name")))


@exchange("no name")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, isvc("")))


@exchange("wrong kind")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, {**isvc("w"), "kind": "Nope"}))


@exchange("wrong apiVersion")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, {**isvc("w"), "apiVersion": "serving.kserve.io/v1alpha1"}))


@exchange("wrong ns")
async def _(api: Conversation) -> Json:
    return outcome(await api.post(SERVICES, isvc("w", namespace="other")))


@exchange("not json")
async def _(api: Conversation) -> Json:
    headers = {"Content-Type": "application/json"}
    return outcome(await api.client.post(SERVICES, content=b"{bad", headers=headers))[:2]


@exchange("generateName")
async def _(api: Conversation) -> Json:
    response = await api.post(SERVICES, {**isvc("x"), "metadata": {"generateName": "g-"}})
    return [response.status_code, re.sub(r"g-[a-z0-9]{5}$", "g-#", response.json()["metadata"]["name"])]


@exchange("dryRun create")
async def _(api: Conversation) -> Json:
    created = await api.post(SERVICES, isvc("dry"), dryRun="All")
    return [created.status_code, (await api.get(f"{SERVICES}/dry")).status_code]


@exchange("get 404")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(f"{SERVICES}/zz"))


@exchange("get pod 404")
async def _(api: Conversation) -> Json:
    return outcome(await api.get("/api/v1/namespaces/conf/pods/zz"))


@exchange("merge patch")
async def _(api: Conversation) -> Json:
    before = (await api.metadata())["generation"]
    response = await api.patch(A, {"spec": {"predictor": {"minReplicas": 2}}}, MERGE)
    found = response.json()
    grown = found["metadata"]["generation"] - before
    return [response.status_code, grown, found["spec"]["predictor"].get("minReplicas")]


@exchange("no-op patch keeps rv")
async def _(api: Conversation) -> Json:
    before = (await api.metadata())["resourceVersion"]
    response = await api.patch(A, {"spec": {"predictor": {"minReplicas": 2}}}, MERGE)
    return response.json()["metadata"]["resourceVersion"] == before


@exchange("label patch keeps generation")
async def _(api: Conversation) -> Json:
    before = (await api.metadata())["generation"]
    response = await api.patch(A, {"metadata": {"labels": {"x": "y"}}}, MERGE)
    return response.json()["metadata"]["generation"] - before


@exchange("json patch")
async def _(api: Conversation) -> Json:
    response = await api.patch(A, [{"op": "add", "path": "/spec/predictor/maxReplicas", "value": 3}], JSON_PATCH)
    return [response.status_code, response.json()["spec"]["predictor"].get("maxReplicas")]


@exchange("json patch test fails")
async def _(api: Conversation) -> Json:
    operations = [{"op": "test", "path": "/spec/predictor/maxReplicas", "value": 9}]
    return outcome(await api.patch(A, operations, JSON_PATCH))[:2]


@exchange("json patch bad path")
async def _(api: Conversation) -> Json:
    return outcome(await api.patch(A, [{"op": "remove", "path": "/spec/none"}], JSON_PATCH))[:2]


@exchange("strategic on CR")
async def _(api: Conversation) -> Json:
    return outcome(await api.patch(A, {}, STRATEGIC))[:2]


@exchange("unknown patch type")
async def _(api: Conversation) -> Json:
    return outcome(await api.patch(A, {}, "application/json"))[:2]


@exchange("patch 404")
async def _(api: Conversation) -> Json:
    return outcome(await api.patch(f"{SERVICES}/zz", {}, MERGE))


@exchange("PUT ok")
async def _(api: Conversation) -> Json:
    found = (await api.get(A)).json()
    found["spec"]["predictor"]["maxReplicas"] = 5
    response = await api.client.put(A, json=found)
    return [response.status_code, response.json()["spec"]["predictor"].get("maxReplicas")]


@exchange("PUT stale")
async def _(api: Conversation) -> Json:
    return outcome(await api.client.put(A, json=isvc("a", resourceVersion="1")))


@exchange("PUT no rv")
async def _(api: Conversation) -> Json:
    return outcome(await api.client.put(A, json=isvc("a")))


@exchange("PUT name mismatch")
async def _(api: Conversation) -> Json:
    revision = (await api.metadata())["resourceVersion"]
    return outcome(await api.client.put(A, json=isvc("b", resourceVersion=revision)))


@exchange("PATCH stale rv")
async def _(api: Conversation) -> Json:
    patch = {"metadata": {"resourceVersion": "1"}, "spec": {"x": 1}}
    return outcome(await api.patch(A, patch, MERGE))[:2]


@exchange("status patch")
async def _(api: Conversation) -> Json:
    before = (await api.metadata())["generation"]
    patch = {"status": STATUS, "spec": {"predictor": {"minReplicas": 99}}}
    response = await api.patch(f"{A}/status", patch, MERGE)
    found = response.json()
    grown = found["metadata"]["generation"] - before
    return [response.status_code, found["status"]["url"], grown, found["spec"]["predictor"].get("minReplicas")]


@exchange("main patch ignores status")
async def _(api: Conversation) -> Json:
    response = await api.patch(A, {"status": {"url": "http://evil"}}, MERGE)
    return response.json()["status"]["url"]


@exchange("get /status")
async def _(api: Conversation) -> Json:
    response = await api.get(f"{A}/status")
    return [response.status_code, response.json()["kind"]]


@exchange("apply create")
async def _(api: Conversation) -> Json:
    response = await api.patch(APPLIED, isvc("ssa"), APPLY, fieldManager="m1")
    managers = response.json()["metadata"].get("managedFields", [])
    return [response.status_code, [[one["manager"], one["operation"]] for one in managers]]


@exchange("apply same")
async def _(api: Conversation) -> Json:
    return (await api.patch(APPLIED, isvc("ssa"), APPLY, fieldManager="m1")).status_code


@exchange("apply conflict")
async def _(api: Conversation) -> Json:
    return outcome(await api.patch(APPLIED, with_uri("ssa", "gs://other"), APPLY, fieldManager="m2"))


@exchange("apply force")
async def _(api: Conversation) -> Json:
    response = await api.patch(APPLIED, with_uri("ssa", "gs://other"), APPLY, fieldManager="m2", force="true")
    return [response.status_code, response.json()["spec"]["predictor"]["model"]["storageUri"]]


@exchange("apply no manager")
async def _(api: Conversation) -> Json:
    return outcome(await api.patch(APPLIED, isvc("ssa"), APPLY))[:2]


@exchange("apply removes own field")
async def _(api: Conversation) -> Json:
    noted = {**isvc("ssa2"), "metadata": {"name": "ssa2", "annotations": {"k": "v"}}}
    await api.patch(f"{SERVICES}/ssa2", noted, APPLY, fieldManager="m1")
    plain = {**isvc("ssa2"), "metadata": {"name": "ssa2"}}
    await api.patch(f"{SERVICES}/ssa2", plain, APPLY, fieldManager="m1")
    return (await api.metadata("ssa2")).get("annotations")


@exchange("configmap strategic")
async def _(api: Conversation) -> Json:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"a": "1", "b": "2"}}
    await api.post(CONFIG_MAPS, obj)
    response = await api.patch(f"{CONFIG_MAPS}/cm", {"data": {"a": None, "c": "3"}}, STRATEGIC)
    return response.json()["data"]

"""Exchanges that delete, and those that ask pods and for rights."""

from __future__ import annotations

from tests.sandbox.conformance import MERGE, SERVICES, Conversation, Json, exchange, isvc, names, outcome

PODS = "/api/v1/namespaces/default/pods"


@exchange("delete returns")
async def _(api: Conversation) -> Json:
    found = (await api.delete(f"{SERVICES}/l5")).json()
    return [found["kind"], found.get("status"), sorted(found.get("details", {}))]


@exchange("delete 404")
async def _(api: Conversation) -> Json:
    return outcome(await api.delete(f"{SERVICES}/l5"))


@exchange("delete bad uid")
async def _(api: Conversation) -> Json:
    return outcome(await api.delete(f"{SERVICES}/l4", {"preconditions": {"uid": "nope"}}))[:2]


@exchange("finalizer")
async def _(api: Conversation) -> Json:
    await api.post(SERVICES, isvc("f", finalizers=["x.io/f"]))
    answered = (await api.delete(f"{SERVICES}/f")).json()
    marked = await api.metadata("f")
    await api.patch(f"{SERVICES}/f", {"metadata": {"finalizers": None}}, MERGE)
    gone = (await api.get(f"{SERVICES}/f")).status_code
    return [answered["kind"], bool(marked.get("deletionTimestamp")), marked.get("deletionGracePeriodSeconds"), gone]


@exchange("deletecollection")
async def _(api: Conversation) -> Json:
    response = await api.delete(SERVICES, labelSelector="grp=l")
    left = names(await api.get(SERVICES, labelSelector="grp=l"))
    return [response.status_code, response.json()["kind"], left]


@exchange("method not allowed")
async def _(api: Conversation) -> Json:
    return outcome(await api.client.put(SERVICES))[:2]


@exchange("pf without upgrade")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(f"{PODS}/pod-0/portforward", ports="8080"))[:3]


@exchange("pf 404")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(f"{PODS}/none/portforward", ports="80"))[:3]


@exchange("log 404")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(f"{PODS}/none/log"))[:3]


@exchange("log tail")
async def _(api: Conversation) -> Json:
    response = await api.get(f"{PODS}/pod-0/log", tailLines="2")
    return len(response.text.splitlines()) >= 1


@exchange("ssar")
async def _(api: Conversation) -> Json:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}},
    }
    response = await api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    return [response.status_code, response.json()["status"].get("allowed")]

"""Exchanges that read: discovery, lists, watches. They rely on what conformance_writes has left."""

from __future__ import annotations

import httpx

from tests.sandbox.conformance import GROUP, MERGE, SERVICES, Conversation, Json, brief, exchange, isvc, names, outcome

FEW = "grp=l"


@exchange("version keys")
async def _(api: Conversation) -> Json:
    found = (await api.get("/version")).json()
    return sorted({"major", "minor", "gitVersion", "platform"} & set(found))


@exchange("/api")
async def _(api: Conversation) -> Json:
    found = (await api.get("/api")).json()
    return [found["kind"], found["versions"]]


@exchange("/apis has kserve")
async def _(api: Conversation) -> Json:
    found = (await api.get("/apis")).json()
    groups = [group["preferredVersion"] for group in found["groups"] if group["name"] == "serving.kserve.io"]
    return [found["kind"], groups]


@exchange("/apis/group")
async def _(api: Conversation) -> Json:
    found = (await api.get("/apis/serving.kserve.io")).json()
    return [found[key] for key in ("kind", "name", "preferredVersion")]


@exchange("/apis/gv")
async def _(api: Conversation) -> Json:
    found = (await api.get(GROUP)).json()["resources"]
    return [[one["name"], one["kind"], one["namespaced"], sorted(one["verbs"]), one.get("shortNames")] for one in found]


@exchange("/apis/unknown")
async def _(api: Conversation) -> Json:
    return outcome(await api.get("/apis/nope.io/v1"))


@exchange("unknown resource")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(f"{GROUP}/nopes"))


@exchange("aggregated discovery")
async def _(api: Conversation) -> Json:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    response = await api.client.get("/apis", headers={"Accept": accept})
    return [response.headers["content-type"].split(";")[-1].strip(), response.json()["kind"]]


@exchange("openapi v3 index")
async def _(api: Conversation) -> Json:
    response = await api.get("/openapi/v3")
    return [response.status_code, "apis/serving.kserve.io/v1beta1" in response.json()["paths"]]


@exchange("healthz")
async def _(api: Conversation) -> Json:
    return [(await api.get("/healthz")).text, (await api.get("/readyz")).text]


@exchange("401")
async def _(api: Conversation) -> Json:
    return outcome(await api.client.get("/api/v1/pods", headers={"Authorization": "Bearer wrong"}))


async def make_seven(api: Conversation) -> None:
    """Create l0 to l6, which the exchanges below look for."""
    for number in range(7):
        await api.post(SERVICES, isvc(f"l{number}", labels={"grp": "l", "i": str(number)}))


@exchange("list kind")
async def _(api: Conversation) -> Json:
    await make_seven(api)
    found = (await api.get(SERVICES)).json()
    metadata = sorted(set(found["metadata"]) - {"selfLink", "remainingItemCount"})
    return [found["kind"], found["apiVersion"], metadata, found["metadata"]["resourceVersion"].isdigit()]


@exchange("items have kind")
async def _(api: Conversation) -> Json:
    return (await api.get(SERVICES)).json()["items"][0].get("kind")


@exchange("core list items have no kind")
async def _(api: Conversation) -> Json:
    return (await api.get("/api/v1/namespaces")).json()["items"][0].get("kind")


@exchange("label =")
async def _(api: Conversation) -> Json:
    return names(await api.get(SERVICES, labelSelector=FEW))


@exchange("label in")
async def _(api: Conversation) -> Json:
    return names(await api.get(SERVICES, labelSelector="i in (1,3)"))


@exchange("label notin,exists")
async def _(api: Conversation) -> Json:
    return names(await api.get(SERVICES, labelSelector="grp,i notin (1,3)"))


@exchange("label !key")
async def _(api: Conversation) -> Json:
    return names(await api.get(SERVICES, labelSelector="!grp,n=a"))


@exchange("label bad")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(SERVICES, labelSelector="a==b c"))[:2]


@exchange("field name")
async def _(api: Conversation) -> Json:
    return names(await api.get(SERVICES, fieldSelector="metadata.name=l3"))


@exchange("field unsupported")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(SERVICES, fieldSelector="spec.x=1"))


@exchange("limit/continue")
async def _(api: Conversation) -> Json:
    pages, token = [], ""
    while True:
        response = await api.get(SERVICES, limit="3", labelSelector=FEW, **({"continue": token} if token else {}))
        pages.append(names(response))
        if not (token := response.json()["metadata"].get("continue")):
            return pages


@exchange("limit remaining")
async def _(api: Conversation) -> Json:
    metadata = (await api.get(SERVICES, limit="2")).json()["metadata"]
    return [bool(metadata.get("continue")), (metadata.get("remainingItemCount") or 0) > 3]


@exchange("bad continue")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(SERVICES, limit="2", **{"continue": "garbage"}))[:2]


@exchange("all namespaces")
async def _(api: Conversation) -> Json:
    return "l0" in names(await api.get(f"{GROUP}/inferenceservices"))


@exchange("table")
async def _(api: Conversation) -> Json:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    response = await api.client.get(SERVICES, params={"labelSelector": FEW}, headers={"Accept": accept})
    found = response.json()
    columns = [column["name"] for column in found["columnDefinitions"]]
    return [found["kind"], found["apiVersion"], columns[:3], len(found["rows"])]


@exchange("future rv")
async def _(api: Conversation) -> Json:
    return outcome(await api.get(SERVICES, resourceVersion="999999999"))[:2]


@exchange("watch no rv")
async def _(api: Conversation) -> Json:
    return sorted(brief(await api.watch(1, labelSelector=FEW)))


@exchange("watch True (python client spelling)")
async def _(api: Conversation) -> Json:
    return sorted(brief(await api.watch(1, labelSelector="i=1", watch="True")))


@exchange("watch selector transitions")
async def _(api: Conversation) -> Json:
    async def create() -> httpx.Response:
        return await api.post(SERVICES, isvc("w1", labels={"w": "1"}))

    async def relabel(value: str) -> httpx.Response:
        return await api.patch(f"{SERVICES}/w1", {"metadata": {"labels": {"w": value}}}, MERGE)

    changes = (create, lambda: relabel("2"), lambda: relabel("1"), lambda: api.delete(f"{SERVICES}/w1"))
    return brief(await api.watch(1, changes, resourceVersion=await api.newest(), labelSelector="w=1"))


@exchange("watch replays since rv")
async def _(api: Conversation) -> Json:
    before = await api.newest()
    await api.patch(f"{SERVICES}/l0", {"metadata": {"labels": {"z": "1"}}}, MERGE)
    await api.delete(f"{SERVICES}/l6")
    return brief(await api.watch(1, resourceVersion=before))


@exchange("deleted event rv grows")
async def _(api: Conversation) -> Json:
    await api.post(SERVICES, isvc("d1"))
    before = await api.newest()
    await api.delete(f"{SERVICES}/d1")
    events = await api.watch(1, resourceVersion=before)
    return [int(event["object"]["metadata"]["resourceVersion"]) > int(before) for event in events]


@exchange("watch too old")
async def _(api: Conversation) -> Json:
    events = await api.watch(2, resourceVersion="1")
    return [[event["type"], event["object"].get("code"), event["object"].get("reason")] for event in events]


@exchange("watch bad rv")
async def _(api: Conversation) -> Json:
    return brief(await api.watch(1, resourceVersion="abc"))[:2]


@exchange("watch name")
async def _(api: Conversation) -> Json:
    return brief(await api.watch(1, fieldSelector="metadata.name=l2"))


@exchange("sendInitialEvents")
async def _(api: Conversation) -> Json:
    events = await api.watch(
        1,
        sendInitialEvents="true",
        allowWatchBookmarks="true",
        resourceVersionMatch="NotOlderThan",
        resourceVersion="",
    )
    return [events[-1]["type"], events[-1]["object"]["metadata"].get("annotations")]


@exchange("bookmark near timeout")
async def _(api: Conversation) -> Json:
    return brief(await api.watch(4, resourceVersion=await api.newest(), allowWatchBookmarks="true"))

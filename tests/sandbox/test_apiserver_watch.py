"""Watches and lists beyond the recordings: pages that stay consistent, bookmarks, ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.sandbox.talk import EVERYWHERE, GROUP, SERVICES, Talk, events, eventually, isvc, talking


async def page(talk: Talk, **query: Any) -> tuple[list[str], dict[str, Any]]:
    body = (await talk.client.get(EVERYWHERE, params=query)).json()
    return [item["metadata"]["name"] for item in body["items"]], body["metadata"]


async def test_pages_show_one_moment_whatever_happens_between_them() -> None:
    async with talking() as talk:
        for name in "abcd":
            talk.api.store.put(isvc(name))
        first, metadata = await page(talk, limit=2)
        talk.api.store.delete(GROUP, "inferenceservices", "default", "c")
        talk.api.store.put(isvc("bb"))
        second, last = await page(talk, limit=2, **{"continue": metadata["continue"]})

    assert (first, second) == (["a", "b"], ["c", "d"])
    assert last["resourceVersion"] == metadata["resourceVersion"]


async def test_an_expired_page_offers_the_rest_as_it_is_now() -> None:
    async with talking() as talk:
        for name in "abcd":
            talk.api.store.put(isvc(name))
        _, metadata = await page(talk, limit=2)
        talk.api.store.put(isvc("c", status={"url": "u"}))
        talk.api.store.compact()
        refused = await talk.client.get(EVERYWHERE, params={"limit": 2, "continue": metadata["continue"]})
        rest, _ = await page(talk, limit=2, **{"continue": refused.json()["metadata"]["continue"]})

    assert refused.status_code == 410
    assert rest == ["c", "d"]


async def test_a_watch_goes_on_where_the_list_ended() -> None:
    async with talking() as talk:
        talk.api.store.put(isvc("a"))
        _, metadata = await page(talk)
        talk.api.store.put(isvc("b"))
        params = {"watch": "true", "resourceVersion": metadata["resourceVersion"], "timeoutSeconds": "1"}
        async with talk.client.stream("GET", EVERYWHERE, params=params) as response:
            found = [event async for event in events(response)]

    assert [(event["type"], event["object"]["metadata"]["name"]) for event in found] == [("ADDED", "b")]


async def test_a_watch_of_one_namespace_sees_only_it() -> None:
    async with talking() as talk:
        params = {"watch": "true", "timeoutSeconds": "1"}
        async with talk.client.stream("GET", SERVICES, params=params) as response:
            talk.api.store.put(isvc("a", "other"))
            talk.api.store.put(isvc("b", "default"))
            found = [event async for event in events(response)]

    assert [event["object"]["metadata"]["name"] for event in found] == ["b"]


async def test_a_watch_as_a_table_names_its_columns_once() -> None:
    async with talking() as talk:
        talk.api.store.put(isvc("a"))
        talk.api.store.put(isvc("b"))
        params = {"watch": "true", "timeoutSeconds": "1"}
        headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        async with talk.client.stream("GET", SERVICES, params=params, headers=headers) as response:
            found = [event["object"] async for event in events(response)]

    assert [table["rows"][0]["cells"][0] for table in found] == ["a", "b"]
    assert [bool(table["columnDefinitions"]) for table in found] == [True, False]


async def test_bookmarks_come_while_nothing_else_does() -> None:
    async with talking() as talk:
        talk.api.bookmark_s = 0.1
        before = talk.api.store.revision
        talk.api.store.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "elsewhere"}})
        params = {"watch": "true", "resourceVersion": str(before), "allowWatchBookmarks": "true"}
        async with talk.client.stream("GET", SERVICES, params=params) as response:
            event = await asyncio.wait_for(anext(events(response)), 5)

    assert event["type"] == "BOOKMARK"
    assert event["object"]["metadata"] == {"resourceVersion": str(talk.api.store.revision)}


async def test_dropped_watches_end_as_those_of_a_server_that_restarts() -> None:
    async with talking() as talk, talk.client.stream("GET", SERVICES, params={"watch": "true"}) as response:
        talk.api.store.drop_watches()
        found = [event async for event in events(response)]

    assert found == []


async def test_a_client_that_leaves_is_forgotten() -> None:
    async with talking() as talk:
        shelf = talk.api.store.shelf(GROUP, "inferenceservices")
        async with talk.client.stream("GET", SERVICES, params={"watch": "true"}):
            assert shelf.follower_count == 1

        await eventually(lambda: shelf.follower_count == 0)


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
async def test_an_object_is_served_in_each_version_of_its_kind(version: str) -> None:
    async with talking() as talk:
        talk.api.store.put(
            {"apiVersion": f"{GROUP}/v1alpha1", "kind": "LLMInferenceService", "metadata": {"name": "llm"}}
        )
        body = (await talk.client.get(f"/apis/{GROUP}/{version}/llminferenceservices")).json()

    assert body["items"][0]["apiVersion"] == f"{GROUP}/{version}"


async def test_a_list_of_ten_thousand_is_encoded_once() -> None:
    async with talking() as talk:
        for number in range(10_000):
            talk.api.store.put(isvc(f"m-{number:05}"))
        await talk.client.get(EVERYWHERE)
        began_s = time.process_time()
        response = await talk.client.get(EVERYWHERE)
        second_s = time.process_time() - began_s

    assert response.content.count(b'"kind":"InferenceService",') == 10_000
    assert second_s < 1.0  # some 30 ms here; encoding all of them anew takes many times that

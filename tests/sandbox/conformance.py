"""The exchanges that a real kube-apiserver 1.36 was asked; each returns its outcome in a form that can be compared.

They run in order, in a namespace of their own, against any server: names and
revisions that differ from server to server are taken out of the outcomes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx

GROUP = "/apis/serving.kserve.io/v1beta1"
SERVICES = f"{GROUP}/namespaces/conf/inferenceservices"
MERGE, JSON_PATCH, STRATEGIC, APPLY = (
    f"application/{name}"
    for name in ("merge-patch+json", "json-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
)

Json = Any
Change = Callable[[], Awaitable[object]]


@dataclass
class Conversation:
    """One client's talk with one server."""

    client: httpx.AsyncClient

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.client.get(path, params=query)

    async def post(self, path: str, obj: Json, **query: str) -> httpx.Response:
        return await self.client.post(path, json=obj, params=query)

    async def patch(self, path: str, body: Json, content_type: str, **query: str) -> httpx.Response:
        headers = {"Content-Type": content_type}
        return await self.client.patch(path, content=json.dumps(body), headers=headers, params=query)

    async def delete(self, path: str, options: Json = None, **query: str) -> httpx.Response:
        return await self.client.request("DELETE", path, json=options, params=query)

    async def metadata(self, name: str = "a") -> dict[str, Json]:
        found: dict[str, Json] = (await self.get(f"{SERVICES}/{name}")).json()["metadata"]
        return found

    async def newest(self) -> str:
        """The revision of the collection as it is now."""
        return str((await self.get(SERVICES)).json()["metadata"]["resourceVersion"])

    async def watch(self, seconds: int, changes: Iterable[Change] = (), **query: str) -> Json:
        """Watch until the server ends the stream, making changes once it has begun; events, or an error's outcome."""
        query = {"watch": "true", "timeoutSeconds": str(seconds), **query}
        async with AsyncExitStack() as stack:
            stream = self.client.stream("GET", SERVICES, params=query, timeout=seconds + 10)
            response = await stack.enter_async_context(stream)
            if response.status_code != 200:
                await response.aread()
                return outcome(response)
            for change in changes:
                await change()
            return [json.loads(line) async for line in response.aiter_lines() if line.strip()]


Exchange = Callable[[Conversation], Awaitable[Json]]
EXCHANGES: dict[str, Exchange] = {}


def exchange(name: str) -> Callable[[Exchange], Exchange]:
    """Register an exchange under the name of its recorded outcome."""

    def register(function: Exchange) -> Exchange:
        EXCHANGES[name] = function
        return function

    return register


def isvc(name: str, **metadata: Json) -> dict[str, Json]:
    """An InferenceService that asks for little."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "labels": {"n": name}, **metadata},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://x"}}},
    }


def with_uri(name: str, uri: str) -> dict[str, Json]:
    """The same from another place."""
    obj = isvc(name)
    obj["spec"]["predictor"]["model"]["storageUri"] = uri
    return obj


def outcome(response: httpx.Response) -> list[Json]:
    """What matters of an answer: code, and for errors reason, message and which details there are."""
    try:
        body = response.json()
    except ValueError:
        return [response.status_code, response.headers.get("content-type", "").split(";")[0], response.text[:80]]
    if body.get("kind") == "Status" and body.get("status") == "Failure":
        message = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{3,}", "#", body.get("message", ""))[:200]
        return [response.status_code, body.get("reason"), message, sorted(body.get("details") or {})]
    return [response.status_code, body.get("kind"), body.get("apiVersion")]


def brief(events: Json) -> Json:
    """Type and name of each event."""
    if events and not isinstance(events[0], dict):
        return events
    return [
        [event["type"], event["object"].get("metadata", {}).get("name") or event["object"].get("reason")]
        for event in events
    ]


def names(response: httpx.Response) -> list[str]:
    """The names of a list's items, in order."""
    return [item["metadata"]["name"] for item in response.json()["items"]]

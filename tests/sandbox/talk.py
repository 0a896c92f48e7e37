"""A sandbox with nothing in it and a client that speaks to its API server as the administrator."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from kmon_tui.sandbox.apiserver import ApiServer
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions

GROUP = "serving.kserve.io"
SERVICES = f"/apis/{GROUP}/v1beta1/namespaces/default/inferenceservices"
EVERYWHERE = f"/apis/{GROUP}/v1beta1/inferenceservices"
MERGE = {"Content-Type": "application/merge-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}


@dataclass
class Talk:
    """A running sandbox and a client of it."""

    sandbox: Sandbox
    client: httpx.AsyncClient

    @property
    def api(self) -> ApiServer:
        return self.sandbox.api

    def client_for(self, token: str) -> httpx.AsyncClient:
        """Another client, with another token or none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.api.url, verify=trust(self.sandbox), headers=headers, timeout=10)


@asynccontextmanager
async def talking(**options: Any) -> AsyncIterator[Talk]:
    """Start a sandbox with an empty world."""
    async with Sandbox(SandboxOptions(world="empty", **options)) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.api.token}", "User-Agent": "tests/1"}
        client = httpx.AsyncClient(base_url=sandbox.api.url, verify=trust(sandbox), headers=headers, timeout=10)
        async with client:
            yield Talk(sandbox, client)


def trust(sandbox: Sandbox) -> ssl.SSLContext:
    """A context that believes this sandbox's certificate and no other."""
    return ssl.create_default_context(cadata=sandbox.authority.certificate_pem.decode())


def isvc(name: str = "a", namespace: str = "default", **more: Any) -> dict[str, Any]:
    """An InferenceService."""
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://models/a"}}},
        **more,
    }


async def events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The events of a watch, as they come."""
    async for line in response.aiter_lines():
        if line.strip():
            yield json.loads(line)


async def apply(talk: Talk, obj: dict[str, Any], manager: str, **query: str) -> httpx.Response:
    """Apply an object on the server's side."""
    path = f"{SERVICES}/{obj['metadata']['name']}"
    params = {"fieldManager": manager, **query}
    return await talk.client.patch(path, content=json.dumps(obj), headers=APPLY, params=params)


async def eventually(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait until something is so; fails when it never is."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # nothing tells of it, so it is looked at
            await asyncio.sleep(0.01)

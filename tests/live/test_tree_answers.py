"""A service that says Ready is asked whether its model answers, when it is opened and where that tells something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from kmon_tui.domain.diagnosis import diagnose
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.ratelimit import RateLimit
from kmon_tui.live.trees import KubeTrees
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings
from tests.live.predict_models import Answer, Model, model
from tests.live.watching import pod, sample

IRIS = Key(Kind.ISVC, "default", "sklearn-iris")


async def no_model(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": "Model with name sklearn-iris does not exist."}, status=404)


async def no_page(_: web.Request) -> web.StreamResponse:
    return web.json_response({"detail": "Not Found"}, status=404)


async def loaded(_: web.Request) -> web.StreamResponse:
    return web.json_response({"name": "sklearn-iris", "ready": True})


@asynccontextmanager
async def cluster(answer: Answer, **changes: Any) -> AsyncGenerator[tuple[KubeTrees, Model, Sandbox], None]:
    """A ready service in a cluster, whose pod's port 8080 leads to a server that answers as it is told."""
    async with model(answer) as served, Sandbox(SandboxOptions(world="empty", tls=False)) as sandbox:

        async def dial(_: dict[str, Any], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            if port != 8080:
                raise ConnectionRefusedError(111, "Connection refused")
            return await asyncio.open_connection("127.0.0.1", served.port)

        sandbox.api.pods.dial = dial
        service, serving = sample(), pod("sklearn-iris", "sklearn-iris-predictor-a")
        service["spec"]["predictor"] |= changes.pop("predictor", {})
        serving["spec"]["nodeName"] = "n1"
        serving["spec"]["containers"][0] |= changes.pop("container", {})
        sandbox.api.store.put(service)
        sandbox.api.store.put(serving)
        access = find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig)))
        client = KubeClient(access, rate=RateLimit(1000.0, 1000))
        try:
            yield KubeTrees(client), served, sandbox
        finally:
            await client.close()


async def look(answer: Answer, **changes: Any) -> tuple[ObjectTree, Model]:
    async with cluster(answer, **changes) as (trees, served, _), asyncio.timeout(20):
        return await trees.look(IRIS), served


async def test_a_model_that_was_never_loaded_is_no_ready_one() -> None:
    tree, served = await look(no_model)

    assert [path for path, _, _ in served.asked] == ["/v1/models/sklearn-iris"]
    found = diagnose(tree, datetime.now(UTC))
    assert found.cause == "ready-not-serving"
    assert "does not exist" in found.verdict


async def test_a_page_that_is_not_there_tells_nothing() -> None:
    tree, _ = await look(no_page)

    assert [answer.status for answer in tree.answers] == [404]
    assert diagnose(tree, datetime.now(UTC)).healthy


async def test_a_model_that_answers_is_healthy() -> None:
    tree, _ = await look(loaded)

    assert [answer.status for answer in tree.answers] == [200]
    assert diagnose(tree, datetime.now(UTC)).healthy


@pytest.mark.parametrize("args", [["--model_name=other"], ["--x", "--model_name", "other"]])
async def test_a_model_is_asked_for_under_the_name_that_its_server_gives_it(args: list[str]) -> None:
    _, served = await look(loaded, container={"args": args})

    assert [path for path, _, _ in served.asked] == ["/v1/models/other"]


async def test_a_server_of_somebodys_own_is_not_asked() -> None:
    tree, served = await look(loaded, predictor={"containers": [{"name": "kserve-container", "image": "own"}]})

    assert served.asked == []
    assert tree.answers == ()


async def test_a_server_of_several_models_is_not_asked_for_one_called_like_itself() -> None:
    tree, served = await look(no_model, predictor={"model": {"modelFormat": {"name": "sklearn"}}})

    assert served.asked == []
    assert diagnose(tree, datetime.now(UTC)).healthy


async def test_without_the_right_to_forward_nobody_is_asked_and_the_right_is_not_tried_again() -> None:
    async with cluster(loaded) as (trees, served, sandbox), asyncio.timeout(20):
        sandbox.api.access.forbid(Rule(resource="pods/portforward"))
        first, second = await trees.look(IRIS), await trees.look(IRIS)
        tried = [record for record in sandbox.api.log if record.resource == "pods/portforward"]

    assert (first.answers, second.answers, served.asked) == ((), (), [])
    # The WebSocket's GET, and the POST of the older protocol that is tried where it is refused.
    assert 1 <= len(tried) <= 2


async def test_a_port_that_nobody_listens_on_tells_nothing() -> None:
    tree, served = await look(loaded, container={"ports": [{"containerPort": 9000}]})

    assert tree.synced
    assert served.asked == []
    assert tree.answers == ()

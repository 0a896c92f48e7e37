"""Models that answer as they are told, behind pods of a cluster, and a predictor that asks them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from kmon_tui.domain.predict import Prediction, PredictRequest, Speech
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode, Readiness
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.predict_shelf import Shelf
from kmon_tui.live.predictor import HttpPredictor
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, PredictSettings
from tests.live.prometheus_pods import pod

KEY = Key(Kind.ISVC, "default", "iris")
IRIS = InferenceService(KEY, readiness=Readiness.READY, mode=Mode.STANDARD, url="http://iris.default.example.com")
LABELS = {"serving.kserve.io/inferenceservice": "iris", "component": "predictor"}
REQUEST = PredictRequest(
    KEY, Speech.V1, "/v1/models/iris:predict", '{"instances": [[1]]}', host="iris.default.example.com"
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Model:
    """A server that answers as it is told, and remembers what it was asked."""

    answer: Answer
    port: int = 0
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.path, headers, await request.read()))
        return await self.answer(request)


async def predictions(_: web.Request) -> web.StreamResponse:
    return web.json_response({"predictions": [1, 1]})


@asynccontextmanager
async def model(answer: Answer = predictions, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Model, None]:
    """Serve on a port of loopback."""
    served = Model(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", served.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    served.port = runner.addresses[0][1]
    try:
        yield served
    finally:
        await runner.cleanup()


@asynccontextmanager
async def behind_pods(
    served: Model, folder: Path, *pods: dict[str, Any], ingress: str | None = None, port: int = 8080
) -> AsyncGenerator[tuple[HttpPredictor, Sandbox], None]:
    """Give a predictor in a cluster whose pods all lead to this model."""
    async with Sandbox(SandboxOptions(world="empty")) as sandbox, asyncio.timeout(30):

        async def dial(_: dict[str, Any], wanted: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            if wanted != port:
                raise ConnectionRefusedError(111, "Connection refused")
            return await asyncio.open_connection("127.0.0.1", served.port)

        sandbox.api.pods.dial = dial
        for one in pods or (pod("default", "iris-1", LABELS),):
            sandbox.api.store.put(one)
        client = KubeClient(find_access(KubeSettings(kubeconfig=str(sandbox.kubeconfig))))
        try:
            async with HttpPredictor(client, PredictSettings(ingress=ingress), Shelf(folder, "here")) as predictor:
                yield predictor, sandbox
        finally:
            await client.close()


async def sent(
    predictor: HttpPredictor, request: PredictRequest = REQUEST, isvc: InferenceService = IRIS
) -> Prediction:
    """Send once and give the end of it."""
    async with aclosing(predictor.send(isvc, request)) as values:
        return [value async for value in values][-1]


def forwards(sandbox: Sandbox) -> list[str]:
    """Give the pods that were forwarded to, in order."""
    return [record.path.split("/")[-2] for record in sandbox.api.log if record.path.endswith("/portforward")]

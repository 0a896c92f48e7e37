"""One serving pod: who it is, what it counts, and its answers by port."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from kmon_tui.sandbox.models_answers import failed, not_found
from kmon_tui.sandbox.models_load import Flow
from kmon_tui.sandbox.models_openai import Chat
from kmon_tui.sandbox.models_page import Page
from kmon_tui.sandbox.models_predict import Predictor
from kmon_tui.sandbox.models_queueproxy import Identity, QueueProxy
from kmon_tui.sandbox.models_sdk import Sdk, Vllm
from kmon_tui.sandbox.models_servers import MLSERVER_PORT, TRITON_PORT, Mlserver, Triton

QUEUE_PORT, USER_METRICS_PORT, MODEL_PORT, LLM_PORT = 8012, 9091, 8080, 8000
_SLOWEST_S = 2.0


@dataclass(frozen=True, slots=True)
class PodPlan:
    """What a serving pod is like."""

    namespace: str
    name: str
    model: str
    """The name under which callers ask for it."""
    kind: str = "iris"
    """iris, scores, or llm."""
    knative: bool = True
    workload: bool = False
    """Of an LLMInferenceService: vLLM alone, port 8000."""
    revision: str = ""
    configuration: str = ""
    host: str = ""
    server: str = ""
    """mlserver or triton; else KServe's SDK or vLLM."""
    graph: bool = False
    """The router of an InferenceGraph, which takes any path."""
    milliseconds: bool = False
    """queue-proxy of Knative <= 1.18."""


class ModelPod:
    """The servers of one pod."""

    path = "/metrics"

    def __init__(self, plan: PodPlan, flow: Flow) -> None:
        self.plan = plan
        self.flow = flow
        self.refuses = False
        """The model container is gone while queue-proxy lives: 502 there, nobody listens on the model's port."""
        self.pages: dict[int, Page] = {}
        self.sdk: Sdk | None = None
        self.vllm: Vllm | None = None
        self.other: Mlserver | Triton | None = None
        self.queue: QueueProxy | None = None
        self._predictor = Predictor(plan.model, plan.kind)
        self._chat: Chat | None = None
        self._count()

    def _count(self) -> None:
        plan = self.plan
        token_s = self.flow.load.plan.latency_ms / 1000 / 110
        if plan.kind == "llm":
            self.vllm = Vllm(self.flow, plan.model)
            self._chat = Chat(plan.model, "/v1" if plan.workload else "/openai/v1", token_s)
            self.pages[LLM_PORT if plan.workload else MODEL_PORT] = self.vllm.page
        elif plan.server:
            made = Mlserver if plan.server == "mlserver" else Triton
            self.other = made(self.flow, plan.model)
            self.pages[MLSERVER_PORT if plan.server == "mlserver" else TRITON_PORT] = self.other.page
        else:
            self.sdk = Sdk(self.flow, plan.model)
            self.pages[MODEL_PORT] = self.sdk.page
        if plan.knative:
            who = Identity(plan.namespace, plan.name, plan.revision, plan.configuration, plan.host)
            self.queue = QueueProxy(self.flow, who, milliseconds=plan.milliseconds)
            self.pages[USER_METRICS_PORT] = self.queue.page

    @property
    def ports(self) -> tuple[int, ...]:
        """Where it listens."""
        if self.plan.workload:
            return (LLM_PORT,)
        own = (MODEL_PORT, *(port for port in (MLSERVER_PORT, TRITON_PORT) if port in self.pages))
        return (*own, QUEUE_PORT, USER_METRICS_PORT) if self.plan.knative else own

    def page(self, port: int, path: str, now_s: float) -> str:
        """Give a page of metrics. Raises ConnectionRefusedError when nobody listens, LookupError for another path."""
        if port not in self.ports or (self.refuses and port in (MODEL_PORT, LLM_PORT, MLSERVER_PORT, TRITON_PORT)):
            raise ConnectionRefusedError
        if path != "/metrics" or port not in self.pages:
            raise LookupError(path)
        return self.pages[port].text(now_s)

    async def answer(self, request: web.BaseRequest, port: int) -> web.StreamResponse:
        """Answer one request at a port; queue-proxy counts what comes through it."""
        if port in self.pages and request.path == "/metrics" and request.method == "GET":
            headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
            return web.Response(body=self.pages[port].text(time.time()).encode(), headers=headers)
        if self.refuses and port in (MODEL_PORT, LLM_PORT) and request.transport is not None:
            request.transport.abort()
        if port == USER_METRICS_PORT:
            return web.Response(status=404, text="404 page not found\n")
        started = time.perf_counter()
        if self.refuses and port == QUEUE_PORT:
            text = f"dial tcp 127.0.0.1:{MODEL_PORT}: connect: connection refused\n"
            response: web.StreamResponse = web.Response(status=502, text=text)
        else:
            response = await self._model(request)
        if port == QUEUE_PORT and self.queue is not None:
            took_s = time.perf_counter() - started
            self.queue.observe(request.method, response.status, took_s, reached=not self.refuses)
        return response

    async def _model(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if self._chat is not None and path.startswith(f"{self._chat.prefix}/"):
            return await self._talk(request, self._chat)
        if self.plan.workload:
            return web.Response() if path in ("/health", "/ping") else not_found()
        if request.method == "GET":
            return self._predictor.about(path)
        if request.method != "POST":
            return not_found()
        return await self._predict(request, path)

    async def _predict(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        body = await request.read()
        content_type = request.headers.get("Content-Type", "")
        if self.plan.graph:
            return await self._timed(lambda: self._predictor.v1_predict(self.plan.model, content_type, body))
        parts = path.strip("/").split("/")
        if parts[:3] == ["v2", "repository", "models"] and len(parts) == 5 and parts[4] in ("load", "unload"):
            return self._predictor.repository(parts[3], parts[4])
        name, _, verb = parts[2].rpartition(":") if len(parts) == 3 else ("", "", "")
        if parts[:2] == ["v1", "models"] and verb in ("predict", "explain"):
            if verb == "explain":
                response = failed("Could not find explainer_host.", 501)
                self._executed(0.0, response.status, "explain")
                return response
            return await self._timed(lambda: self._predictor.v1_predict(name, content_type, body))
        if parts[:2] == ["v2", "models"] and parts[3:] == ["infer"]:
            return await self._timed(lambda: self._predictor.v2_infer(parts[2], content_type, body))
        return not_found()

    async def _timed(self, compute: Callable[[], web.Response]) -> web.StreamResponse:
        started = time.perf_counter()
        plan = self.flow.load.plan
        await asyncio.sleep(min(_SLOWEST_S, plan.latency_ms / 1000 * random.lognormvariate(0, plan.spread / 2)))
        response = compute()
        if response.status != 404:  # the server does not count models that it does not know
            self._executed(time.perf_counter() - started, response.status)
        return response

    def _executed(self, took_s: float, status: int, stage: str = "predict") -> None:
        if self.other is not None:
            self.other.observe(took_s, failed=status >= 400)
        if self.sdk is not None:
            self.sdk.observe(took_s, failed=status >= 400, stage=stage)

    async def _talk(self, request: web.BaseRequest, chat: Chat) -> web.StreamResponse:
        if request.method == "GET":
            return chat.about(request.path)
        started = time.perf_counter()
        response, tokens = await chat.post(request, request.path, await request.read())
        if self.vllm is not None and tokens:
            self.vllm.observe(time.perf_counter() - started, tokens)
        return response

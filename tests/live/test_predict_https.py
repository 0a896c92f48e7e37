"""Models that serve TLS in their pods, as LLMInferenceServices with certificates do, are asked through the tunnel."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from kmon_tui.domain.predict import PredictRequest, Speech, Via
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.live.predictor import HttpPredictor
from kmon_tui.sandbox.tls import Authority
from tests.live.predict_models import Answer, Model, behind_pods, model, sent
from tests.live.prometheus_pods import pod

KEY = Key(Kind.LLM, "default", "qwen")
QWEN = InferenceService(KEY, readiness=Readiness.READY, url="https://gateway.example.com/default/qwen")
LABELS = {
    "app.kubernetes.io/part-of": "llminferenceservice",
    "app.kubernetes.io/name": "qwen",
    "kserve.io/component": "workload",
}
BIG = "x" * 1_000_000
CHAT = PredictRequest(KEY, Speech.OPENAI, "/v1/chat/completions", '{"stream": true}', host="gateway.example.com")


def secure_pod() -> dict[str, Any]:
    """Make a pod whose probe tells that it serves TLS."""
    made = pod("default", "qwen-1", LABELS)
    probe = {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTPS"}}
    made["spec"]["containers"] = [{"name": "main", "image": "vllm", "readinessProbe": probe}]
    return made


@asynccontextmanager
async def secure(folder: Path, answer: Answer) -> AsyncGenerator[tuple[HttpPredictor, Model], None]:
    """Give a predictor, and a model behind TLS."""
    context = Authority().server_context(folder)
    async with (
        model(answer, context) as served,
        behind_pods(served, folder, secure_pod(), port=8000) as (predictor, _),
    ):
        yield predictor, served


async def mirror(request: web.Request) -> web.StreamResponse:
    return web.Response(body=await request.read(), content_type="application/json")


async def test_a_request_and_its_answer_pass_through_tls_whole(tmp_path: Path) -> None:
    async with secure(tmp_path, mirror) as (predictor, served):
        answer = await sent(predictor, replace(CHAT, body=json.dumps(BIG)), QWEN)

    assert answer.ok, answer.error
    assert answer.url.startswith("https://qwen-1:8000/")
    assert json.loads(answer.body) == BIG
    assert answer.split.connect_ms is not None
    assert served.asked[0][1]["host"] == "gateway.example.com"


async def test_what_is_prepared_says_where_requests_go(tmp_path: Path) -> None:
    async with secure(tmp_path, mirror) as (predictor, _):
        prepared = await predictor.prepare(QWEN, Speech.OPENAI, Via.FORWARD)

    assert prepared.address == "https://qwen-1:8000"


async def test_a_stream_comes_token_by_token_through_tls(tmp_path: Path) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for word in ("Hel", "lo"):
            await response.write(f"data: {json.dumps({'choices': [{'delta': {'content': word}}]})}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    async with secure(tmp_path, chat) as (predictor, _):
        answer = await sent(predictor, CHAT, QWEN)

    assert answer.ok, answer.error
    assert answer.text == "Hello"


async def test_many_requests_share_connections_through_tls(tmp_path: Path) -> None:
    async with (
        secure(tmp_path, mirror) as (predictor, _),
        aclosing(predictor.repeat(QWEN, CHAT, 30, 5)) as values,
    ):
        last = [value async for value in values][-1]

    assert (last.ok, last.failed) == (30, 0)


async def test_a_pod_that_speaks_no_tls_is_told_as_such(tmp_path: Path) -> None:
    async with (
        model(mirror) as served,
        behind_pods(served, tmp_path, secure_pod(), port=8000) as (predictor, _),
    ):
        answer = await sent(predictor, replace(CHAT, via=Via.FORWARD, timeout_s=5.0), QWEN)

    assert not answer.ok
    assert "TLS" in answer.error


async def test_a_url_whose_certificate_nobody_trusts_is_told_as_such(tmp_path: Path) -> None:
    async with secure(tmp_path, mirror) as (predictor, served):
        isvc = QWEN._replace(url=f"https://127.0.0.1:{served.port}")
        answer = await sent(predictor, replace(CHAT, via=Via.URL), isvc)

    assert "certificate" in answer.error
    assert "-k" in answer.hint

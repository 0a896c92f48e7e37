"""Requests to models through a tunnel without a listener, and to a URL: once and many times."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from kmon_tui.domain.predict import Header, Speech, Via
from kmon_tui.domain.service import Mode, Readiness
from tests.live.predict_models import IRIS, LABELS, REQUEST, behind_pods, forwards, model, sent
from tests.live.prometheus_pods import pod


async def test_a_request_goes_through_a_tunnel_to_a_ready_pod(tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path) as (predictor, _):
        answer = await sent(predictor)

    assert answer.ok and answer.complete
    assert json.loads(answer.body) == {"predictions": [1, 1]}
    assert answer.pod == "iris-1:8080"
    assert answer.latency_ms is not None and answer.latency_ms > 0


async def test_the_server_sees_the_host_and_exactly_this_content_type(tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path) as (predictor, _):
        await sent(predictor)

    path, headers, body = served.asked[0]
    assert path == REQUEST.path
    assert headers["host"] == "iris.default.example.com"
    assert headers["content-type"] == "application/json"
    assert body == REQUEST.body.encode()


async def test_headers_of_a_person_replace_ours(tmp_path: Path) -> None:
    own = (Header("Authorization", "Bearer abc"), Header("content-type", "application/ld+json"))

    async with model() as served, behind_pods(served, tmp_path) as (predictor, _):
        await sent(predictor, replace(REQUEST, headers=own))

    _, headers, _ = served.asked[0]
    assert headers["authorization"] == "Bearer abc"
    assert headers["content-type"] == "application/ld+json"


async def test_where_the_time_went_is_known(tmp_path: Path) -> None:
    async def slowly(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.Response()

    async with model(slowly) as served, behind_pods(served, tmp_path) as (predictor, _):
        answer = await sent(predictor)

    assert answer.split.wait_ms is not None and answer.split.wait_ms >= 45
    assert answer.split.connect_ms is not None and answer.split.read_ms is not None


async def test_the_words_of_an_error_are_the_servers(tmp_path: Path) -> None:
    async def wrong(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "X has 3 features"}, status=500)

    async with model(wrong) as served, behind_pods(served, tmp_path) as (predictor, _):
        answer = await sent(predictor)

    assert not answer.ok
    assert (answer.status, answer.error) == (500, "X has 3 features")


async def test_a_port_that_refuses_is_said_in_the_kubelets_words(tmp_path: Path) -> None:
    agent = pod("default", "iris-1", LABELS)
    agent["spec"]["containers"][0]["name"] = "agent"

    async with model() as served, behind_pods(served, tmp_path, agent) as (predictor, _):
        answer = await sent(predictor)

    assert answer.status is None
    assert "refused" in answer.error.lower()


async def test_a_service_without_a_pod_says_how_to_wake_it(tmp_path: Path) -> None:
    cold = IRIS._replace(readiness=Readiness.COLD, mode=Mode.KNATIVE)
    stranger = pod("default", "other", {"app": "other"})

    async with model() as served, behind_pods(served, tmp_path, stranger) as (predictor, _):
        answer = await sent(predictor, isvc=cold)

    assert "scaled to zero" in answer.error
    assert "--via ingress" in answer.hint


async def test_the_next_request_goes_to_another_pod_when_one_is_gone(tmp_path: Path) -> None:
    pods = [pod("default", name, LABELS) for name in ("iris-1", "iris-2")]

    async with model() as served, behind_pods(served, tmp_path, *pods) as (predictor, sandbox):
        first = await sent(predictor)
        sandbox.api.store.put(pod("default", "iris-1", LABELS, ready=False))
        second = await sent(predictor)

    assert [first.pod, second.pod] == ["iris-1:8080", "iris-2:8080"]
    assert first.ok and second.ok
    assert forwards(sandbox) == ["iris-1", "iris-2"]


async def test_silence_ends_after_the_timeout(tmp_path: Path) -> None:
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async with model(silent) as served, behind_pods(served, tmp_path) as (predictor, _):
        answer = await sent(predictor, replace(REQUEST, timeout_s=0.2))

    assert answer.error == "no answer within 0.2 s"


async def test_a_stream_is_shown_as_it_comes_with_its_pace(tmp_path: Path) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for word in ("Hel", "lo", " you"):
            chunk = {"choices": [{"delta": {"content": word}}]}
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
            await asyncio.sleep(0.12)
        await response.write(b"data: [DONE]\n\n")
        return response

    request = replace(REQUEST, speech=Speech.OPENAI, path="/v1/chat/completions", body='{"stream": true}')
    async with (
        model(chat) as served,
        behind_pods(served, tmp_path) as (predictor, _),
        aclosing(predictor.send(IRIS, request)) as values,
    ):
        seen = [value async for value in values]

    assert len({value.text for value in seen}) > 1
    assert seen[-1].text == "Hello you"
    assert seen[-1].tokens is not None and seen[-1].tokens.count == 3
    assert seen[-1].tokens.between_ms is not None and seen[-1].tokens.between_ms > 60


async def test_a_stream_that_breaks_off_is_no_success(tmp_path: Path) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\n')
        return response

    request = replace(REQUEST, speech=Speech.OPENAI, path="/v1/chat/completions")
    async with model(chat) as served, behind_pods(served, tmp_path) as (predictor, _):
        answer = await sent(predictor, request)

    assert not answer.ok
    assert answer.error == "the stream ended before its end was said"


async def test_an_openai_path_is_tried_under_the_other_prefix(tmp_path: Path) -> None:
    async def plain_vllm(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/openai"):
            return web.json_response({"detail": "Not Found"}, status=404)
        return web.json_response({"choices": []})

    request = replace(REQUEST, speech=Speech.OPENAI, path="/openai/v1/chat/completions")
    async with model(plain_vllm) as served, behind_pods(served, tmp_path) as (predictor, _):
        answer = await sent(predictor, request)

    assert answer.ok
    assert answer.url.endswith(":8080/v1/chat/completions")


async def test_many_requests_are_counted(tmp_path: Path) -> None:
    count = 0

    async def every_fourth_fails(_: web.Request) -> web.StreamResponse:
        nonlocal count
        count += 1
        return web.Response(status=200 if count % 4 else 503, text="pending request queue full")

    async with (
        model(every_fourth_fails) as served,
        behind_pods(served, tmp_path) as (predictor, _),
        aclosing(predictor.repeat(IRIS, REQUEST, 40, 8)) as values,
    ):
        last = [value async for value in values][-1]

    assert (last.done, last.ok, last.failed) == (40, 30, 10)
    assert dict(last.statuses) == {"200": 30, "503": 10}
    assert last.p50_ms is not None and last.p99_ms is not None and last.p50_ms <= last.p99_ms
    assert last.requests_per_s is not None


async def test_no_more_are_under_way_than_were_asked_for(tmp_path: Path) -> None:
    now = most = 0

    async def counting(_: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response()

    async with (
        model(counting) as served,
        behind_pods(served, tmp_path) as (predictor, _),
        aclosing(predictor.repeat(IRIS, REQUEST, 30, 3)) as values,
    ):
        assert [value async for value in values][-1].ok == 30

    assert most == 3


async def test_a_repetition_can_be_stopped(tmp_path: Path) -> None:
    async def slowly(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.Response()

    async with model(slowly) as served, behind_pods(served, tmp_path) as (predictor, _):
        async with aclosing(predictor.repeat(IRIS, REQUEST, 10_000, 2)) as values:
            first = await anext(values)
        asked = len(served.asked)

    assert 0 < first.done < 100
    assert asked < 100


async def test_the_url_of_the_service_is_asked_without_a_pod(tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path, pod("default", "x", {})) as (predictor, _):
        isvc = IRIS._replace(url=f"http://127.0.0.1:{served.port}")
        answer = await sent(predictor, replace(REQUEST, via=Via.URL), isvc)

    assert answer.ok
    assert answer.pod == ""


async def test_the_sample_comes_from_the_metadata_of_the_model(tmp_path: Path) -> None:
    async def metadata(request: web.Request) -> web.StreamResponse:
        tensor = {"name": "ids", "datatype": "INT64", "shape": [-1, "3"]}
        return web.json_response({"name": "iris", "inputs": [tensor]} if request.path == "/v2/models/iris" else {})

    async with model(metadata) as served, behind_pods(served, tmp_path) as (predictor, _):
        prepared = await predictor.prepare(IRIS, Speech.V2, Via.FORWARD)

    assert json.loads(prepared.request.body)["inputs"][0] == {
        "name": "ids", "shape": [1, 3], "datatype": "INT64", "data": [0, 0, 0],
    }  # fmt: skip


async def test_a_language_model_is_asked_by_the_name_it_is_served_under(tmp_path: Path) -> None:
    async def models(request: web.Request) -> web.StreamResponse:
        if request.path != "/v1/models":
            return web.json_response({"detail": "Not Found"}, status=404)
        return web.json_response({"object": "list", "data": [{"id": "meta/llama"}]})

    async with model(models) as served, behind_pods(served, tmp_path) as (predictor, _):
        prepared = await predictor.prepare(IRIS, Speech.OPENAI, Via.FORWARD)

    assert json.loads(prepared.request.body)["model"] == "meta/llama"
    assert prepared.request.path == "/v1/chat/completions"


async def test_without_a_pod_there_is_a_sample_and_the_reason(tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path, pod("default", "x", {})) as (predictor, _):
        prepared = await predictor.prepare(IRIS, None, Via.FORWARD)

    assert json.loads(prepared.request.body)
    assert "iris has no pod" in prepared.problem

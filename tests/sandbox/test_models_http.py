"""The model servers against recorded answers of KServe's own servers."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from kmon_tui.sandbox.models_load import Plan
from kmon_tui.sandbox.models_pod import PodPlan
from tests.sandbox.world_tools import DATA, busy_pod, serving

QUIET = Plan(latency_ms=0.2)
CUSTOM_MODEL = {"v1-predict", "v1-predict-badshape", "v1-predict-crash", "v1-predict-inferenceerror", "v1-models"}
"""Recorded on a custom model, or on a server with several: sklearnserver's own answer is in its folder."""
CUSTOM_MODEL |= {"v2-models", "v2-repo-unload", "v2-infer", "v1-predict-json"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    status: int
    content_type: str
    text: str


def read(path: Path) -> Exchange:
    """Read a file that begins with the curl command."""
    command, _, answer = path.read_text().partition("\n")
    head, _, text = answer.partition("\n\n")
    status = int(head.split()[1])
    content_type = next(line.split(": ")[1] for line in head.splitlines() if line.startswith("content-type"))
    url = re.search(r"http://localhost:\d+(\S*)", command)
    assert url is not None
    data = re.search(r" -d (.*?)(?: http://localhost|$)", command)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
    headers.update(re.findall(r"-H ([\w-]+): (\S+(?:; \S+)?)", command))
    method = "POST" if data or "-X POST" in command else "GET"
    return Exchange(method, url[1], headers, data[1].encode() if data else None, status, content_type, text)


def recorded(folder: str) -> list[Path]:
    """Give the exchanges of a folder that are told of the same model."""
    return [path for path in sorted((DATA / folder).glob("*.http")) if path.stem not in CUSTOM_MODEL]


async def ask(pod: PodPlan, exchange: Exchange) -> tuple[int, str, str]:
    """Send a recorded request to a pod; give status, content type and text."""
    async with serving(busy_pod(pod, QUIET)) as (_, ip), ClientSession() as client:
        url = f"http://{ip}:8080{exchange.path}"
        sent = client.request(exchange.method, url, data=exchange.body, headers=exchange.headers)
        async with sent as answer:
            return answer.status, answer.headers["Content-Type"], await answer.text()


def without_chance(text: str) -> Any:
    """Replace what differs each time: ids, times, the words of a model."""
    text = re.sub(r'"id":"[^"]*"', '"id":"?"', text)
    return re.sub(r'"created":\d+', '"created":0', text)


@pytest.mark.parametrize("path", recorded("kserve-sdk") + recorded("sklearnserver"), ids=lambda path: path.stem)
async def test_the_server_answers_as_kserve_does(path: Path) -> None:
    exchange = read(path)

    status, content_type, text = await ask(PodPlan("default", "p", "sklearn-iris", knative=False), exchange)

    assert (status, content_type) == (exchange.status, exchange.content_type)
    assert without_chance(text) == without_chance(exchange.text.strip("\n"))


@pytest.mark.parametrize("name", ["invalid", "missing", "v1predict", "models", "model-ready"])
async def test_a_language_model_answers_as_kserve_does(name: str) -> None:
    exchange = read(DATA / "openai" / f"{name}.http")

    status, content_type, text = await ask(PodPlan("default", "p", "llm", "llm", knative=False), exchange)

    assert (status, content_type) == (exchange.status, exchange.content_type)
    assert without_chance(text) == without_chance(exchange.text.strip("\n"))


def shape(value: Any) -> Any:
    """Give the keys of JSON without its values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else None


@pytest.mark.parametrize("name", ["chat", "completions"])
async def test_a_completion_has_the_recorded_shape(name: str) -> None:
    exchange = read(DATA / "openai" / f"{name}.http")

    status, content_type, text = await ask(PodPlan("default", "p", "llm", "llm", knative=False), exchange)

    assert (status, content_type) == (exchange.status, exchange.content_type)
    assert shape(json.loads(text)) == shape(json.loads(exchange.text))


async def test_a_stream_of_a_chat_has_the_recorded_shape() -> None:
    exchange = read(DATA / "openai" / "chat-stream.http")

    _, content_type, text = await ask(PodPlan("default", "p", "llm", "llm", knative=False), exchange)

    chunks = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    first = next(line for line in exchange.text.splitlines() if line.startswith("data: {"))
    assert content_type == exchange.content_type
    assert chunks[-1] == "[DONE]"
    assert shape(json.loads(chunks[0])) == shape(json.loads(first.removeprefix("data: ")))
    assert json.loads(chunks[-2])["choices"][0]["finish_reason"] == "stop"


async def test_requests_through_queue_proxy_are_counted_and_those_beside_it_are_not() -> None:
    pod = busy_pod(PodPlan("default", "p", "sklearn-iris", revision="r-00001", configuration="r"), QUIET)
    body = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}

    async with serving(pod) as (models, ip), ClientSession() as client:
        for port in (8012, 8080):
            async with client.post(f"http://{ip}:{port}/v1/models/sklearn-iris:predict", json=body) as answer:
                assert await answer.json() == {"predictions": [1, 1]}
        page = models.page(f"{ip}:9091", "/metrics")
        own = models.page(f"{ip}:8080", "/metrics")

    counts = [line for line in page.splitlines() if line.startswith("http_server_request_duration_seconds_count")]
    assert [(shlex.split(line)[-1], 'status_code="200"' in line) for line in counts] == [("1", True)]
    assert 'request_predict_seconds_count{model_name="sklearn-iris"} 2.0' in own


async def test_queue_proxy_answers_502_while_the_model_is_gone() -> None:
    pod = busy_pod(PodPlan("default", "p", "sklearn-iris", revision="r-00001", configuration="r"), QUIET)
    pod.refuses = True

    async with serving(pod) as (_, ip), ClientSession() as client:
        answer = await client.get(f"http://{ip}:8012/v1/models")
        text = await answer.text()

    assert (answer.status, text) == (502, "dial tcp 127.0.0.1:8080: connect: connection refused\n")

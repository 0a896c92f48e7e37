"""The HTTP API of the sandbox's Prometheus, asked as any client asks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, encode_basic_auth

from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.prometheus_config import configuration_of

CONFIGURATION = configuration_of(
    "{global: {}, scrape_configs: [{job_name: prometheus, static_configs: [{targets: ['localhost:9090']}]}]}", 3600
)


def no_page(address: str, path: str) -> str:
    """Let nobody listen anywhere."""
    raise ConnectionRefusedError(address + path)


@pytest.fixture
async def server() -> AsyncIterator[Prometheus]:
    """Run a Prometheus with a few samples of its own."""
    async with Prometheus(CONFIGURATION, list, no_page) as running:
        now_ms = round(time.time() * 1000)
        for i in range(20):
            running.samples.series({"__name__": "x", "svc": "a"}).append(now_ms - 300_000 + i * 15_000, i * 3.0)
        yield running


async def get(server: Prometheus, path: str, **parameters: str) -> tuple[int, Any]:
    """Ask by GET; give status and JSON."""
    async with ClientSession() as client, client.get(f"{server.url}/api/v1/{path}", params=parameters) as answer:
        return answer.status, await answer.json()


async def test_an_instant_query_is_answered_by_get_and_by_post_alike(server: Prometheus) -> None:
    parameters = {"query": "rate(x[2m])", "time": str(time.time()), "timeout": "5s"}

    _, by_get = await get(server, "query", **parameters)
    async with ClientSession() as client, client.post(f"{server.url}/api/v1/query", data=parameters) as answer:
        by_post = await answer.json()

    assert by_get == by_post
    assert by_get["data"]["resultType"] == "vector"
    assert float(by_get["data"]["result"][0]["value"][1]) == pytest.approx(0.2)


async def test_a_range_query_has_a_value_for_each_step(server: Prometheus) -> None:
    now_s = int(time.time()) - 20

    _, answer = await get(server, "query_range", query="x", start=str(now_s - 120), end=str(now_s), step="30s")

    values = answer["data"]["result"][0]["values"]
    assert [point[0] for point in values] == [now_s - 120 + 30 * i for i in range(5)]


@pytest.mark.parametrize(
    ("path", "parameters", "text"),
    [
        ("query", {"query": "sum("}, 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'),
        (
            "query",
            {"query": ""},
            'invalid parameter "query": unknown position: parse error: no expression found in input',
        ),
        ("query", {"query": "x", "time": "soon"}, 'invalid parameter "time": cannot parse "soon" to a valid timestamp'),
        (
            "query_range",
            {"query": "x", "start": "2", "end": "1", "step": "1"},
            'invalid parameter "end": end timestamp must not be before start time',
        ),
        (
            "query_range",
            {"query": "x", "start": "0", "end": "11001", "step": "1"},
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)",
        ),
        ("series", {}, "no match[] parameter provided"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_the_words_of_prometheus(
    server: Prometheus, path: str, parameters: dict[str, str], text: str
) -> None:
    status, answer = await get(server, path, **parameters)

    assert status == 400
    assert answer == {"status": "error", "errorType": "bad_data", "error": text}


async def test_what_cannot_be_executed_is_422(server: Prometheus) -> None:
    server.samples.series({"__name__": "x", "svc": "b"}).append(round(time.time() * 1000), 1.0)

    status, answer = await get(server, "query", query="x + on () x")

    assert (status, answer["errorType"]) == (422, "execution")
    assert "many-to-many matching not allowed" in answer["error"]


async def test_numbers_that_json_has_not_come_as_text(server: Prometheus) -> None:
    _, answer = await get(server, "query", query="vector(NaN) or label_replace(vector(1)/0, 'a', 'b', '', '')")

    assert sorted(row["value"][1] for row in answer["data"]["result"]) == ["+Inf", "NaN"]


async def test_series_labels_and_values_are_listed(server: Prometheus) -> None:
    _, series = await get(server, "series", **{"match[]": 'x{svc="a"}'})
    _, labels = await get(server, "labels", **{"match[]": "x"})
    _, values = await get(server, "label/svc/values")

    assert series["data"] == [{"__name__": "x", "svc": "a"}]
    assert labels["data"] == ["__name__", "svc"]
    assert values["data"] == ["a"]


async def test_the_server_tells_about_itself(server: Prometheus) -> None:
    _, build = await get(server, "status/buildinfo")
    _, config = await get(server, "status/config")
    _, runtime = await get(server, "status/runtimeinfo")
    _, targets = await get(server, "targets")
    status, _ = await get(server, "rules")

    assert build["data"]["version"] == server.version
    assert "scrape_interval: 3600s" in config["data"]["yaml"]
    assert runtime["data"]["storageRetention"] == "2h"
    assert [target["labels"] for target in targets["data"]["activeTargets"]] == [
        {"job": "prometheus", "instance": "localhost:9090"}
    ]
    assert status == 200


async def test_statistics_are_given_when_they_are_asked_for(server: Prometheus) -> None:
    _, answer = await get(server, "query", query="x", stats="all")

    assert answer["data"]["stats"]["timings"]["evalTotalTime"] >= 0


async def test_faults_can_be_switched_on_and_off_while_it_runs(server: Prometheus) -> None:
    async with ClientSession() as client:
        url = f"{server.url}/api/v1/query?query=1"

        server.faults.status = 503
        refused = await client.get(url)
        server.faults.status = 0
        server.faults.html = True
        page = await client.get(url)
        server.faults.html = False
        answer = await client.get(url)

        assert (refused.status, page.content_type, answer.status) == (503, "text/html", 200)


async def test_a_password_is_wanted_when_one_is_set(server: Prometheus) -> None:
    server.faults.username, server.faults.password = "kmon", "secret"
    url = f"{server.url}/api/v1/query?query=1"

    async with ClientSession() as client:
        without = await client.get(url)
        given = await client.get(url, headers={"Authorization": encode_basic_auth("kmon", "secret")})

    assert (without.status, given.status) == (401, 200)


async def test_a_connection_can_be_dropped(server: Prometheus) -> None:
    server.faults.drop = True

    async with ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.post(f"{server.url}/api/v1/query", data={"query": "1"})


async def test_an_answer_can_come_late(server: Prometheus) -> None:
    server.faults.delay_s = 30

    async with ClientSession() as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.get(f"{server.url}/api/v1/query?query=1")

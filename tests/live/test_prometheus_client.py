"""What the Prometheus client makes of servers that misbehave."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kmon_tui.domain.errors import (
    BackendError,
    BadAnswer,
    Forbidden,
    NotFound,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from kmon_tui.live import patience
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.prometheus import Api, PrometheusClient
from kmon_tui.settings import PrometheusSettings, Secret
from tests.live.stories import IRIS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
EMPTY = {"status": "success", "data": {"resultType": "vector", "result": []}}


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve every path by one handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def asked(url: str, query: str = "up", **settings: Any) -> list[Any]:
    client = PrometheusClient(PrometheusSettings(url=url, **settings))
    try:
        return await client.run(lambda api: api.query(query))
    finally:
        await client.aclose()


def answering(body: str, status: int = 200, kind: str = "application/json", **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type=kind, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("handler", "error", "words"),
    [
        (answering("404 page not found", 404, "text/plain"), NotFound, "has no Prometheus API"),
        (answering("<!DOCTYPE html><title>Sign in</title>", 200, "text/html"), BadAnswer, "web page"),
        (answering("<html>", 200, "application/json"), BadAnswer, "web page"),
        (answering("", 401, "text/plain"), Unauthorized, "does not know who asks"),
        (answering("", 403, "text/plain"), Forbidden, "does not allow"),
        (answering('{"hello": "world"}'), BadAnswer, "is not Prometheus"),
        (answering("[1, 2]"), BadAnswer, "is not Prometheus"),
        (answering("PONG", kind="text/plain"), BadAnswer, "is not Prometheus: PONG"),
        (answering(""), BadAnswer, "an empty answer"),
        (answering('{"status":"success","data":{"resultType":"vector","result":[{"me'), BadAnswer, "Prometheus' JSON"),
        (answering('{"status":"success","data":{"result":"none"}}'), BadAnswer, "Prometheus' JSON"),
        (answering('{"status":"error","errorType":"bad_data","error":"parse error"}', 400), BadAnswer, "parse error"),
        (answering('{"status":"error","errorType":"timeout","error":"query timed out"}', 503), TimedOut, "gave up"),
        (answering("upstream down", 502, "text/plain"), BadAnswer, "502: upstream down"),
        (answering("", 504, "text/plain"), TimedOut, "gave up"),
    ],
)
async def test_every_wrong_answer_says_what_it_is_and_what_to_do(
    handler: Handler, error: type[BackendError], words: str
) -> None:
    async with serving(handler) as url:
        with pytest.raises(error) as raised:
            await asked(url)

    assert words in raised.value.message
    assert raised.value.hint


async def test_nobody_there_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with asyncio.timeout(2):
            with pytest.raises(Unreachable, match="connection refused"):
                await asked(url)


async def test_an_unknown_name_is_said() -> None:
    with pytest.raises(Unreachable, match="name is not known"):
        await asked("http://prometheus.invalid:9090")


async def test_a_connection_that_is_dropped_is_said() -> None:
    async def drop(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(drop) as url:
        with pytest.raises(Unreachable, match=r"hung up|connection"):
            await asked(url)


async def test_a_server_that_answers_after_ten_seconds_is_too_slow_and_never_has_two_of_ours() -> None:
    arrived = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        await asyncio.sleep(10)
        return web.json_response(EMPTY)

    async with serving(slow) as url, asyncio.timeout(8):
        client = PrometheusClient(PrometheusSettings(url=url))
        # It may still be at work on the first question, so the second one never reaches it.
        for _ in range(2):
            with pytest.raises(TimedOut, match="too slow") as raised:
                await client.run(lambda api: api.query("up"))
        await client.aclose()

    assert arrived == 1
    assert raised.value.retry_after_s == pytest.approx(10, abs=1)


async def test_a_server_that_works_on_and_on_is_asked_again_only_when_it_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As sixty seconds that ignore ``timeout=``, with all times a twentieth."""
    for name, value in (("SILENCE_S", 0.25), ("SETTLE_S", 0.5), ("LONGEST_SETTLE_S", 1.0)):
        monkeypatch.setattr(patience, name, value)
    running = most = answers = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal running, most, answers
        running += 1
        most = max(most, running)
        await asyncio.sleep(3 if not answers else 0)
        running -= 1
        answers += 1
        return web.json_response(EMPTY)

    found: list[Any] | None = None
    told = 0
    async with serving(slow) as url, asyncio.timeout(10):
        client = PrometheusClient(PrometheusSettings(url=url))
        while found is None:
            try:
                found = await client.run(lambda api: api.query("up"))
            except TimedOut:
                told += 1
                await asyncio.sleep(0.1)
        await client.aclose()

    assert (most, answers, found) == (1, 2, [])
    assert told > 10


async def test_a_job_that_nobody_waits_for_asks_nothing_more() -> None:
    arrived = 0
    first = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        first.set()
        await asyncio.sleep(0.2)
        return web.json_response(EMPTY)

    async with serving(handler) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        jobs = [asyncio.create_task(client.run(lambda api: [api.query("up") for _ in range(5)]))]
        await first.wait()
        jobs[0].cancel()
        assert await client.run(lambda api: api.query("up")) == []
        await client.aclose()
        assert jobs[0].cancelled()

    assert arrived == 2


async def test_a_slow_server_is_left_alone_also_by_whoever_opens_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SILENCE_S", 0.2)
    arrived = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        await asyncio.sleep(1)
        return web.json_response(EMPTY)

    async with serving(slow) as url:
        for _ in range(2):
            with pytest.raises(TimedOut):
                await asked(url)

    assert arrived == 1


async def test_whoever_asks_the_same_server_anew_waits_for_what_it_still_works_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when other matchers are chosen: behind a proxy it may not notice that nobody wants the first answer."""
    monkeypatch.setattr(patience, "SILENCE_S", 1.0)
    at_work: list[asyncio.Task[None]] = []
    most = 0
    first = asyncio.Event()

    async def works(request: web.Request) -> web.Response:
        nonlocal most
        at_work.append(asyncio.create_task(asyncio.sleep(0.8)))
        most = max(most, sum(not one.done() for one in at_work))
        first.set()
        await asyncio.shield(at_work[-1])
        return web.json_response(EMPTY)

    async with serving(works) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        question = asyncio.create_task(client.run(lambda api: api.query("up")))
        await first.wait()
        question.cancel()
        await client.aclose()
        assert await asked(url) == []

    assert (len(at_work), most) == (2, 1)


async def test_closing_does_not_wait_for_a_server_that_hangs() -> None:
    asked_once = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        asked_once.set()
        await asyncio.sleep(10)
        return web.json_response(EMPTY)

    async with serving(hang) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        question = asyncio.create_task(client.run(lambda api: api.query("up")))
        await asked_once.wait()
        async with asyncio.timeout(1):
            await client.aclose()
            with pytest.raises(BackendError):
                await question


async def test_an_answer_that_is_cut_is_an_error() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"status":"success"')
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(cut) as url:
        with pytest.raises(Unreachable, match="broke off"):
            await asked(url)


async def test_user_and_password_of_the_url_are_sent_and_never_shown() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=500, text="no")

    async with serving(handler) as url:
        secret = url.replace("http://", "http://ann:s%40cret@")
        client = PrometheusClient(PrometheusSettings(url=secret))
        with pytest.raises(BackendError) as raised:
            await client.run(lambda api: api.query("up"))
        await client.aclose()

    assert seen == ["Basic YW5uOnNAY3JldA=="]
    assert client.address.url == url
    assert "s@cret" not in f"{raised.value} {raised.value.hint} {client.address!r}"


async def test_a_token_is_read_anew_for_each_question(tmp_path: Path) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.json_response(EMPTY)

    file = tmp_path / "token"
    file.write_text("one\n")
    async with serving(handler) as url:
        client = PrometheusClient(PrometheusSettings(url=url, bearer_token_file=file))
        await client.run(lambda api: api.query("up"))
        file.write_text("two\n")
        await client.run(lambda api: api.query("up"))
        await client.aclose()

    assert seen == ["Bearer one", "Bearer two"]


async def test_headers_do_not_follow_a_redirect_to_another_host() -> None:
    seen: list[str | None] = []

    async def other(request: web.Request) -> web.Response:
        seen.append(request.headers.get("X-Scope-OrgID"))
        return web.json_response(EMPTY)

    async with serving(other) as elsewhere:
        away = elsewhere.replace("127.0.0.1", "localhost")

        async def redirect(request: web.Request) -> web.Response:
            raise web.HTTPFound(f"{away}/api/v1/query?query=up")

        async with serving(redirect) as url:
            await asked(url, headers=(("X-Scope-OrgID", Secret("tenant")),))

    assert seen == [None]


async def test_a_redirect_to_a_page_or_to_nowhere_names_the_host_and_nothing_else() -> None:
    async with serving(answering("<html>Sign in", kind="text/html")) as elsewhere:
        page = elsewhere.replace("127.0.0.1", "localhost")
        for target in (page, "http://login.invalid"):
            async with serving(answering("", 302, Location=f"{target}/login?secret=yes")) as url:
                with pytest.raises(BackendError) as raised:
                    await asked(url)

            assert f"{url} redirects to {target.removeprefix('http://')}, " in raised.value.message
            assert "secret" not in raised.value.message + raised.value.hint


async def test_the_order_of_the_parts_of_an_answer_means_nothing() -> None:
    body = '{\n "data": {"resultType": "vector", "result": []},\n "status": "success"}'
    async with serving(answering(body)) as url:
        assert await asked(url) == []


@pytest.mark.parametrize(
    ("said", "warned"),
    [
        ('"warnings":["store 10.0.0.1 is down"]', ("store 10.0.0.1 is down",)),
        ('"warnings":["PromQL info: metric might not be a counter"]', ()),
        ('"infos":["PromQL info: metric might not be a counter"],"warnings":null', ()),
        ('"isPartial":true', ("the answer is partial",)),
        ('"isPartial":false', ()),
    ],
)
async def test_what_an_answer_warns_of_is_kept_until_the_next_tick(said: str, warned: tuple[str, ...]) -> None:
    body = '{"status":"success",' + said + ',"data":{"resultType":"vector","result":[]}}'
    async with serving(answering(body)) as url:
        client = PrometheusClient(PrometheusSettings(url=url))

        def look(api: Api) -> list[tuple[str, ...]]:
            api.query("up")
            found = [api.warnings]
            api.begin()
            return [*found, api.warnings]

        try:
            assert await client.run(look) == [warned, ()]
        finally:
            await client.aclose()


async def test_a_long_question_is_sent_as_a_form() -> None:
    seen: list[tuple[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        form = await request.post()
        seen.append((request.method, str(form.get("query", ""))[:2]))
        return web.json_response(EMPTY)

    async with serving(handler) as url:
        await asked(url, "up" + " " * 5000)

    assert seen == [("POST", "up")]


@pytest.mark.parametrize("status", [403, 405])
async def test_where_no_form_may_be_sent_a_long_question_is_part_of_the_address(status: int) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.method)
        return web.json_response(EMPTY) if request.method == "GET" else web.Response(status=status)

    async with serving(handler) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        found = await client.run(lambda api: [api.query("up" + " " * 5000) for _ in range(2)])
        await client.aclose()

    assert (found, seen) == ([[], []], ["POST", "GET", "GET"])


async def test_every_question_carries_a_timeout_and_none_runs_beside_another() -> None:
    running = most = 0
    timeouts = set()

    async def handler(request: web.Request) -> web.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        timeouts.add(request.query.get("timeout"))
        await asyncio.sleep(0.02)
        running -= 1
        return web.json_response(EMPTY)

    async with serving(handler) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        await asyncio.gather(*(client.run(lambda api: api.query("up")) for _ in range(5)))
        await client.aclose()

    assert (most, timeouts) == (1, {"4s"})


async def test_another_way_than_tcp_can_be_put_below() -> None:
    from requests.adapters import BaseAdapter

    class Dead(BaseAdapter):  # type: ignore[misc]  # requests has no types here
        def send(self, request: Any, **options: Any) -> Any:
            raise ConnectionResetError("tunnel")

        def close(self) -> None:
            """Nothing is open."""

    client = PrometheusClient(PrometheusSettings(url="http://prometheus.monitoring:9090"), adapter=Dead)
    with pytest.raises(Unreachable, match="connection reset"):
        await client.run(lambda api: api.query("up"))
    await client.aclose()


def test_nothing_heavy_is_imported_before_the_first_question() -> None:
    code = (
        "import sys, kmon_tui.live.metrics; print({'requests', 'prometheus_api_client', 'aiohttp'} & set(sys.modules))"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert told.stdout.strip() == "set()"


ODD_SERIES = [
    '{"metric":{},"value":[1,"1"]}',
    '{"metric":{"__name__":"kserve_request_count"},"value":[1,"many"]}',
]


@pytest.mark.parametrize("series", ODD_SERIES, ids=["without a name", "no number"])
async def test_series_that_nobody_asked_for_are_a_bad_answer_and_no_bug(series: str) -> None:
    body = '{"status":"success","data":{"resultType":"vector","result":[' + series + "]}}"
    async with serving(answering(body)) as url:
        metrics = PrometheusMetrics(PrometheusSettings(url=url))
        try:
            with pytest.raises(BadAnswer, match=re.escape(url)):
                await metrics.measure((IRIS,), IRIS.key, 900)
        finally:
            await metrics.aclose()


async def test_series_that_hold_no_samples_are_nothing_known_and_no_bug() -> None:
    series = '{"metric":{"__name__":"request_predict_seconds_count"},"value":[1,"1"]}'
    body = '{"status":"success","data":{"resultType":"vector","result":[' + series + "]}}"
    async with serving(answering(body)) as url:
        metrics = PrometheusMetrics(PrometheusSettings(url=url))
        try:
            found = await metrics.measure((IRIS,), IRIS.key, 900)
        finally:
            await metrics.aclose()

    assert found.prometheus.url == url
    assert found.traffic is None

"""The garbage collector is paused while numbers are made, and never while somebody is waited for."""

from __future__ import annotations

import gc

from aiohttp import web

from kmon_tui.live.paused_gc import PausedGc
from kmon_tui.live.prometheus import Api, PrometheusClient
from kmon_tui.settings import PrometheusSettings
from tests.live.test_prometheus_client import EMPTY, serving


async def test_the_collector_works_while_an_answer_is_waited_for_and_rests_while_it_is_read() -> None:
    while_waiting: list[bool] = []
    in_the_job: list[bool] = []

    async def answer(request: web.Request) -> web.Response:
        while_waiting.append(gc.isenabled())
        return web.json_response(EMPTY)

    def job(api: Api) -> None:
        in_the_job.append(gc.isenabled())
        api.query("up")
        in_the_job.append(gc.isenabled())

    async with serving(answer) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        try:
            await client.run(job)
        finally:
            await client.aclose()

    assert (while_waiting, in_the_job) == ([True], [False, False])
    assert gc.isenabled()


def test_a_collector_that_somebody_else_paused_stays_paused() -> None:
    gc.disable()
    try:
        with PausedGc() as _, PausedGc().lifted():
            inside = gc.isenabled()
        after = gc.isenabled()
    finally:
        gc.enable()

    assert (inside, after) == (False, False)

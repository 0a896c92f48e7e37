"""Prometheus' HTTP API over samples: queries and what a client asks about the server itself."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from kmon_tui.sandbox.prometheus_faults import PrometheusFaults
from kmon_tui.sandbox.prometheus_json import instant_data, range_data
from kmon_tui.sandbox.prometheus_requests import duration_ms, range_asked, time_ms
from kmon_tui.sandbox.promql import Engine, PromqlError, Samples
from kmon_tui.sandbox.promql.values import NAME

_STATUS = {"bad_data": 400, "execution": 422, "timeout": 503, "canceled": 503, "not_found": 404}


class About(Protocol):
    """What the API tells of the server around it."""

    version: str
    faults: PrometheusFaults
    alerts: list[dict[str, Any]]
    clock: Callable[[], float]

    def targets(self) -> dict[str, Any]:
        """Give ``data`` of /targets."""

    def metadata(self) -> dict[str, Any]:
        """Give ``data`` of /metadata: type and help by metric."""

    def status(self, what: str) -> dict[str, Any] | None:
        """Give ``data`` of /status/WHAT; None for an unknown one."""

    def own_metrics(self) -> str:
        """Give the page of its own /metrics."""


class Api:
    """The handlers."""

    def __init__(self, samples: Samples, engine: Engine, about: About) -> None:
        self._samples = samples
        self._engine = engine
        self._about = about

    def application(self) -> web.Application:
        """Make the aiohttp application."""
        app = web.Application(middlewares=[self._with_faults], client_max_size=8 * 2**20)
        for path, handler in (
            ("query", self._query),
            ("query_range", self._query_range),
            ("series", self._series),
            ("labels", self._labels),
        ):
            app.router.add_get(f"/api/v1/{path}", _answered(handler))
            app.router.add_post(f"/api/v1/{path}", _answered(handler))
        app.router.add_get("/api/v1/label/{name}/values", _answered(self._label_values))
        app.router.add_get("/api/v1/targets", _answered(self._targets))
        app.router.add_get("/api/v1/metadata", _answered(self._metadata))
        app.router.add_get("/api/v1/rules", _answered(self._rules))
        app.router.add_get("/api/v1/alerts", _answered(self._alerts))
        app.router.add_get("/api/v1/alertmanagers", _answered(self._alertmanagers))
        app.router.add_get("/api/v1/status/{what}", _answered(self._status))
        app.router.add_get("/metrics", self._own_metrics)
        for path, text in (("ready", "Prometheus Server is Ready.\n"), ("healthy", "Prometheus Server is Healthy.\n")):
            app.router.add_get(f"/-/{path}", _text(text))
        app.router.add_post("/-/reload", _text(""))
        app.router.add_get("/", _redirect)
        return app

    @web.middleware
    async def _with_faults(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        refused = await self._about.faults.act(request)
        if refused is not None:
            return refused
        answer = await handler(request)
        if self._about.faults.half_body and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            return web.Response(body=answer.body[: len(answer.body) // 2], content_type="application/json")
        return answer

    async def _query(self, request: web.Request) -> Any:
        parameters = await _parameters(request)
        now_ms = round(time.time() * 1000)
        at_ms = time_ms(parameters, "time", round(self._about.clock() * 1000))
        if parameters.get("timeout"):
            duration_ms(parameters["timeout"], "timeout")
        try:
            data = instant_data(self._engine.instant(parameters.get("query", ""), at_ms), at_ms)
        except PromqlError as error:
            if error.kind == "bad_data" and not error.message.startswith("invalid parameter"):
                raise PromqlError(f'invalid parameter "query": {error.message}', "bad_data") from error
            raise
        return self._maybe_with_stats(data, parameters, now_ms)

    async def _query_range(self, request: web.Request) -> Any:
        parameters = await _parameters(request)
        now_ms = round(time.time() * 1000)
        asked = range_asked(parameters)
        if parameters.get("timeout"):
            duration_ms(parameters["timeout"], "timeout")
        vector = self._engine.range(parameters.get("query", ""), asked.start_ms, asked.end_ms, asked.step_ms)
        return self._maybe_with_stats(range_data(vector, asked.start_ms, asked.step_ms), parameters, now_ms)

    def _maybe_with_stats(self, data: dict[str, Any], parameters: Mapping[str, str], since_ms: int) -> dict[str, Any]:
        if self._about.faults.empty and data["resultType"] in ("vector", "matrix"):
            data = {**data, "result": []}
        if parameters.get("stats"):
            took_s = max(0.0, time.time() - since_ms / 1000)
            points = sum(len(row.get("values", (1,))) for row in data["result"] if isinstance(row, dict))
            data["stats"] = {
                "timings": {
                    "evalTotalTime": took_s,
                    "resultSortTime": 0,
                    "queryPreparationTime": 0,
                    "innerEvalTime": took_s,
                    "execQueueTime": 0,
                    "execTotalTime": took_s,
                },
                "samples": {"totalQueryableSamples": points, "peakSamples": points},
            }
        return data

    async def _series(self, request: web.Request) -> Any:
        selectors = await _selectors(request)
        if not selectors:
            raise PromqlError("no match[] parameter provided", "bad_data")
        return [series.labels for series in self._matching(selectors)]

    async def _labels(self, request: web.Request) -> Any:
        chosen = self._matching(await _selectors(request))
        return sorted({name for series in chosen for name in series.labels})

    async def _label_values(self, request: web.Request) -> Any:
        name = request.match_info["name"]
        selectors = await _selectors(request)
        if name == NAME and not selectors:
            return self._samples.names()
        return sorted({s.labels[name] for s in self._matching(selectors) if name in s.labels})

    def _matching(self, selectors: list[str]) -> list[Any]:
        if not selectors:
            return list(self._samples)
        found = {id(s): s for text in selectors for s in self._engine.matching(text)}
        return list(found.values())

    async def _targets(self, request: web.Request) -> Any:
        data = self._about.targets()
        state = request.query.get("state", "any")
        if state == "active":
            return {"activeTargets": data["activeTargets"], "droppedTargets": []}
        return data if state == "any" else {"activeTargets": [], "droppedTargets": data["droppedTargets"]}

    async def _metadata(self, request: web.Request) -> Any:
        wanted = request.query.get("metric")
        data = self._about.metadata()
        return data if wanted is None else {wanted: data[wanted]} if wanted in data else {}

    async def _rules(self, request: web.Request) -> Any:
        return {"groups": []}

    async def _alerts(self, request: web.Request) -> Any:
        return {"alerts": list(self._about.alerts)}

    async def _alertmanagers(self, request: web.Request) -> Any:
        return {"activeAlertmanagers": [], "droppedAlertmanagers": []}

    async def _status(self, request: web.Request) -> Any:
        data = self._about.status(request.match_info["what"])
        if data is None:
            raise web.HTTPNotFound(text="404 page not found\n")
        return data

    async def _own_metrics(self, request: web.Request) -> web.Response:
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(text=self._about.own_metrics(), headers=headers)


def _answered(handler: Callable[[web.Request], Awaitable[Any]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Wrap what a handler gives, or the error it raises, as Prometheus does."""

    async def answer(request: web.Request) -> web.Response:
        try:
            body = {"status": "success", "data": await handler(request)}
        except PromqlError as error:
            body = {"status": "error", "errorType": error.kind, "error": error.message}
            return web.json_response(body, status=_STATUS.get(error.kind, 422))
        text = json.dumps(body, separators=(",", ":"))
        return web.Response(text=text, content_type="application/json")

    return answer


def _text(text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text)

    return answer


async def _redirect(request: web.Request) -> web.Response:
    raise web.HTTPFound("/graph")


async def _parameters(request: web.Request) -> dict[str, str]:
    given = dict(request.query)
    if request.method == "POST":
        given.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    return given


async def _selectors(request: web.Request) -> list[str]:
    found = request.query.getall("match[]", [])
    if request.method == "POST":
        found += [value for value in (await request.post()).getall("match[]", []) if isinstance(value, str)]
    return found

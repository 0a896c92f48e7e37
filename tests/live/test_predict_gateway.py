"""Requests to models through a gateway: one that is named, or one inside of the cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.predict import Via
from tests.live.predict_models import IRIS, REQUEST, behind_pods, forwards, model, sent
from tests.live.prometheus_pods import pod


async def test_a_gateway_is_asked_with_the_host_of_the_service(tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path, ingress=f"http://127.0.0.1:{served.port}") as (p, _):
        answer = await sent(p, replace(REQUEST, via=Via.INGRESS))

    assert answer.ok
    assert served.asked[0][1]["host"] == "iris.default.example.com"


async def test_a_gateway_that_knows_no_such_host_is_explained(tmp_path: Path) -> None:
    async def istio(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404, headers={"server": "istio-envoy"})

    async with model(istio) as served, behind_pods(served, tmp_path, ingress=f"127.0.0.1:{served.port}") as (p, _):
        answer = await sent(p, replace(REQUEST, via=Via.INGRESS))

    assert "Istio's gateway knows no service with the Host iris.default.example.com" in answer.error


async def test_a_gateway_must_be_named(tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path) as (predictor, _):
        with pytest.raises(SettingsError, match="no gateway is named"):
            await predictor.prepare(IRIS, None, Via.INGRESS)


GATEWAY = {"istio": "ingressgateway"}


def istio() -> tuple[dict[str, Any], dict[str, Any]]:
    """Make Istio's gateway as its chart does."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "istio-ingressgateway", "namespace": "istio-system"},
        "spec": {"selector": GATEWAY, "ports": [{"name": "http2", "port": 80, "targetPort": 8080}]},
    }
    return service, pod("istio-system", "gateway-1", GATEWAY)


@pytest.mark.parametrize("named", [None, "http://istio-ingressgateway.istio-system.svc"])
async def test_a_gateway_in_the_cluster_is_reached_through_a_tunnel(named: str | None, tmp_path: Path) -> None:
    async with model() as served, behind_pods(served, tmp_path, *istio(), ingress=named) as (predictor, sandbox):
        answer = await sent(predictor, replace(REQUEST, via=Via.INGRESS))

    assert answer.ok, answer.error
    assert served.asked[0][1]["host"] == "iris.default.example.com"
    assert forwards(sandbox) == ["gateway-1"]


async def test_a_gateway_that_is_not_in_the_cluster_is_said(tmp_path: Path) -> None:
    named = "http://contour.projectcontour.svc"
    async with model() as served, behind_pods(served, tmp_path, ingress=named) as (predictor, _):
        answer = await sent(predictor, replace(REQUEST, via=Via.INGRESS))

    assert answer.error == "there is no gateway projectcontour/contour"

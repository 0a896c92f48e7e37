"""Istio's gateway as callers meet it: the Host says which service is meant; one that is scaled to zero is woken.

It lets the activator's part go with its own: a request to a service without a pod waits until there is one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.models_pod import LLM_PORT, MODEL_PORT, QUEUE_PORT
from kmon_tui.sandbox.world_actor import Actor
from kmon_tui.sandbox.world_state import ServiceState

NAMESPACE, NAME = "istio-system", "istio-ingressgateway"
PORT = 8080
_SERVER = {"server": "istio-envoy"}


class Gateway:
    """Leads requests to the services of a world, those that come later too."""

    def __init__(self, models: Models, actors: Mapping[tuple[str, str, str], Actor]) -> None:
        self._models = models
        self._actors = actors

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as the service does, or as Envoy does where there is none."""
        host = request.headers.get("Host", "").partition(":")[0]
        actor = next((one for one in self._actors.values() if host in _hosts(one.state)), None)
        if actor is None or actor.state.stage in ("none", "stopped"):
            return web.Response(status=404, headers=_SERVER)
        state = actor.state
        if state.stage == "cold" and not state.ready_pods(state.entry):
            await actor.scale(state.entry, 1)
        ready = [pod for pod in state.ready_pods(state.entry) if (state.namespace, pod.name) in self._models]
        if not ready:
            return web.Response(status=503, text="no healthy upstream", headers=_SERVER)
        pod = self._models[state.namespace, random.choice(ready).name]
        port = QUEUE_PORT if state.mode == "knative" else LLM_PORT if state.mode == "llm" else MODEL_PORT
        response = await pod.answer(request, port)
        if not response.prepared:
            response.headers.update(_SERVER)
        return response


def service_object(created: str) -> dict[str, Any]:
    """Make the Kubernetes service that people name when they mean the gateway."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "creationTimestamp": created},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"istio": "ingressgateway"},
            "ports": [{"name": "http2", "port": 80, "protocol": "TCP", "targetPort": PORT}],
        },
    }


def _hosts(state: ServiceState) -> tuple[str, ...]:
    """Give the names under which a service is called: as Knative makes them, and as KServe does in Standard mode."""
    return tuple(f"{state.name}{joint}{state.namespace}.example.com" for joint in (".", "-"))

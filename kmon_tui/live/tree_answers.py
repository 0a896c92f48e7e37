"""What the model of a service that says Ready answers when it is asked whether it is: Ready is not yet serving.

Brings httpx, which takes 50 ms and five megabytes: loaded when there is something to ask (see ``tree_question.py``).
"""

from __future__ import annotations

import asyncio

from kmon_tui.domain.errors import BackendError
from kmon_tui.domain.tree import Answer
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.lean_httpx import httpx
from kmon_tui.live.pod_route import PodPort, PodRoute
from kmon_tui.live.pod_tunnels import PodTunnels
from kmon_tui.live.predict_transport import TunnelTransport

PATIENCE_S = 3.0
"""The tree does not wait longer for what the model says."""
MOST_TEXT = 500


async def ask(client: KubeClient, place: PodPort, https: bool, path: str) -> tuple[Answer, ...]:
    """Ask; empty when there is no way to the pod, which tells nothing of the model."""
    answer = await _get(client, place, f"{'https' if https else 'http'}://{place.pod}{path}")
    return () if answer is None else (Answer(path, answer.status_code, answer.text[:MOST_TEXT], place.pod),)


async def _get(client: KubeClient, place: PodPort, url: str) -> httpx.Response | None:
    """Give the answer; None when there is no way to the pod."""

    async def find(_before: PodPort | None) -> PodPort:
        return place

    tunnel = Ask("create", "pods/portforward", place.namespace)
    async with asyncio.TaskGroup() as tasks:
        route = PodRoute(PodTunnels(client), find, tasks)
        try:
            client.refusals.check(tunnel)
            async with (
                asyncio.timeout(PATIENCE_S),
                httpx.AsyncClient(transport=TunnelTransport(route, 1), trust_env=False) as http,
            ):
                return await http.get(url, timeout=PATIENCE_S)
        except BackendError as error:
            client.refusals.remember(tunnel, error)
            return None
        except (httpx.HTTPError, TimeoutError):
            return None
        finally:
            route.close()

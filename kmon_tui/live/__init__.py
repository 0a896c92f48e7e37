"""The real outside: the Kubernetes API, Prometheus, the pods. The only network code.

Here belongs every foreign protocol and the translation of foreign errors.
Never: text for a screen, decisions about what a fact means.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager

from kmon_tui.backend import Backend
from kmon_tui.settings import PrometheusSettings, Settings
from kmon_tui.settings.paths import paths_of

_HEAVY = ("kmon_tui.live.cluster", "kmon_tui.live.metrics", "kmon_tui.live.in_cluster")


@asynccontextmanager
async def open_backend(settings: Settings) -> AsyncGenerator[Backend]:
    """Open the cluster that the settings name, and Prometheus: the one that is named, or the one in the cluster.

    Nothing is asked of the network yet: what the outside does wrong arrives in
    the streams. The heavy packages are imported in a thread, so the screen goes
    on meanwhile. Raises SettingsError when the configuration cannot work.
    """
    for name in _HEAVY:
        await asyncio.to_thread(importlib.import_module, name)
    from kmon_tui.live.cluster import KubeCluster
    from kmon_tui.live.in_cluster import InClusterMetrics, names_a_service
    from kmon_tui.live.kube import KubeClient
    from kmon_tui.live.kubeconfig import find_access
    from kmon_tui.live.metrics import PrometheusMetrics
    from kmon_tui.live.predict_late import LatePredictor

    async with AsyncExitStack() as stack:
        access = find_access(settings.kube)
        client = KubeClient(access, answer_s=settings.kube.request_timeout_s)
        stack.push_async_callback(client.close)

        def metrics_at(
            prometheus: PrometheusSettings,
        ) -> AbstractAsyncContextManager[PrometheusMetrics | InClusterMetrics]:
            if prometheus.url and not names_a_service(prometheus.url):
                return aclosing(PrometheusMetrics(prometheus))
            return InClusterMetrics(client, access.own_namespace, prometheus)

        metrics = await stack.enter_async_context(metrics_at(settings.prometheus))
        data = paths_of(os.environ).data
        late = LatePredictor(client, settings.predict, data, access.place.context)
        yield Backend(
            place=access.place,
            cluster=KubeCluster(client, access),
            metrics=metrics,
            measures=metrics,
            metrics_at=metrics_at,
            predictor=await stack.enter_async_context(late),
        )

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
from dataclasses import replace
from fnmatch import fnmatchcase

from kmon_tui.backend import Backend
from kmon_tui.live.heap import one_heap
from kmon_tui.live.quiet_gc import thaw
from kmon_tui.settings import PrometheusSettings, Settings
from kmon_tui.settings.paths import paths_of

_HEAVY = tuple(f"kmon_tui.live.{name}" for name in ("cluster", "deployer", "forwards", "in_cluster", "metrics"))


@asynccontextmanager
async def open_backend(settings: Settings, rate: tuple[float, int] | None = None) -> AsyncGenerator[Backend]:
    """Open the cluster that the settings name, and Prometheus: the one that is named, or the one in the cluster.

    Nothing is asked of the network yet: what the outside does wrong arrives in
    the streams. The heavy packages are imported in a thread, so the screen goes
    on meanwhile. ``rate``: requests per second and in one burst that the API server is asked; None: what it can always
    bear. Raises SettingsError when the configuration cannot work.
    """
    one_heap()  # before there are threads
    thaw()  # what the context before this one has left behind
    for name in _HEAVY:
        await asyncio.to_thread(importlib.import_module, name)
    from kmon_tui.live.audit import FILE, Audit
    from kmon_tui.live.cluster import KubeCluster
    from kmon_tui.live.deployer import KubeDeployer
    from kmon_tui.live.doctor_late import LateDoctor
    from kmon_tui.live.forwards import KubeForwards
    from kmon_tui.live.in_cluster import InClusterMetrics, names_a_service
    from kmon_tui.live.inside import LateLogs, LateTrees
    from kmon_tui.live.kube import KubeClient
    from kmon_tui.live.kubeconfig import find_access
    from kmon_tui.live.metrics import PrometheusMetrics
    from kmon_tui.live.predict_late import LatePredictor
    from kmon_tui.live.ratelimit import RateLimit
    from kmon_tui.live.rights import KubeRights
    from kmon_tui.live.scrape.pages import Pages
    from kmon_tui.live.scrape.scraper import Scraper
    from kmon_tui.live.scrape.with_pods import WithPods, with_pods

    async with AsyncExitStack() as stack:
        access = find_access(settings.kube)
        here = replace(settings.kube, context=access.place.context or None)  # another one may be current by then
        client = KubeClient(
            access,
            answer_s=settings.kube.request_timeout_s,
            rate=RateLimit(*rate) if rate else None,
            read_again=lambda: find_access(here),
        )
        stack.push_async_callback(client.close)
        scraper = Scraper(Pages(client))

        def metrics_at(
            prometheus: PrometheusSettings,
        ) -> AbstractAsyncContextManager[WithPods]:
            opened: AbstractAsyncContextManager[PrometheusMetrics | InClusterMetrics]
            if prometheus.url and not names_a_service(prometheus.url):
                opened = aclosing(PrometheusMetrics(prometheus))
            else:
                opened = InClusterMetrics(client, access.own_namespace, prometheus)
            return with_pods(opened, scraper, wanted=settings.scrape_pods)

        metrics = await stack.enter_async_context(metrics_at(settings.prometheus))
        data = paths_of(os.environ).data
        late = LatePredictor(client, settings.predict, data, access.place.context)
        why = "kmon-tui runs read-only (by flag or config file)" if settings.read_only else ""
        if settings.forced_read_only:
            why = f"this machine is read-only for kmon-tui ({paths_of(os.environ).system_config}); no flag changes that"
        protected = any(fnmatchcase(access.place.context, pattern) for pattern in settings.protected_contexts)
        place = replace(access.place, read_only=why, protected=protected)
        audit = Audit(paths_of(os.environ).state / FILE, place, settings.kube.as_user or "")
        yield Backend(
            place=place,
            cluster=KubeCluster(client, access),
            metrics=metrics,
            measures=metrics,
            metrics_at=metrics_at,
            deployer=KubeDeployer(client, place, access.own_namespace, audit, why),
            doctor=LateDoctor(client, access.place.context, access.own_namespace),
            tunnels=KubeForwards(client, access.own_namespace),
            rights=KubeRights(client),
            trees=LateTrees(client, metrics.memory_peaks),
            logs=LateLogs(client),
            predictor=await stack.enter_async_context(late),
        )

"""Child program: list every InferenceService once, `ours` or `theirs`, and print CPU seconds and MB as JSON.

Imports are done before the clock starts: they are the first paint's business.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import aclosing

from tests.e2e.processes import rss_mb


def main(way: str, kubeconfig: str) -> None:
    """List in one of the two ways."""
    listing = {"ours": ours, "theirs": theirs}[way](kubeconfig)
    gc.collect()
    before_mb, before_s = rss_mb(os.getpid()), time.process_time()
    kept = listing()
    took_s = time.process_time() - before_s
    gc.collect()
    print(json.dumps({"cpu_s": took_s, "mb": rss_mb(os.getpid()) - before_mb, "services": len(kept)}))


def ours(kubeconfig: str) -> Callable[[], list[object]]:
    """Prepare to list as kmon-tui does, into domain values."""
    from kmon_tui.live import open_backend
    from kmon_tui.settings import KubeSettings, Settings

    settings = Settings(kube=KubeSettings(kubeconfig=kubeconfig, all_namespaces=True))

    async def listing() -> list[object]:
        async with open_backend(settings) as backend, aclosing(backend.cluster.watch()) as fleets:
            async for fleet in fleets:
                if fleet.synced:
                    return list(fleet.services)
        return []

    async def opening() -> None:
        async with open_backend(settings):
            pass  # this imports what is needed; nothing is asked of the cluster

    asyncio.run(opening())
    return lambda: asyncio.run(listing())


def theirs(kubeconfig: str) -> Callable[[], list[object]]:
    """Prepare to list as the official client does, into dicts."""
    from kubernetes import client, config

    config.load_kube_config(kubeconfig)
    api = client.CustomObjectsApi()
    answers = []

    def listing() -> list[object]:
        answers.append(api.list_cluster_custom_object("serving.kserve.io", "v1beta1", "inferenceservices"))
        return list(answers[0]["items"])

    return listing


if __name__ == "__main__":
    main(*sys.argv[1:3])

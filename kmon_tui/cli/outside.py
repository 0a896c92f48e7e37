"""The way to the backend: the real one, imported when it is opened, or a sandbox that lives as long as the call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from kmon_tui.backend import Backend, OpenBackend
from kmon_tui.cli.demo import DemoSandbox
from kmon_tui.cli.start import Start, settle
from kmon_tui.settings import PrometheusSettings, Settings


@asynccontextmanager
async def open_live(settings: Settings) -> AsyncGenerator[Backend, None]:
    """Open the real outside; it loads its heavy modules in a thread, for the screen is up by then."""
    from kmon_tui.live import open_backend

    async with open_backend(settings) as backend:
        yield backend


@contextmanager
def opener(start: Start, settings: Settings) -> Generator[OpenBackend, None, None]:
    """Give what opens the backend; with --demo a sandbox, started at the first opening and gone at the end."""
    if not settings.demo:
        yield open_live
        return
    sandbox = DemoSandbox(start.log)

    @asynccontextmanager
    async def open_demo(settings: Settings) -> AsyncGenerator[Backend, None]:
        addresses = await sandbox.addresses()
        kube = replace(settings.kube, kubeconfig=addresses.kubeconfig)
        prometheus = PrometheusSettings(url=addresses.prometheus_url, found_by="demo")
        async with open_live(replace(settings, kube=kube, prometheus=prometheus)) as backend:
            yield backend

    try:
        yield open_demo
    finally:
        sandbox.close()


@contextmanager
def outside(start: Start) -> Generator[tuple[OpenBackend, Settings], None, None]:
    """Begin a one-shot: its settings, its log, the words on what is wrong with them, and the way to the backend."""
    settings, _ = settle(start, start.configure())
    start.open_log(settings)
    start.say_notes()
    with opener(start, settings) as open_backend:
        yield open_backend, settings

"""The sandbox's Prometheus with a past that a test told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.prometheus_config import Configuration
from kmon_tui.sandbox.promql.values import NAME
from tests.live.stories import Story

Serve: TypeAlias = Callable[[Story], AbstractAsyncContextManager[str]]
"""Serves a story and gives the URL."""


@asynccontextmanager
async def serve_by_sandbox(story: Story) -> AsyncIterator[str]:
    """Serve it by the sandbox's evaluator."""
    async with sandboxed(story) as server:
        yield server.url


@asynccontextmanager
async def sandboxed(story: Story) -> AsyncIterator[Prometheus]:
    """Give the server itself, for its faults."""
    async with Prometheus(Configuration("scrape_configs: []", (), 15.0), list, _no_page) as server:
        for name, tracks in story.series.items():
            for labels, samples in tracks:
                series = server.samples.series({NAME: name, **labels})
                for at_s, value in samples:
                    series.append(round(at_s * 1000), value)
        yield server


def _no_page(address: str, path: str) -> str:
    raise LookupError(f"nothing is scraped: {address}{path}")

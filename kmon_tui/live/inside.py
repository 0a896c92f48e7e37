"""The inside of services: what lies below them and what their containers write; loaded when somebody asks for it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from kmon_tui.backend import Stream, Troubled
from kmon_tui.domain.service import Key
from kmon_tui.live.kube import KubeClient

if TYPE_CHECKING:
    from kmon_tui.domain.logs import LogLine, LogRequest, LogView
    from kmon_tui.domain.tree import ObjectTree
    from kmon_tui.live.tree_peaks import PeaksOf
    from kmon_tui.live.trees import KubeTrees


class LateTrees:
    """The Trees of backend.py."""

    def __init__(self, client: KubeClient, peaks_of: PeaksOf | None = None) -> None:
        """``peaks_of`` tells how much memory a container used that was killed for it; None: nobody does."""
        self._client, self._peaks_of = client, peaks_of
        self._trees: KubeTrees | None = None

    async def _loaded(self) -> KubeTrees:
        if self._trees is None:
            await asyncio.to_thread(importlib.import_module, "kmon_tui.live.tree_reasons")
            from kmon_tui.live.trees import KubeTrees

            self._trees = KubeTrees(self._client, peaks_of=self._peaks_of)
        return self._trees

    async def watch(self, key: Key) -> Stream[ObjectTree]:
        """Stream the tree of one service."""
        async with aclosing((await self._loaded()).watch(key)) as trees:
            async for tree in trees:
                yield tree

    async def look(self, key: Key) -> ObjectTree:
        """Read it once."""
        return await (await self._loaded()).look(key)

    async def reasons(self, troubled: Troubled, *, at_once: bool = True) -> Stream[Mapping[Key, ObjectTree]]:
        """Stream trees of the services in trouble."""
        while not troubled.rows:
            await troubled.changed()
        async with aclosing((await self._loaded()).reasons(troubled, at_once=at_once)) as found:
            async for trees in found:
                yield trees


class LateLogs:
    """The Logs of backend.py."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def follow(self, request: LogRequest) -> Stream[LogView]:
        """Stream the newest lines."""
        from kmon_tui.live.logs import follow

        async with aclosing(follow(self._client, request)) as views:
            async for view in views:
                yield view

    async def read(self, request: LogRequest) -> Stream[tuple[LogLine, ...]]:
        """Stream all lines."""
        from kmon_tui.live.logs import read

        async with aclosing(read(self._client, request)) as batches:
            async for batch in batches:
                yield batch

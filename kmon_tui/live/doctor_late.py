"""A doctor whose heavy part is imported when somebody first calls it: most calls of kmon-tui never do."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from kmon_tui.backend import Metrics
from kmon_tui.live.kube import KubeClient

if TYPE_CHECKING:
    from kmon_tui.domain.doctor.facts import Case
    from kmon_tui.domain.doctor.finding import Report


class LateDoctor:
    """The Doctor of backend.py."""

    def __init__(self, client: KubeClient, context: str, own_namespace: str) -> None:
        self._client, self._context, self._own_namespace = client, context, own_namespace

    async def examine(self, case: Case, metrics: Metrics | None, tell: Callable[[Report], None]) -> Report:
        """Give all findings; see ``backend.Doctor``."""
        await asyncio.to_thread(importlib.import_module, "kmon_tui.live.doctor")
        from kmon_tui.live.doctor import KubeDoctor

        return await KubeDoctor(self._client, self._context, self._own_namespace).examine(case, metrics, tell)

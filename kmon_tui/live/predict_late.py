"""A predictor whose heavy part is imported when somebody first wants to predict: most calls never do."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kmon_tui.backend import Stream
from kmon_tui.domain.predict import Prediction, PredictRequest, Prepared, Repetition, SavedBody, Sent, Speech, Via
from kmon_tui.domain.service import InferenceService, Key
from kmon_tui.live.kube import KubeClient
from kmon_tui.settings import PredictSettings

if TYPE_CHECKING:
    from kmon_tui.live.predictor import HttpPredictor


class LatePredictor:
    """The Predictor of backend.py; an async context, because tunnels live in it."""

    def __init__(self, client: KubeClient, settings: PredictSettings, folder: Path, context: str) -> None:
        self._client, self._settings = client, settings
        self._folder, self._context = folder, context
        self._stack = AsyncExitStack()
        self._turn = asyncio.Lock()
        self._predictor: HttpPredictor | None = None

    async def __aenter__(self) -> LatePredictor:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(None, None, None)

    async def prepare(self, isvc: InferenceService, speech: Speech | None, via: Via) -> Prepared:
        """Find out how to ask; see ``backend.Predictor``."""
        return await (await self._ready()).prepare(isvc, speech, via)

    async def send(self, isvc: InferenceService, request: PredictRequest) -> Stream[Prediction]:
        """Send once; see ``backend.Predictor``."""
        async with aclosing((await self._ready()).send(isvc, request)) as values:
            async for value in values:
                yield value

    async def repeat(
        self, isvc: InferenceService, request: PredictRequest, times: int, concurrency: int
    ) -> Stream[Repetition]:
        """Send many times; see ``backend.Predictor``."""
        async with aclosing((await self._ready()).repeat(isvc, request, times, concurrency)) as values:
            async for value in values:
                yield value

    async def remember(self, key: Key, sent: Sent) -> None:
        """Add to the history; see ``backend.Predictor``."""
        await (await self._ready()).remember(key, sent)

    async def save(self, key: Key, saved: SavedBody) -> None:
        """Keep a body; see ``backend.Predictor``."""
        await (await self._ready()).save(key, saved)

    async def _ready(self) -> HttpPredictor:
        async with self._turn:
            if self._predictor is None:
                for name in ("kmon_tui.live.predictor", "kmon_tui.live.predict_shelf"):
                    await asyncio.to_thread(importlib.import_module, name)
                from kmon_tui.live.predict_shelf import Shelf
                from kmon_tui.live.predictor import HttpPredictor

                made = HttpPredictor(self._client, self._settings, Shelf(self._folder, self._context))
                self._predictor = await self._stack.enter_async_context(made)
            return self._predictor

"""One request, sent many times by several senders: how fast, how often it fails, and why."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from kmon_tui.domain.predict import Prediction, PredictRequest, Repetition
from kmon_tui.domain.predict_numbers import share_below

TELL_EVERY_S = 0.25
MOST_CONCURRENT = 256


@dataclass(slots=True)
class _Tally:
    """What has come so far."""

    request: PredictRequest
    times: int
    concurrency: int
    began_s: float
    left: int
    url: str = ""
    ok: int = 0
    done: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def count(self, prediction: Prediction) -> None:
        """Take over the end of one request."""
        self.done += 1
        self.ok += prediction.ok
        self.url = prediction.url
        self.statuses["no answer" if prediction.status is None else str(prediction.status)] += 1
        if prediction.error:
            self.errors[prediction.error] += 1
        if prediction.status is not None and prediction.latency_ms is not None:
            self.latencies_ms.append(prediction.latency_ms)

    def so_far(self) -> Repetition:
        """Give it as a value."""
        values = sorted(self.latencies_ms)
        return Repetition(
            self.request.speech,
            self.url,
            self.request.via,
            self.times,
            self.concurrency,
            done=self.done,
            ok=self.ok,
            took_s=time.perf_counter() - self.began_s,
            p50_ms=share_below(values, 0.5),
            p90_ms=share_below(values, 0.9),
            p99_ms=share_below(values, 0.99),
            statuses=tuple(sorted(self.statuses.items())),
            errors=tuple(self.errors.most_common(3)),
        )


async def repeat(
    send: Callable[[], Awaitable[Prediction]], request: PredictRequest, times: int, concurrency: int
) -> AsyncGenerator[Repetition, None]:
    """Send it ``times`` times, ``concurrency`` of them at once; tell four times a second, and at the end."""
    senders = max(1, min(concurrency, times, MOST_CONCURRENT))
    tally = _Tally(request, times, senders, time.perf_counter(), times)

    async def sender() -> None:
        while tally.left > 0:
            tally.left -= 1
            tally.count(await send())

    async def all_senders() -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(senders):
                tasks.create_task(sender(), name=f"sender {number}")

    # The group is inside of a task: a generator that is closed must not be waiting within a group.
    running = asyncio.create_task(all_senders(), name="repeat a request")
    try:
        while not running.done():
            await asyncio.wait((running,), timeout=TELL_EVERY_S)
            yield tally.so_far()
        running.result()  # only a bug ends it otherwise
    finally:
        running.cancel()
        await asyncio.wait((running,))

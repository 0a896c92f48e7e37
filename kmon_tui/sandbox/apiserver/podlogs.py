"""What containers have written: a log for each run of a container, of which a kubelet keeps the newest two."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

LogKey = tuple[str, str, str]
"""Namespace, pod, container."""
Line = tuple[datetime, bytes]

_REMEMBERED_LINES = 10_000
"""Older lines are rotated away."""


@dataclass(slots=True)
class Run:
    """One run of a container."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_LINES))
    written: int = 0
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, lines: Iterable[Line]) -> None:
        """Add lines and wake who follows."""
        fresh = list(lines)
        self.lines.extend(fresh)
        self.written += len(fresh)
        self._wake()

    def end(self) -> None:
        """Let the container end."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    async def follow(self, seen: int) -> AsyncIterator[list[Line]]:
        """Yield the lines behind the first ``seen`` as they come, until the container ends; the rotated are lost."""
        while True:
            news, fresh = self.news, self.written - seen
            if fresh:
                seen = self.written
                yield list(islice(self.lines, max(0, len(self.lines) - fresh), None))
            elif self.ended:
                return
            else:
                await news.wait()


@dataclass(slots=True)
class Logs:
    """All logs, by container."""

    _runs: dict[LogKey, list[Run]] = field(default_factory=dict)

    def write(
        self, namespace: str, pod: str, container: str, line: str | bytes, moment: datetime | None = None
    ) -> None:
        """Let a container write a line."""
        raw = line.encode() if isinstance(line, str) else line
        self.run((namespace, pod, container)).write([(moment or datetime.now(UTC), raw)])

    def run(self, key: LogKey) -> Run:
        """Give the run that writes now."""
        return self._runs.setdefault(key, [Run()])[-1]

    def previous(self, key: LogKey) -> Run | None:
        """Give the run before it."""
        runs = self._runs.get(key, [])
        return runs[-2] if len(runs) > 1 else None

    def restart(self, namespace: str, pod: str, container: str) -> None:
        """Begin a new run; those who follow the old one come to its end."""
        runs = self._runs.setdefault((namespace, pod, container), [Run()])
        runs[-1].end()
        self._runs[namespace, pod, container] = [runs[-1], Run()]

    def forget(self, namespace: str, pod: str) -> None:
        """Forget everything of a pod that is gone."""
        for key in [key for key in self._runs if key[:2] == (namespace, pod)]:
            for run in self._runs.pop(key):
                run.end()

    def lines(self, key: LogKey) -> list[tuple[datetime, str]]:
        """Return what a container has written, oldest first."""
        return [(moment, raw.decode("utf-8", "replace")) for moment, raw in self.run(key).lines]

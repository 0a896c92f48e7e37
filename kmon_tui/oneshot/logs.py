"""`kmon-tui logs NAME`: what the containers of a service wrote, all of them in one stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from kmon_tui.backend import OpenBackend
from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.logs import LogLine, LogRequest
from kmon_tui.domain.names import Wanted
from kmon_tui.oneshot.get import Answer
from kmon_tui.oneshot.metrics import chosen, complete_fleet
from kmon_tui.render.cells import clean
from kmon_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked."""

    wanted: Wanted
    follow: bool = False
    previous: bool = False
    containers: tuple[str, ...] = ()
    since_s: int | None = None
    tail: int | None = None
    timestamps: bool = False
    cleaned: bool = False
    """Nothing that a terminal would obey: standard output is one."""


async def logs(open_backend: OpenBackend, settings: Settings, wish: Wish) -> AsyncGenerator[Answer, None]:
    """Give lines as they come. Raises BackendError; Absent for an unknown name, and for a service without pods."""
    async with open_backend(settings) as backend:
        if backend.logs is None:
            raise Unreachable("logs cannot be read here")
        fleet = await complete_fleet(backend, settings)
        request = LogRequest(
            chosen(fleet, wish.wanted).key,
            wish.containers,
            previous=wish.previous,
            since_s=wish.since_s,
            tail=wish.tail,
            follow=wish.follow,
        )
        async with aclosing(backend.logs.read(request)) as batches:
            async for batch in batches:
                yield Answer(written(batch, wish), tuple(_mark(line) for line in batch if line.mark))


def written(lines: Iterable[LogLine], wish: Wish) -> str:
    """Write lines with pod and container before each; marks are no lines."""
    return "".join([_line(line, wish) for line in lines if not line.mark])


def _line(line: LogLine, wish: Wish) -> str:
    stamp = f"{line.time.isoformat(timespec='microseconds')} " if wish.timestamps and line.time is not None else ""
    text = clean(line.text.expandtabs()) if wish.cleaned else line.text
    return f"{line.pod}/{line.container} {stamp}{text}\n"


def _mark(line: LogLine) -> str:
    place = "/".join(word for word in (line.pod, line.container) if word)
    return f"{place}: {line.text}" if place else line.text

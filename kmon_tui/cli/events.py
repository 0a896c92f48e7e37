"""`kmon-tui events NAME`: wires the one-shot to the outside and to the terminal."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

from kmon_tui.backend import OpenBackend
from kmon_tui.cli import out
from kmon_tui.cli.outside import opener
from kmon_tui.cli.start import Start, settle
from kmon_tui.domain.names import wanted
from kmon_tui.oneshot import events
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.get import Answer
from kmon_tui.settings import Settings


def run(start: Start) -> int:
    """Print what happened and give the exit code."""
    wish = events.Wish(
        wanted=wanted(start.text("name")),
        form=checked(start.text("output", "table"), events.FORMATS),
        ascii_only=not out.stdout_is_utf8(),
    )
    settings, _ = settle(start, start.configure())
    start.open_log(settings)
    start.say_notes()
    with opener(start, settings) as open_backend:
        work = _watch if start.switched_on("watch") else _once
        return asyncio.run(work(open_backend, settings, wish))


async def _once(open_backend: OpenBackend, settings: Settings, wish: events.Wish) -> int:
    return _print(await events.events(open_backend, settings, wish, _now))


async def _watch(open_backend: OpenBackend, settings: Settings, wish: events.Wish) -> int:
    async with aclosing(events.watch(open_backend, settings, wish, _now)) as answers:
        async for answer in answers:
            _print(answer)
    return out.OK


def _print(answer: Answer) -> int:
    if answer.text:
        out.write(answer.text)
    out.say(*answer.words)
    return answer.code


def _now() -> datetime:
    return datetime.now(UTC)

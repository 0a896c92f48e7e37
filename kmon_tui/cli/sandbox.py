"""`kmon-tui sandbox`: the built-in cluster in the foreground until ctrl+c, SIGTERM, or the end of standard input."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from kmon_tui.cli.out import OK, say, write
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings.parse import duration_s

if TYPE_CHECKING:
    from kmon_tui.sandbox.sandbox import SandboxOptions

T = TypeVar("T")
_WORLDS = ("demo", "quiet", "empty")


def run(start: Start) -> int:
    """Run it and give the exit code."""
    asyncio.run(_serve(start, until_eof=start.switched_on("until_eof")))
    return OK


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line of aiohttp's log is worth reading: clients that go away are not."""
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectionError))


async def _serve(start: Start, *, until_eof: bool) -> None:
    logging.getLogger("aiohttp.server").addFilter(_is_news)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        # No reader of the loop: standard input may be a file, which epoll refuses.
        watcher = threading.Thread(target=_wait_for_eof, args=(loop, stop), daemon=True, name="end of stdin")
        watcher.start()
    from kmon_tui.sandbox.sandbox import Sandbox  # takes a while; a signal or an end that comes meanwhile counts

    async with Sandbox(_options(start)) as sandbox:
        write(f"KUBECONFIG={sandbox.kubeconfig}\nPROMETHEUS_URL={sandbox.prometheus_url}\n")
        if sys.stderr.isatty() and not until_eof:
            say("the sandbox runs until ctrl+c; export both lines in another terminal, then kmon-tui -A")
        await stop.wait()


def _wait_for_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        # A terminal that was closed answers EIO; that is an end as well.
        pass
    try:
        loop.call_soon_threadsafe(stop.set)
    except RuntimeError:
        # The loop is closed: the sandbox has ended before its input did.
        return


def _options(start: Start) -> SandboxOptions:
    from kmon_tui.sandbox.faults import Fault
    from kmon_tui.sandbox.sandbox import SandboxOptions
    from kmon_tui.sandbox.world_faults import PREFIX, names

    faults = start.said.get("fault", [])
    world, knative = start.text("world", "demo"), start.text("knative", "1.19")
    if world.startswith(PREFIX) and world.removeprefix(PREFIX) not in names():
        raise SettingsError(f"there is no world {world!r}", f"Choose {PREFIX} and one of {', '.join(names())}.")
    if world not in (*_WORLDS, "none") and not world.startswith(PREFIX):
        raise SettingsError(f"there is no world {world!r}", f"Choose {', '.join(_WORLDS)} or {PREFIX}NAME.")
    return SandboxOptions(
        world="empty" if world == "none" else world,
        services=_number(start, "services", int, 0),
        events_per_s=_number(start, "events_per_s", float, 0.0),
        speed=_number(start, "speed", float, 1.0),
        round_trip_s=_number(start, "round_trip", duration_s, 0.0),
        scrape_interval_s=_number(start, "scrape_interval", duration_s, 5.0),
        knative=knative != "none",
        milliseconds=knative != "none" and _read("--knative", knative, _version) < (1, 19),
        faults=tuple(_read("--fault", text, Fault.parse) for text in (faults if isinstance(faults, list) else ())),
    )


def _version(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.removeprefix("v").split("."))
    except ValueError:
        raise ValueError(f"must be a version such as 1.18, or none, not {text!r}") from None


def _number(start: Start, key: str, read: Callable[[str], T], usual: T) -> T:
    text = start.text(key)
    return _read(f"--{key.replace('_', '-')}", text, read) if text else usual


def _read(flag: str, text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise SettingsError(f"{flag}: {error}", "See kmon-tui sandbox --help.") from None

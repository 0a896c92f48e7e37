"""`kmon-tui [NAME]`: from the checks before the screen to the exit code after it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kmon_tui.cli import out
from kmon_tui.cli.start import Start, recalled, settle
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.names import wanted
from kmon_tui.settings import Settings

if TYPE_CHECKING:
    from kmon_tui.backend import OpenBackend
    from kmon_tui.domain.fleet import Place
    from kmon_tui.monitor.monitor import Monitor
    from kmon_tui.settings.build import Configuration
    from kmon_tui.ui.app import KmonApp

LAST_RESORT_S = 5
"""How long a program whose terminal is gone may take to end by itself."""
SWITCH_S = 0.0005
"""How long one thread may keep the interpreter from another. A key is handed from the reader of the terminal over some
turns of the loop to the writer, and each of these waits so long while numbers of thousands of services are worked out
in the thread of Prometheus: with Python's own 5 ms that is a quarter of a second."""
_FRAMES_PER_S = "240"
"""Textual paints on a beat. On its own 60 a second a key that comes just after a paint, or whose beat is missed while
numbers are worked out, waits 17 to 33 ms; on this one 4 to 8. What has not changed is still not painted."""
_CALM = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"}
"""Over SSH each frame of an animation is bytes on a slow line."""


def tell_textual(environ: MutableMapping[str, str], *, over_ssh: bool) -> None:
    """Set what Textual reads from the environment when it is imported; what a person has set stays."""
    environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_S)
    if over_ssh:
        for name, value in _CALM.items():
            environ.setdefault(name, value)


def run(start: Start) -> int:
    """Open the screen and give the exit code once it is closed."""
    # Nothing made before the first paint is garbage, and looking for it takes 40 ms. The app ends the pause.
    gc.disable()
    sys.setswitchinterval(SWITCH_S)
    configuration = start.configure()
    if "name" in start.said:
        wanted(start.text("name"))
    _check_terminal(start.environ)
    settings, place = settle(start, configuration)
    _check_filter(settings.view.filter)
    start.open_log(settings)
    notes = tuple(start.notes)
    start.say_notes()
    tell_textual(os.environ, over_ssh=settings.view.over_ssh)
    # Only now, for neither a usage error nor a broken kubeconfig should wait for Textual.
    from kmon_tui.cli.later import LaterMonitor
    from kmon_tui.cli.outside import opener
    from kmon_tui.ui.app import KmonApp

    with opener(start, settings) as open_backend:
        app = KmonApp(
            LaterMonitor(lambda: _monitor(start, settings, place, configuration, open_backend)),
            settings.view,
            read_only=settings.read_only,
            open_name=settings.open_name,
            notes=notes,
            watch_css=bool(start.environ.get("KMON_WATCH_CSS")),
        )
        asyncio.run(_run(app, settings))
    return _after(app, start)


def _check_filter(text: str) -> None:
    """Refuse a filter to start with that cannot be read, as any other wrong configuration."""
    if not text:
        return
    from kmon_tui.render.filter import FilterError, parse_filter

    try:
        parse_filter(text)
    except FilterError as error:
        hint = error.hint and f"{error.hint[:1].upper()}{error.hint[1:]}."
        raise SettingsError(f"the filter {text!r} cannot be used: {error.message}", hint) from error


def _monitor(
    start: Start, settings: Settings, place: Place, configuration: Configuration, open_backend: OpenBackend
) -> Monitor:
    from kmon_tui.monitor.monitor import Monitor
    from kmon_tui.settings.forwards import ForwardsFile
    from kmon_tui.settings.remembered import PrometheusMemory
    from kmon_tui.settings.saved_logs import SavedLogs

    return Monitor(
        open_backend,
        settings,
        _now,
        place=place,
        settings_for=lambda old, name: _elsewhere(start, old, name, configuration),
        memory=None if settings.demo else PrometheusMemory(start.paths().prometheus),
        forwards_file=ForwardsFile(start.paths().forwards),
        saved_logs=SavedLogs(start.paths().data / "logs"),
    )


async def _run(app: KmonApp, settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, app.exit)
    loop.add_signal_handler(signal.SIGHUP, _hang_up, app)
    await app.run_async(mouse=settings.view.mouse)


def _hang_up(app: KmonApp) -> None:
    """End without a word: there is no terminal any more, and writing to it would fail."""
    out.silence()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LAST_RESORT_S)
    app.exit()


def _after(app: KmonApp, start: Start) -> int:
    if app.crash is not None:
        from kmon_tui.cli.crash import report

        return report(app.crash, start.log)
    return out.OK


def _elsewhere(start: Start, settings: Settings, context: str, configuration: Configuration) -> Settings:
    if settings.demo:
        return replace(settings, kube=replace(settings.kube, context=context))
    return recalled(start, configuration.elsewhere(context), context)


def _check_terminal(environ: Mapping[str, str]) -> None:
    """Refuse to open a screen where there can be none; SettingsError says what prints the same."""
    instead = "kmon-tui get prints the services."
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or not stream.isatty():
            raise SettingsError(f"the screen needs a terminal, and {name} is none", instead)
    if sys.__stdout__ is None or not sys.__stdout__.isatty():
        raise SettingsError("the screen needs a terminal, and standard output is none", instead)
    if environ.get("TERM", "") in {"", "dumb"}:
        raise SettingsError("this terminal cannot show a screen (TERM is dumb or not set)", instead)


def _now() -> datetime:
    return datetime.now(UTC)

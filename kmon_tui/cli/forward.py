"""`kmon-tui forward TARGET [LOCAL]`: wires the one-shot to the outside, to the terminal and to signals."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace

from kmon_tui.backend import OpenBackend
from kmon_tui.cli import out
from kmon_tui.cli.outside import outside
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.forward import ForwardSpec, parse_ports, parse_target
from kmon_tui.oneshot.forward import forward, until
from kmon_tui.settings import Settings


def run(start: Start) -> int:
    """Keep the forward until ctrl+c or SIGTERM and give the exit code."""
    spec = _spec(start)
    try:
        with outside(start) as (open_backend, settings):
            asyncio.run(_serve(open_backend, settings, spec))
    except KeyboardInterrupt:
        pass  # before the signal handlers were there: an end is an end
    return out.OK


def _spec(start: Start) -> ForwardSpec:
    target = parse_target(start.text("name"))
    local_port, port = parse_ports(start.text("second", "0"))
    if port and target.port not in ("", port):
        raise SettingsError(f"two ports of the target are named: {target.port} and {port}", "Name one of them.")
    target = replace(target, port=port or target.port)
    return ForwardSpec(str(target), target, local_port, start.switched_on("shared"))


async def _serve(open_backend: OpenBackend, settings: Settings, spec: ForwardSpec) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    work = asyncio.create_task(forward(open_backend, settings, spec, out.write, out.say), name="forward")
    await until(stop, work)

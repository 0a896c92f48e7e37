"""The last frame of every command: what becomes of a failure, an interrupt, a closed pipe and a bug."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from importlib import import_module

from kmon_tui.cli import out
from kmon_tui.cli.said import Said
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import KmonError

_MODULES = {
    "tui": "screen",
    "get": "get",
    "metrics": "metrics",
    "doctor": "doctor",
    "why": "why",
    "logs": "logs",
    "events": "events",
    "check": "check",
    "predict": "predict",
    "diff": "diff",
    "deploy": "deploy",
    "forward": "forward",
    "info": "info",
    "sandbox": "sandbox",
    "completion": "completion",
}
"""Where the function ``run(start)`` of each command is; a new command is a row here and one in the table of flags."""


def guarded(command: str, said: Said) -> int:
    """Run one command and give its exit code, whatever happens."""
    start = Start(command, said, dict(os.environ))
    try:
        run: Callable[[Start], int] = import_module(f"kmon_tui.cli.{_MODULES[command]}").run
        return run(start)
    except KmonError as error:
        return out.say_error(error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return out.INTERRUPTED
    except BrokenPipeError:
        out.silence()
        return out.PIPE_CLOSED
    except Exception as error:  # noqa: BLE001  (the last frame: a bug is told, and nothing is hidden)
        from kmon_tui.cli.crash import report

        return report(error, start.log)
    finally:
        # Threads of foreign libraries must not hold a program that is done; a second ctrl+c ends it at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

"""What a bug looks like: its traceback on the terminal and in the log, without local variables, and exit code 70."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

from kmon_tui import __version__
from kmon_tui.cli.logfile import masked
from kmon_tui.cli.out import BUG, say


def report(error: BaseException, log: Path | None) -> int:
    """Tell of a bug and give its exit code."""
    text = masked("".join(traceback.format_exception(error)))
    logging.getLogger("kmon_tui").critical("kmon-tui %s ends by a bug\n%s", __version__, text)
    try:
        sys.stderr.write(text)
    except OSError:
        return BUG
    where = f"the log is {log}" if log is not None else "there is no log, as no file could be written"
    say(f"this is a bug in kmon-tui {__version__} (Python {sys.version.split()[0]}); {where}")
    return BUG

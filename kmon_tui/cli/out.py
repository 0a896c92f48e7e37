"""The two ways out: data on standard output, words on standard error."""

from __future__ import annotations

import os
import sys

from kmon_tui.domain.errors import Absent, BackendError, Forbidden, KmonError, Refused, SettingsError, TimedOut

OK = 0
FINDING = 1
USAGE = 2
UNREACHABLE = 3
FORBIDDEN = 4
TIMEOUT = 5
BUG = 70
NOT_WRITTEN = 74
"""EX_IOERR of sysexits.h."""
INTERRUPTED = 130
PIPE_CLOSED = 141
"""128 + SIGPIPE, as the shell says of a program whose reader went away."""


class Unwritten(KmonError):
    """The answer could not be written."""


def code_of(error: KmonError) -> int:
    """Give the exit code of a failure."""
    if isinstance(error, Absent | Refused):
        return FINDING
    if isinstance(error, SettingsError):
        return USAGE
    if isinstance(error, Unwritten):
        return NOT_WRITTEN
    if isinstance(error, Forbidden):
        return FORBIDDEN
    if isinstance(error, TimedOut):
        return TIMEOUT
    return UNREACHABLE if isinstance(error, BackendError) else FINDING


def write(text: str) -> None:
    """Write data; BrokenPipeError when nobody reads it any more."""
    if hasattr(sys.stdout, "reconfigure"):
        # A locale that lacks a character must not end the program.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _silence(1)  # what is left in the buffer would fail again at the end
        raise Unwritten(f"standard output cannot be written: {error.strerror}", "Is the disk full?") from error


def say(*sentences: str) -> None:
    """Write words, one line each, without anything that a terminal would obey."""
    for sentence in sentences:
        line = "".join(char if char.isprintable() else " " for char in sentence).strip()
        try:
            sys.stderr.write(f"kmon-tui: {line}\n")
            sys.stderr.flush()
        except OSError:
            # Nobody hears: the terminal or the pipe is gone.
            return


def say_error(error: KmonError) -> int:
    """Write what went wrong and what to do, in one line, and give the exit code."""
    hint = f". {error.hint}" if error.hint else ""
    say(f"{error.message.rstrip('.')}{hint}" if hint else error.message)
    return code_of(error)


def stdout_is_utf8() -> bool:
    """Tell whether all characters can be written as they are."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def silence() -> None:
    """Point standard input, output and error at nothing: what they led to is gone, and nobody shall trip over it."""
    _silence(0, 1, 2)


def _silence(*numbers: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(nothing, number)
    os.close(nothing)

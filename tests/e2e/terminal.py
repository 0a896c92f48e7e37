"""A program in a terminal of a given size: feed it keys, see its screen, measure its paints, bytes, CPU and memory.

Bytes are kept with the time of their arrival and drawn by pyte only when the screen is asked for, so that measuring
costs nothing while the program runs.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pyte

from tests.e2e import processes

ESCAPES = re.compile(
    rb"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78DEHM])"
)
Environment = Mapping[str, str | None]


class Terminal:
    """One program on a pseudo-terminal of its own; leaving the ``with`` block closes the terminal and ends it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Environment | None = None,
        cwd: Path | None = None,
    ) -> None:
        environment = _environment(env or {})
        self.chunks: list[tuple[float, bytes]] = []
        """What the program wrote, each piece with the monotonic time of its arrival."""
        self.exit_code: int | None = None
        """Exit code once it has ended; minus the signal's number if a signal ended it."""
        self.first_size = (columns, rows)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0
        self._open = True
        self.started_s = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _become(command, columns, rows, environment, cwd)
        _set_size(self._fd, columns, rows)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def is_running(self) -> bool:
        """Does the program still run? Notes its exit code when it has ended."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is None

    @property
    def bytes_written(self) -> int:
        """How much the program has written so far."""
        return sum(len(data) for _, data in self.chunks)

    @property
    def raw(self) -> bytes:
        """Everything that the program wrote, escape sequences too."""
        return b"".join(data for _, data in self.chunks)

    def lines(self) -> list[str]:
        """Give the screen as text, one string a row, without trailing blanks."""
        for _, data in self.chunks[self._drawn :]:
            self._stream.feed(data)
        self._drawn = len(self.chunks)
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """Give the screen as text."""
        return "\n".join(self.lines())

    def send(self, keys: str | bytes) -> float:
        """Type; gives the monotonic time of it."""
        data = keys.encode() if isinstance(keys, str) else keys
        now_s = time.monotonic()
        os.write(self._fd, data)
        return now_s

    def read_for(self, seconds: float) -> int:
        """Collect what the program writes during this time; gives the number of bytes."""
        before = self.bytes_written
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0 and self._read(left_s):
            pass
        return self.bytes_written - before

    def wait_for(self, what: str | Callable[[Terminal], bool], timeout_s: float = 20.0) -> float:
        """Read until a text stands on the screen, or until something is so; gives the seconds since the start."""
        look = (lambda terminal: what in terminal.text()) if isinstance(what, str) else what
        end_s = time.monotonic() + timeout_s
        while not look(self):
            if time.monotonic() > end_s or (not self._read(0.1) and not look(self)):
                told = what if isinstance(what, str) else getattr(what, "__name__", "what was waited for")
                raise AssertionError(f"{told!r} did not come; the screen:\n{self.text()}")
        return time.monotonic() - self.started_s

    def wait_for_first_paint(self, timeout_s: float = 20.0) -> float:
        """Read until the first visible character was written; gives the seconds from the start to its arrival."""
        self.wait_for(lambda terminal: has_painted(terminal.raw), timeout_s)
        return self.chunks[-1][0] - self.started_s

    def wait_for_exit(self, timeout_s: float = 10.0) -> int:
        """Read until the program has ended; gives its exit code."""
        end_s = time.monotonic() + timeout_s
        while self.is_running:
            if time.monotonic() > end_s:
                raise AssertionError(f"still running after {timeout_s} s; the screen:\n{self.text()}")
            if not self._open or not self._read(0.05):
                time.sleep(0.01)
        while self._open and self._read(0.05):
            if not select.select([self._fd], [], [], 0)[0]:
                break
        assert self.exit_code is not None
        return self.exit_code

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal, as dragging the window's corner does."""
        _ = self.lines()
        self._screen.resize(rows, columns)
        _set_size(self._fd, columns, rows)

    def hang_up(self) -> None:
        """Close the terminal under the program, as closing its window does: it gets SIGHUP and can write no more."""
        if self._open:
            self._open = False
            os.close(self._fd)

    def kill(self) -> None:
        """End the program without asking it."""
        if self.is_running:
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Close the terminal, and end the program if that was not enough."""
        self.hang_up()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(AssertionError):
                processes.wait_until(lambda: not self.is_running, 3.0, "ended")
                return
            os.kill(self.pid, number)
        processes.wait_until(lambda: not self.is_running, 3.0, "ended by SIGKILL")

    def _read(self, timeout_s: float) -> bool:
        """Take what is there; False when the program closed its side."""
        if not self._open or not select.select([self._fd], [], [], timeout_s)[0]:
            return self._open
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            # Linux answers EIO once the last program has closed the terminal.
            return False
        if data:
            self.chunks.append((time.monotonic(), data))
        return bool(data)


def has_painted(raw: bytes) -> bool:
    """Has a visible character been written, escape sequences left out?"""
    return re.search(rb"[^\x00-\x20]{2}", ESCAPES.sub(b"", raw)) is not None


def replay(terminal: Terminal) -> Iterator[tuple[float, pyte.Screen]]:
    """Draw again all that arrived, piece by piece: gives the time of each piece with the screen after it.

    For a terminal whose size has not changed.
    """
    screen = pyte.Screen(*terminal.first_size)
    stream = pyte.ByteStream(screen)
    for arrived_s, data in terminal.chunks:
        stream.feed(data)
        yield arrived_s, screen


def _environment(changes: Environment) -> dict[str, str]:
    """Give the environment of a usual terminal; None takes a variable away."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "TMUX", "SSH_CONNECTION", "KUBECONFIG", "PROMETHEUS_URL"):
        environment.pop(name, None)
    for name, value in changes.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    return environment


def _become(command: Sequence[str], columns: int, rows: int, environment: dict[str, str], cwd: Path | None) -> None:
    """Turn the forked child into the program; never returns."""
    try:
        _set_size(0, columns, rows)
        if cwd:
            os.chdir(cwd)
        os.execvpe(command[0], list(command), environment)
    finally:
        os._exit(127)


def _set_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

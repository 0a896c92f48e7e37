"""What is compared: kmon-tui as people start it, and the smallest Textual programs there are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from tests.e2e.sandbox import plain_environment

KMON = (sys.executable, "-m", "kmon_tui")
ENVIRONMENT = plain_environment({"TERM": "xterm-256color", "COLORTERM": "truecolor"})

_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Static("hello, world")
Hello().run()
"""

_EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    BINDINGS = [("q", "quit", "Quit"), ("j", "down", "Down")]
    count = 0
    def compose(self):
        yield Static("position 0#")
    def action_down(self):
        self.count += 1
        self.query_one(Static).update(f"position {self.count}#")
Empty().run()
"""

_RECORDER = """
import sys, time
log = open(sys.argv.pop(1), "w", buffering=1)
def hook(event, values):
    if event == "import":
        log.write(f"{time.monotonic()} {values[0]}\\n")
sys.addaudithook(hook)
from kmon_tui.cli import main
sys.argv[0] = "kmon-tui"
sys.exit(main())
"""

HELLO = (sys.executable, "-c", _HELLO)
"""One line of text: the least that Textual can paint."""
EMPTY = (sys.executable, "-c", _EMPTY)
"""Answers the key j with one changed line: the least that a key can cost."""


def recording_imports(log: Path) -> tuple[str, ...]:
    """Give kmon-tui so started that it writes when it imports what."""
    return (sys.executable, "-c", _RECORDER, str(log))


@contextmanager
def program(*command: str) -> Iterator[tuple[str, int]]:
    """Run a program; give its first line and its process id."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline().strip()
            if not line:
                raise ValueError(f"{command[0]} did not start")
            # kubectl says a line for each connection, and stops when nobody reads them.
            Thread(target=process.stdout.read, daemon=True).start()
            yield line, process.pid
        finally:
            process.terminate()

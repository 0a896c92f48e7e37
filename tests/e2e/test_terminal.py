"""The terminal harness itself: it sees what a program draws, and ends what it started."""

from __future__ import annotations

import sys

from tests.e2e import processes
from tests.e2e.terminal import Terminal, has_painted

HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Static("good morning")
Hello().run()
"""


def test_a_textual_app_is_seen_and_ends_on_its_key() -> None:
    with Terminal([sys.executable, "-c", HELLO], columns=60, rows=10) as terminal:
        first_paint_s = terminal.wait_for_first_paint()
        terminal.wait_for("good morning")

        terminal.send("q")

        assert terminal.wait_for_exit() == 0
    assert 0 < first_paint_s < 20


def test_the_size_reaches_the_program_and_its_changes_too() -> None:
    script = "import os,signal\nsignal.signal(signal.SIGWINCH, lambda *_: print(os.get_terminal_size(), flush=True))\n"
    script += "print(os.get_terminal_size(), flush=True)\nwhile True: signal.pause()"
    with Terminal([sys.executable, "-c", script], columns=81, rows=25) as terminal:
        terminal.wait_for("columns=81, lines=25")

        terminal.resize(40, 7)

        terminal.wait_for("columns=40, lines=7")


def test_closing_the_terminal_ends_the_program() -> None:
    with Terminal(["cat"]) as terminal:
        pid = terminal.pid

        terminal.hang_up()

        assert terminal.wait_for_exit() != 0
    assert not processes.is_running(pid)


def test_escape_sequences_alone_are_no_paint() -> None:
    assert not has_painted(b"\x1b[?1049h\x1b[?25l\x1b[?2026$p\x1b[?u\x1b]0;title\x07   \r\n")
    assert has_painted(b"\x1b[?1049h\x1b[38;5;1mhello")

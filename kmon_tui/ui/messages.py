"""Messages that go up from widgets and screens."""

from __future__ import annotations

from textual.message import Message

from kmon_tui.domain.command import Command


class Ask(Message):
    """A person wants something done; bubbles to the app, which sends it to the monitor."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.command = command

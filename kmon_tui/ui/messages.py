"""Messages that go up from widgets and screens."""

from __future__ import annotations

from textual.message import Message

from kmon_tui.domain.command import Command
from kmon_tui.domain.service import Key


class Ask(Message):
    """A person wants something done; bubbles to the app, which sends it to the monitor."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.command = command


class OpenLogs(Message):
    """A person wants to see logs; bubbles to the app, which opens their screen."""

    def __init__(self, key: Key, pods: tuple[str, ...] = (), *, previous: bool = False) -> None:
        super().__init__()
        self.key = key
        self.pods = pods
        self.previous = previous


class OpenTab(Message):
    """A person wants to see a service by one of its tabs; bubbles to the app."""

    def __init__(self, key: Key, tab: str) -> None:
        super().__init__()
        self.key = key
        self.tab = tab

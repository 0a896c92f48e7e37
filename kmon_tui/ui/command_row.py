"""The command line: one row at the foot of a screen, there before its key is pressed, so that no typed key is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.message import Message
from textual.widget import Widget

from kmon_tui.ui.commands import CommandError, Order, completions, parse_command
from kmon_tui.ui.entry_row import EntryRow


class CommandRow(EntryRow):
    """Tells the order that was typed; one that cannot be read stays, with what is wrong beside it."""

    class Ordered(Message):
        """A person gave an order."""

        def __init__(self, order: Order) -> None:
            super().__init__()
            self.order = order

    def __init__(self) -> None:
        super().__init__(":", id="command")
        self._came_from: Widget | None = None

    def ask(self, arguments: Mapping[str, Sequence[str]], begun: str = "") -> None:
        """Type a command, or the rest of one that is begun; ``arguments`` are what can be completed to, by command."""
        self._came_from = self.screen.focused
        self.say("→ completes  esc back ")
        self.open(begun, completions(arguments))

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Forget what was wrong."""
        event.stop()
        self.say("→ completes  esc back ")

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Tell the order if it can be read."""
        event.stop()
        try:
            order = parse_command(event.text)
        except CommandError as error:
            self.say(f"{error.message}; {error.hint} ", failed=True)
            return
        self._leave()
        if order is not None:
            self.post_message(self.Ordered(order))

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Go back to where the focus was."""
        event.stop()
        self._leave()

    def _leave(self) -> None:
        self.screen.set_focus(self._came_from)
        self.close()

"""The command line: one row at the foot of whatever is below it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.screen import ModalScreen

from kmon_tui.ui.commands import CommandError, Order, completions, parse_command
from kmon_tui.ui.entry_row import EntryRow


class CommandScreen(ModalScreen[Order | None]):
    """Gives the order that was typed, or None; an order that cannot be read stays, with what is wrong beside it."""

    def __init__(self, arguments: dict[str, Sequence[str]]) -> None:
        super().__init__()
        self._suggestions = completions(arguments)

    def compose(self) -> ComposeResult:
        """Lay out the row."""
        yield EntryRow(":", id="command")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(EntryRow).open("", self._suggestions)

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Forget what was wrong."""
        event.row.say("tab completes  esc back ")

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Hand the order back if it can be read."""
        try:
            self.dismiss(parse_command(event.text))
        except CommandError as error:
            event.row.say(f"{error.message}; {error.hint} ", failed=True)

    def on_entry_row_cancelled(self) -> None:
        """Hand nothing back."""
        self.dismiss(None)

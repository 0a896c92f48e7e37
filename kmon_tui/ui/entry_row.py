"""One row to type in, at the foot of the screen: the filter and the command line."""

from __future__ import annotations

from typing import ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label


class LineInput(Input):
    """An Input in which ctrl+c without a selection does what it does elsewhere."""

    def action_copy(self) -> None:
        """Copy the selection; without one, let the app have its ctrl+c."""
        if self.selection.is_empty:
            raise SkipAction  # the next binding of this key gets it: the app's
        super().action_copy()


class EntryRow(Horizontal):
    """A prompt, a line of text, and a word at the right; hidden while it is not needed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("down", "leave", "to the list", show=False),
    ]

    class Typed(Message):
        """The text has changed."""

        def __init__(self, row: EntryRow, text: str) -> None:
            super().__init__()
            self.row = row
            self.text = text

    class Entered(Typed):
        """The text is complete."""

    class Cancelled(Message):
        """A person wants out."""

        def __init__(self, row: EntryRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, prompt: str, *, id: str) -> None:
        super().__init__(id=id)
        self._prompt = prompt
        self.display = False

    def compose(self) -> ComposeResult:
        """Lay out prompt, input and word."""
        yield Label(self._prompt, classes="prompt", markup=False)
        field = LineInput(compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor writes twice a second
        yield field
        yield Label("", classes="word", markup=False)

    def open(self, text: str, suggestions: list[str] | None = None) -> None:
        """Show the row and type into it."""
        self.display = True
        field = self.query_one(Input)
        known = typeable(suggestions or [])
        field.suggester = SuggestFromList(known, case_sensitive=True) if known else None
        self.fill(text)
        self.screen.set_focus(field)  # at once: the next key may be in the same burst

    def fill(self, text: str) -> None:
        """Write the text as if it had been typed, without a word to anybody."""
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)

    def say(self, word: str, *, failed: bool = False) -> None:
        """Write the word at the right end."""
        label = self.query_one(".word", Label)
        label.set_class(failed, "-failed")
        label.update(word)

    def close(self) -> None:
        """Hide the row."""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what is typed."""
        event.stop()
        self.post_message(self.Typed(self, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell that it is complete."""
        event.stop()
        self.post_message(self.Entered(self, event.value))

    def action_cancel(self) -> None:
        """Tell that it is not wanted."""
        self.post_message(self.Cancelled(self))

    def action_leave(self) -> None:
        """Go back to the list, keeping the text."""
        self.post_message(self.Entered(self, self.query_one(Input).value))


def typeable(texts: list[str]) -> list[str]:
    """Give those that can be typed: a suggestion is drawn as it is, direction marks and control characters too."""
    return [text for text in texts if text.isprintable()]

"""A screen that shows a page at a time: its keys move in the page, and search it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.entry_row import EntryRow
from kmon_tui.ui.page_view import PageView

MOVES = (
    Binding("j,down", "move(1)", "down", show=False, id="list.down"),
    Binding("k,up", "move(-1)", "up", show=False, id="list.up"),
    Binding("ctrl+f,pagedown", "page(1)", "page down", show=False, id="list.page_down"),
    Binding("space", "page(1)", show=False),
    Binding("ctrl+b,pageup", "page(-1)", "page up", show=False, id="list.page_up"),
    Binding("g,home", "edge(-1)", "first", show=False, id="list.first"),
    Binding("G,end", "edge(1)", "last", show=False, id="list.last"),
    Binding("right", "sideways(1)", "right", show=False, id="list.right"),
    Binding("left", "sideways(-1)", "left", show=False, id="list.left"),
)
"""Keys that move in what is read; what they do is up to the screen."""


class PagedScreen(KmonScreen):
    """Hands keys on to the page that a person reads; needs an EntryRow with the id ``search``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", key_display="/", id="page.search"),
        Binding("n", "next(1)", "next hit", show=False, id="page.next_hit"),
        Binding("N", "next(-1)", "hit before", show=False, id="page.last_hit"),
        *MOVES,
    ]

    def __init__(self, surroundings: Surroundings, *, id: str | None = None) -> None:
        super().__init__(surroundings, id=id)
        self._searched = ""
        self._found = (0, 0)

    @property
    def view(self) -> PageView | None:
        """The page that is read; None when something else is shown."""
        return None

    @property
    def search_words(self) -> str:
        """What is to be said of the search; empty without one."""
        if not self._searched:
            return ""
        at, count = self._found
        return f"/{self._searched}   {at} of {count}   n next  N before  esc ends the search"

    def end_search(self) -> None:
        """Search for nothing any more."""
        self._searched = ""
        if self.view is not None:
            self.view.search("")
        self.draw()

    def action_move(self, by: int) -> None:
        """Go down or up."""
        if self.view is not None:
            self.view.move(by)

    def action_page(self, by: int) -> None:
        """Go a page down or up."""
        if self.view is not None:
            self.view.page(by)

    def action_edge(self, to: int) -> None:
        """Go to the top or the end."""
        if self.view is not None:
            self.view.edge(to)

    def action_sideways(self, by: int) -> None:
        """Scroll long lines."""
        if self.view is not None:
            self.view.sideways(by)

    def action_search(self) -> None:
        """Ask for what to search on this page."""
        if self.view is not None:
            row = self.query_one("#search", EntryRow)
            row.open("")
            row.say("text or a regular expression  esc back ")

    def action_next(self, by: int) -> None:
        """Go to another hit."""
        if self.view is not None and self._searched:
            self._found = self.view.next_hit(by)
            self.draw()

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Wait until it is complete."""
        event.stop()

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Search from here on."""
        event.stop()
        event.row.close()
        self.set_focus(None)
        self._searched = event.text
        if self.view is not None:
            self._found = self.view.search(event.text)
        self.draw()

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Leave the row."""
        event.stop()
        event.row.close()
        self.set_focus(None)

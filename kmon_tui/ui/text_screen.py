"""A page of words: help, Prometheus, notes. Scrolls, and is searched with `/` n N."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from kmon_tui.render.lines import Line, text_of
from kmon_tui.ui.entry_row import EntryRow
from kmon_tui.ui.palette import LinesView


class TextScreen(ModalScreen[None]):
    """Shows lines until somebody goes back."""

    AUTO_FOCUS = ""
    """Nothing: the search row is hidden until somebody asks for it, and would take every key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "back", "back", id="text.back"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("ctrl+f,pagedown,space", "scroll(15)", "page down", show=False),
        Binding("ctrl+b,pageup", "scroll(-15)", "page up", show=False),
        Binding("g,home", "scroll(-9999)", "top", show=False),
        Binding("G,end", "scroll(9999)", "end", show=False),
        Binding("slash", "search", "search", id="text.search"),
        Binding("n", "next(1)", "next", id="text.next"),
        Binding("N", "next(-1)", "previous", id="text.previous"),
    ]

    def __init__(self, title: str, lines: tuple[Line, ...]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._search = ""
        self._hit = -1

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page", can_focus=False) as page:
            page.border_title = self._title
            page.border_subtitle = "esc back  / search"
            view = LinesView(id="text")
            view.styles.height = len(self._lines)
            view.show(self._lines)
            yield view
        yield EntryRow("/", id="search")

    def action_back(self) -> None:
        """Leave the page."""
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        """Scroll some lines."""
        page = self.query_one("#page")
        page.scroll_to(y=max(0, min(page.scroll_y + by, page.max_scroll_y)), animate=False)

    def action_search(self) -> None:
        """Ask for what to search."""
        self.query_one(EntryRow).open(self._search)

    def action_next(self, by: int) -> None:
        """Go to the next line that holds what was searched."""
        if not self._search:
            return
        hits = [y for y, line in enumerate(self._lines) if self._search.lower() in text_of(line).lower()]
        if not hits:
            self.notify(f"not found: {self._search}", markup=False)
            return
        after = [y for y in hits if (y - self._hit) * by > 0]
        self._hit = (after or hits)[0 if by > 0 else -1]
        self.query_one(LinesView).show(
            tuple(((text_of(line), "key"),) if y == self._hit else line for y, line in enumerate(self._lines))
        )
        self.query_one("#page").scroll_to(y=max(0, self._hit - 5), animate=False)

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Search from the top."""
        event.row.close()
        self.set_focus(None)
        self._search, self._hit = event.text, -1
        self.action_next(1)

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Search for nothing."""
        event.row.close()
        self.set_focus(None)

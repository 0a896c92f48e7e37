"""The list of the fleet on Textual's Line API: any number of rows, only visible and changed ones cost anything."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kmon_tui.domain.service import Key
from kmon_tui.render.columns import Column, columns_for, fold_line, header_line, raised_line, reason_line, row_line
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.fleet_rows import Entry, Fold, Raised, Reason, is_twin
from kmon_tui.render.lines import Line
from kmon_tui.render.rows import Row
from kmon_tui.ui.difference import differences
from kmon_tui.ui.palette import Painted

HEADER = 1
SPLIT_COLUMN_FROM = 110
"""From this width on a column says the traffic split; below it the row's second line does."""

NEAR_PAGES = 2
"""Pages above and below whose quantiles are asked for with those of the page that is shown."""
MOST_KEPT = 300
"""Painted lines that are kept: some screens. Each takes 2 kB, and keeps the values that it was painted from."""


class ServiceTable(ScrollView, Painted, can_focus=True):
    """Rows, the reasons below them, folds; one of them is selected, by its key and not by its place."""

    DEFAULT_CSS = """
    ServiceTable { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", show=False, id="list.down"),
        Binding("up,k", "move(-1)", "up", show=False, id="list.up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="list.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="list.page_up"),
        Binding("home,g", "edge(-1)", "first", show=False, id="list.first"),
        Binding("end,G", "edge(1)", "last", show=False, id="list.last"),
        Binding("n", "next_trouble", "next in trouble", show=False, id="list.trouble"),
        Binding("enter", "open", "open", show=False, id="list.open"),
    ]

    class Looked(Message):
        """Another row is selected, or other rows are visible."""

    class Opened(Message):
        """A person wants to see one service alone."""

        def __init__(self, key: Key) -> None:
            super().__init__()
            self.key = key

    class Folded(Message):
        """A person wants one fold opened or closed."""

        def __init__(self, cause: str) -> None:
            super().__init__()
            self.cause = cause

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: dict[Key, Row] = {}
        self._entries: Sequence[Entry] = ()
        self._drawing = Drawing()
        self._unfolded: frozenset[str] = frozenset()
        self._one_namespace = False
        self._columns: tuple[Column, ...] = ()
        self._columns_width = 0
        self._longest = (0, 0)
        """Cells of the longest name and of the longest namespace."""
        self._by_change = False
        self._cursor = 0
        self._wanted: Key | str | None = None
        """What a person selected last: found again after each change, even after it was gone for a while."""
        self._cache: dict[tuple[Entry, bool, bool], tuple[object, Strip]] = {}
        self._painted: dict[int, Strip] = {}

    @property
    def selected(self) -> Key | None:
        """The selected service; the first of a fold."""
        entry = self._entry(self._cursor)
        if isinstance(entry, Fold):
            return entry.keys[0]
        return entry if isinstance(entry, Key) else None

    @property
    def visible_keys(self) -> tuple[Key, ...]:
        """The services whose rows are on the screen."""
        first = self.scroll_offset.y
        return tuple(entry for entry in self._entries[first : first + self._body_height] if isinstance(entry, Key))

    @property
    def near_keys(self) -> tuple[Key, ...]:
        """The services whose rows the next keys bring, the nearest first."""
        first, height = self.scroll_offset.y, self._body_height
        last, most = first + height, NEAR_PAGES * height
        above, below = self._entries[max(0, first - most) : first], self._entries[last : last + most]
        pairs = zip_longest(below, reversed(above))
        return tuple(entry for pair in pairs for entry in pair if isinstance(entry, Key))

    @property
    def line_width(self) -> int:
        """Cells of a line beside the scroll bar."""
        return self.scrollable_content_region.width

    @property
    def show_split(self) -> bool:
        """Whether a split of traffic needs a line of its own: no column says it at this width."""
        return self.line_width < SPLIT_COLUMN_FROM

    def fill(self, rows: dict[Key, Row], drawing: Drawing, *, one_namespace: bool, by_change: bool = False) -> None:
        """Take over new rows at the same places; write those visible ones that look different now."""
        self._rows = rows
        shown = (one_namespace, by_change)
        if drawing is not self._drawing or shown != (self._one_namespace, self._by_change):
            self._drawing = drawing
            self._one_namespace, self._by_change = shown
            self._forget()
        self._repaint()

    def lay_out(self, entries: Sequence[Entry], unfolded: frozenset[str]) -> None:
        """Take over new lines; the selection goes with its row, and stays at its height if the list is scrolled."""
        above = self._cursor - self.scroll_offset.y
        scrolled = self.scroll_offset.y > 0
        longest = _longest(entries)
        if longest != self._longest:
            self._longest = longest
            self._forget()
        if unfolded != self._unfolded:
            self._cache.clear()
        self._entries, self._unfolded = entries, unfolded
        before = self.selected
        self._cursor = self._find(self._wanted, self._cursor)
        self.virtual_size = Size(self.line_width, len(entries) + HEADER)
        if scrolled:
            self._scroll_to_line(max(0, min(self._cursor - above, len(entries) - self._body_height)))
        self._keep_visible()
        self._repaint()
        if self.selected != before or scrolled:
            self.post_message(self.Looked())

    def select(self, key: Key) -> bool:
        """Select the row of a service; False when it is not shown."""
        index = self._index_of(key)
        if index is not None:
            self._select(index)
        return index is not None

    def action_move(self, by: int) -> None:
        """Go some rows down or up; reasons are passed over."""
        index = self._cursor + by
        while isinstance(self._entry(index), Reason):
            index += by
        self._select(index)

    def action_page(self, by: int) -> None:
        """Go a page down or up."""
        self._select(self._cursor + by * max(1, self._body_height - 1))

    def action_edge(self, to: int) -> None:
        """Go to the first or the last row."""
        self._select(0 if to < 0 else len(self._entries) - 1)

    def action_next_trouble(self) -> None:
        """Go to the next row that carries a reason, and from the last one to the first."""
        total = len(self._entries)
        for step in range(1, total + 1):
            index = (self._cursor + step) % total
            if isinstance(self._entry(index), Fold) or isinstance(self._entry(index + 1), Reason):
                self._select(index)
                return

    def action_open(self) -> None:
        """Open the selected service, or unfold the selected line."""
        entry = self._entry(self._cursor)
        if isinstance(entry, Fold):
            self.post_message(self.Folded(entry.cause))
        elif isinstance(entry, Key):
            self.post_message(self.Opened(entry))

    def on_click(self, event: events.Click) -> None:
        """Select the row below the mouse; open it on the second click."""
        if event.y < HEADER:
            return
        index = self.scroll_offset.y + event.y - HEADER
        if isinstance(self._entry(index), Reason):
            index -= 1
        if self._entry(index) is None:
            return
        self._select(index)
        if event.chain == 2:
            self.action_open()

    def notify_style_update(self) -> None:
        """Drop what was drawn in other colours."""
        super().notify_style_update()
        self._forget()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other rows are visible now."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._painted.clear()
            self.post_message(self.Looked())

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self._forget()
        self.virtual_size = Size(self.line_width, len(self._entries) + HEADER)
        self._keep_visible()
        self.refresh()
        self.post_message(self.Looked())

    def render_line(self, y: int) -> Strip:
        """Paint one line of the screen."""
        strip = self._strip(y)
        self._painted[y] = strip
        return strip

    @property
    def _body_height(self) -> int:
        return max(1, self.size.height - HEADER)

    def _entry(self, index: int) -> Entry | None:
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def _strip(self, y: int) -> Strip:
        width = self.line_width
        if width != self._columns_width:  # the scroll bar came or went
            self._forget()
            self._columns_width = width
        if y < HEADER:
            return self.paint(header_line(self._shown_columns(), width), width)
        index = self.scroll_offset.y + y - HEADER
        entry = self._entry(index)
        if entry is None:
            return Strip.blank(width, self.style_of(""))
        selected = index == self._cursor
        row = self._rows.get(
            entry.keys[0] if isinstance(entry, Fold) else entry.key if isinstance(entry, Reason) else entry
        )
        if row is None:
            return Strip.blank(width, self.style_of(""))
        twin = isinstance(entry, Key) and is_twin(entry, self._rows)
        hit = self._cache.get((entry, selected, twin))
        if hit is not None and hit[0] is row:
            return hit[1]
        strip = self._painted_entry(entry, row, selected, twin)
        if len(self._cache) > MOST_KEPT:
            self._cache.clear()
        self._cache[entry, selected, twin] = (row, strip)
        return strip

    def _painted_entry(self, entry: Entry, row: Row, selected: bool, twin: bool) -> Strip:
        width = self.line_width
        line: Line
        if isinstance(entry, Raised):
            line = raised_line(entry.words, width, self._drawing)
        elif isinstance(entry, Reason):
            line = reason_line(row, width, self._drawing, show_split=self.show_split)
        elif isinstance(entry, Fold):
            rows = [self._rows[key] for key in entry.keys if key in self._rows]
            line = fold_line(rows, width, self._drawing, unfolded=entry.cause in self._unfolded)
        else:
            line = row_line(row, self._shown_columns(), self._drawing, twin=twin)
        if selected:
            line = ((self._drawing.glyphs.cursor, "accent"), (line[0][0][1:], line[0][1]), *line[1:])
        return self.paint(line, width, over=self._selected_style() if selected else None)

    def _selected_style(self) -> Style:
        style = self.style_of("selected")
        return Style(reverse=True) if style.reverse else Style(bgcolor=style.bgcolor)

    def _shown_columns(self) -> tuple[Column, ...]:
        if not self._columns:
            self._columns = columns_for(
                self.line_width,
                one_namespace=self._one_namespace,
                longest_name=self._longest[0],
                longest_namespace=self._longest[1],
                by_change=self._by_change,
            )
        return self._columns

    def _forget(self) -> None:
        self._cache.clear()
        self._columns = ()

    def _repaint(self) -> None:
        """Write the visible lines that differ from what stands there, and of them only the cells that differ."""
        if not self.is_mounted or not self._painted:
            self.refresh()
            return
        width = self.line_width
        for y in range(self.size.height):
            strip, old = self._strip(y), self._painted.get(y)
            if old is None:
                self.refresh(Region(0, y, width, 1))
            elif strip is not old and strip != old:
                self._write(y, differences(old, strip))
                self._painted[y] = strip

    def _select(self, index: int) -> None:
        index = max(0, min(index, len(self._entries) - 1))
        if isinstance(self._entry(index), Reason):
            index -= 1
        self._cursor = index
        entry = self._entry(index)
        self._wanted = entry.cause if isinstance(entry, Fold) else entry if isinstance(entry, Key) else None
        self._keep_visible()
        self._repaint()
        self.post_message(self.Looked())

    def _find(self, wanted: Key | str | None, near: int) -> int:
        """Give the line of what is wanted; when it is gone, the line nearest to where it was."""
        index = self._index_of(wanted) if wanted is not None else None
        if index is None:
            index = max(0, min(near, len(self._entries) - 1)) if wanted is not None else 0
            if isinstance(self._entry(index), Reason):
                index -= 1
        return max(0, index)

    def _index_of(self, wanted: Key | str | None) -> int | None:
        for index, entry in zip(count(), self._entries, strict=False):
            if entry is wanted:
                return index
        for index, entry in enumerate(self._entries):
            if isinstance(entry, Fold):
                if entry.cause == wanted or (wanted in entry.keys and entry.cause not in self._unfolded):
                    return index
            elif isinstance(entry, Key) and entry == wanted:
                return index
        return None

    def _keep_visible(self) -> None:
        first, height = self.scroll_offset.y, self._body_height
        last = self._cursor + (1 if isinstance(self._entry(self._cursor + 1), Reason) else 0)
        if self._cursor < first:
            self._scroll_to_line(self._cursor)
        elif last >= first + height:
            self._scroll_to_line(min(self._cursor, last - height + 1))

    def _scroll_to_line(self, line: int) -> None:
        if line != self.scroll_offset.y:
            self.scroll_to(y=line, animate=False, immediate=True, force=True)


def _longest(entries: Sequence[Entry]) -> tuple[int, int]:
    """Give the cells of the longest name and of the longest namespace. Those in folds do not count."""
    keys = [entry for entry in entries if isinstance(entry, Key)]
    return (
        max((_cells(name) for name in {key.name for key in keys}), default=0),
        max((_cells(namespace) for namespace in {key.namespace for key in keys}), default=0),
    )


def _cells(name: str) -> int:
    """Give the cells of a name; nearly all of ten thousand are plain, where looking up each character takes 10 ms."""
    return len(name) if name.isascii() and name.isprintable() else cell_len(name)

"""Shows a page: scrolls, stops a cursor at what can be chosen, searches; paints only the lines that are visible."""

from __future__ import annotations

import re
from datetime import datetime

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kmon_tui.render.found import left_for, marked
from kmon_tui.render.lines import in_look, shifted, text_of, width_of
from kmon_tui.render.page import MakePage, Page, Stop
from kmon_tui.ui.cpu_limit import TooSlow, cpu_limit
from kmon_tui.ui.palette import Painted

SIDE_STEP = 16
SEARCH_S = 0.5
"""So long a search through a page may compute."""
PLAIN = (str, int, float, datetime, frozenset)


class PageView(ScrollView, Painted):
    """A page that is drawn for its width, and the place in it where a person is."""

    DEFAULT_CSS = """
    PageView { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    class Chosen(Message):
        """A stop was clicked twice."""

        def __init__(self, view: PageView, value: object) -> None:
            super().__init__()
            self.view = view
            self.value = value

    def __init__(self, *, id: str, at_end: bool = False, sideways: bool = False) -> None:
        """``at_end``: begins at its end and stays there as lines come; ``sideways``: long lines are scrolled to."""
        super().__init__(id=id)
        self.can_focus = False
        self._make: MakePage = lambda _width: Page()
        self._depends: tuple[object, ...] = ()
        self._page = Page()
        self._drawn: tuple[object, ...] | None = None
        self._at_end = at_end
        self._sideways = sideways
        self._left = 0
        self._cursor = 0
        self._stale = False
        self._marks = True
        self._search: re.Pattern[str] | None = None
        self._hit = -1

    def fill(self, make: MakePage, depends: tuple[object, ...], *, stale: bool = False) -> None:
        """Take over a way to draw, and what it depends on: nothing is drawn while those are the same objects."""
        if stale != self._stale:
            self._stale, self._drawn = stale, None
        self._make, self._depends = make, depends
        self._draw()

    def mark(self, marks: bool) -> None:
        """Show the cursor, or hide it: keys mean one page at a time."""
        if marks != self._marks:
            self._marks = marks
            self.refresh()

    @property
    def chosen(self) -> object:
        """What the cursor stands at; None when there is nothing to choose."""
        stop = self._stop
        return stop.value if stop is not None else None

    @property
    def found(self) -> tuple[int, int]:
        """Which hit of the search is shown, from 1, and how many there are."""
        hits = self._hits()
        return (hits.index(self._hit) + 1 if self._hit in hits else 0, len(hits))

    @property
    def text(self) -> str:
        """All that the page says."""
        return "\n".join(text_of(line) for line in self._page.lines)

    def move(self, by: int) -> None:
        """Go to another stop, or scroll where there are none or the next one is far away."""
        stops = self._page.stops
        target = self._cursor + by
        if not stops or not 0 <= target < len(stops):
            self.scroll_by(by)
            return
        top, height = self.scroll_offset.y, max(1, self.size.height)
        line = stops[target].line
        if line < top - 1 or line > top + height:  # words between two stops are read first
            self.scroll_by(by)
            return
        self._cursor = target
        self._keep_visible()
        self.refresh()

    def page(self, by: int) -> None:
        """Go pages down or up; the cursor goes along."""
        self.scroll_by(by * max(1, self.size.height - 1))
        self._take_cursor_along()

    def edge(self, to: int) -> None:
        """Go to the top or the end."""
        self._cursor = 0 if to < 0 else max(0, len(self._page.stops) - 1)
        self._go_to_line(0 if to < 0 else len(self._page.lines))
        self.refresh()

    def sideways(self, by: int) -> None:
        """Scroll long lines."""
        if self._sideways:
            widest = max((width_of(line) for line in self._page.lines), default=0)
            self._left = max(0, min(self._left + by * SIDE_STEP, widest - self.size.width // 2))
            self.refresh()

    def scroll_by(self, by: int) -> None:
        """Scroll some lines."""
        self._go_to_line(self.scroll_offset.y + by)

    def search(self, text: str) -> tuple[int, int]:
        """Show the first hit from here on; what cannot be read as a regular expression is meant literally.

        So is one that takes too long on these lines.
        """
        try:
            self._search = re.compile(text, re.IGNORECASE) if text else None
        except re.error:
            self._search = None
        self._hits()
        if text and self._search is None:
            self._search = re.compile(re.escape(text), re.IGNORECASE)
        self._hit = self.scroll_offset.y - 1
        return self.next_hit(1)

    def next_hit(self, by: int) -> tuple[int, int]:
        """Show the next hit, from the last one on to the first."""
        hits = self._hits()
        if hits:
            beyond = [y for y in hits if (y - self._hit) * by > 0]
            self._hit = (beyond or hits)[0 if by > 0 else -1]
            self._go_to_line(max(0, self._hit - self.size.height // 3))
            self._show_aside(self._hit)
        self.refresh()
        return self.found

    def notify_style_update(self) -> None:
        """Draw in the new colours."""
        super().notify_style_update()
        self.refresh()

    def on_resize(self) -> None:
        """Draw for the new width."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a second click chooses."""
        y = self.scroll_offset.y + event.y
        for place, stop in enumerate(self._page.stops):
            if stop.line <= y < stop.line + stop.height:
                self._cursor = place
                self.refresh()
                if event.chain == 2:
                    self.post_message(self.Chosen(self, stop.value))

    def render_line(self, y: int) -> Strip:
        """Paint one line of the screen."""
        width = self.scrollable_content_region.width
        index = self.scroll_offset.y + y
        if index >= len(self._page.lines):
            return Strip.blank(width, self.style_of(""))
        line = self._page.lines[index]
        if self._stale:
            line = in_look(line, "stale")
        if self._search is not None:
            try:
                with cpu_limit(SEARCH_S):
                    line = marked(line, self._search, "alarm" if index == self._hit else "match")
            except TooSlow:
                self._search = None  # the page has other lines now
        stop = self._stop
        over = None
        if self._marks and stop is not None and stop.line <= index < stop.line + stop.height:
            style = self.style_of("selected")
            over = Style(reverse=True) if style.reverse else Style(bgcolor=style.bgcolor)
        if self._left:
            line = shifted(line, self._left)
        return self.paint(line, width, over)

    @property
    def _stop(self) -> Stop | None:
        stops = self._page.stops
        return stops[min(self._cursor, len(stops) - 1)] if stops else None

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        depends = (*self._depends, width)
        if not width or not self.size.height or not self.display or same(depends, self._drawn):
            return
        before = self._page
        was_at_end = self._drawn is None or self.scroll_offset.y >= len(before.lines) - self.size.height
        self._drawn = depends
        value = self.chosen
        self._page = self._make(width)
        self._find_again(value, was_at_end=was_at_end)
        if self._page.lines == before.lines and self._page.stops == before.stops:
            return
        self.virtual_size = Size(width, len(self._page.lines))
        if self._at_end and was_at_end:
            self._go_to_line(len(self._page.lines))
        self.refresh()

    def _find_again(self, value: object, *, was_at_end: bool) -> None:
        """Keep the cursor at what it stood at, or in its place when that is gone."""
        stops = self._page.stops
        same = [place for place, stop in enumerate(stops) if stop.value == value]
        if self._at_end and was_at_end:
            self._cursor = max(0, len(stops) - 1)
        elif same:
            self._cursor = same[0]
        else:
            self._cursor = max(0, min(self._cursor, len(stops) - 1))

    def _hits(self) -> list[int]:
        """Give the lines in which something is found; a search that takes too long is over."""
        if self._search is None:
            return []
        try:
            with cpu_limit(SEARCH_S):
                return [y for y, line in enumerate(self._page.lines) if self._search.search(text_of(line))]
        except TooSlow:
            self._search = None
            return []

    def _show_aside(self, index: int) -> None:
        """Scroll sideways to what was found in a line."""
        if self._sideways and self._search is not None:
            self._left = left_for(text_of(self._page.lines[index]), self._search, self._left, self.size.width)

    def _keep_visible(self) -> None:
        stop = self._stop
        if stop is None:
            return
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._cursor == 0:
            self._go_to_line(max(0, stop.line + stop.height - height))
        elif stop.line < top:
            self._go_to_line(stop.line)
        elif stop.line + stop.height > top + height:
            self._go_to_line(min(stop.line, stop.line + stop.height - height))

    def _take_cursor_along(self) -> None:
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        seen = [place for place, stop in enumerate(self._page.stops) if top <= stop.line < bottom]
        if seen and self._cursor not in seen:
            self._cursor = seen[0] if self._cursor < seen[0] else seen[-1]
            self.refresh()

    def _go_to_line(self, line: int) -> None:
        line = max(0, min(line, len(self._page.lines) - self.size.height))
        if line != self.scroll_offset.y:
            self.scroll_to(y=line, animate=False, immediate=True, force=True)


def same(these: tuple[object, ...], those: tuple[object, ...] | None) -> bool:
    """Whether they are the same objects, or plain values that are equal: trees are too large to be compared."""
    if those is None or len(these) != len(those):
        return False
    return all(a is b or (isinstance(a, PLAIN) and a == b) for a, b in zip(these, those, strict=True))

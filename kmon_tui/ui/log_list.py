"""The lines of logs: only visible ones are drawn, at most ten times a second, and scrolling keeps its place."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from dataclasses import replace

from textual import events
from textual.message import Message

from kmon_tui.domain.logs import LogView
from kmon_tui.render.found import left_for, marked
from kmon_tui.render.lines import Line, shifted, width_of
from kmon_tui.render.log_lines import LogLook, pod_names, rows_of
from kmon_tui.ui.cpu_limit import TooSlow, cpu_limit
from kmon_tui.ui.log_index import LogIndex
from kmon_tui.ui.palette import LinesView

PAINT_EVERY_S = 0.1
MOST_CACHED = 4000
SEARCH_S = 1.0
"""So long a search through all lines that are held may compute; an ordinary one takes a tenth."""
GLANCE_S = 0.3
"""And so long one through those that came, or that are visible."""
SIDE_STEP = 16


class LogList(LinesView):
    """Follows the end, or stays at a line while others come and go."""

    class Moved(Message):
        """Other lines are visible, or more lie below them."""

    class GaveUp(Message):
        """The filter, or the search, took too long on new lines: it is off now."""

        def __init__(self, *, filtering: bool) -> None:
            super().__init__()
            self.filtering = filtering

    def __init__(self) -> None:
        super().__init__(id="lines")
        self.index = LogIndex()
        self.look = LogLook()
        self.follow = True
        self.empty: tuple[Line, ...] = ()
        """What stands there while there is no line."""
        self._top = (0, 0)
        """Number of the line at the top, and which of its rows."""
        self._bottom = 0
        """Number of the line at the bottom."""
        self._left = 0
        self._rows: list[tuple[int, Line]] = []
        """What is visible, not cut, each with the number of its line."""
        self._search: re.Pattern[str] | None = None
        self._hit = -1
        self._cache: dict[int, list[Line]] = {}
        self._painted_s = 0.0
        self._waiting = False

    def take(self, view: LogView | None) -> None:
        """Take over newer lines; they are drawn soon."""
        if view is self.index.view:
            return
        before = len(self.index.pods)
        known = self.index.view
        try:
            with cpu_limit(GLANCE_S) if self.index.filtered else nullcontext():
                self.index.see(view)
        except TooSlow:
            self.index.want(None, self.index.hidden)
            self.index.see(view)
            self.post_message(self.GaveUp(filtering=True))
        if view is None or known is None or view.request != known.request:
            self._cache.clear()
            self.follow, self._top = True, (0, 0)
        if len(self.index.pods) != before:
            self._name_pods()
        self._soon()

    def want(self, pattern: re.Pattern[str] | None, hidden: frozenset[str]) -> None:
        """Show only what is wanted. Raises TooSlow when that takes too long, and shows everything then."""
        try:
            with cpu_limit(SEARCH_S) if pattern is not None else nullcontext():
                self.index.want(pattern, hidden)
        except TooSlow:
            self.index.want(None, hidden)
            raise
        finally:
            self.paint_now()

    def draw_as(self, look: LogLook) -> None:
        """Draw in another way."""
        if look != self.look:
            self.look = look
            self._name_pods()
            self._cache.clear()
            self.paint_now()

    @property
    def below(self) -> int:
        """How many wanted lines lie below what is visible."""
        return 0 if self.follow else max(0, len(self.index) - self.index.place(self._bottom + 1))

    @property
    def visible_lines(self) -> tuple[Line, ...]:
        """What stands there now, to its end."""
        return tuple(row for _, row in self._rows)

    def move(self, by: int) -> None:
        """Scroll some rows; at the end, follow it."""
        if not len(self.index):
            return
        self._top = self._back(self._top, -by) if by < 0 else self._forth(self._top, by)
        end = self._last_top()
        self.follow = by > 0 and self._top >= end
        if self.follow:
            self._top = end
        self.paint_now()

    def edge(self, to: int) -> None:
        """Go to the oldest line, or follow the end."""
        self.follow = to > 0
        self._top = (self.index.number(0), 0) if len(self.index) else (0, 0)
        self.paint_now()

    def sideways(self, by: int) -> None:
        """Scroll long lines, not beyond their ends."""
        widest = max((width_of(row) for _, row in self._rows), default=0)
        left = min(self._left + by * SIDE_STEP, widest - self.size.width // 2) if not self.look.wrap else 0
        self._left = max(0, left)
        self.paint_now()

    def search(self, pattern: re.Pattern[str] | None) -> tuple[int, int]:
        """Go to the newest hit that is not below what is visible. Raises TooSlow, and searches nothing then."""
        self._search, self._hit = pattern, -1
        if pattern is None:
            self.paint_now()
            return (0, 0)
        self._hit = self._bottom + 1
        return self.next_hit(-1)

    def next_hit(self, by: int) -> tuple[int, int]:
        """Go to another hit: its place among them, and how many there are.

        Raises TooSlow, and searches nothing then.
        """
        if self._search is None:
            return (0, 0)
        try:
            with cpu_limit(SEARCH_S):
                hits = self.index.hits(self._search)
        except TooSlow:
            self._search = None
            raise
        if hits:
            beyond = [number for number in hits if (number - self._hit) * by > 0]
            self._hit = (beyond or hits)[0 if by > 0 else -1]
            self.follow = False
            self._top = min(self._back((self._hit, 0), self.size.height // 3), self._last_top())
            self._show_aside(self._hit)
        self.paint_now()
        return (hits.index(self._hit) + 1 if hits else 0, len(hits))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw_as(replace(self.look, width=self.size.width))
        self.paint_now()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.move(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.move(3)

    def paint_now(self) -> None:
        """Write the visible lines that differ."""
        self._painted_s, self._waiting = time.monotonic(), False
        width, height = self.size.width, self.size.height
        if not width or not height:
            return
        self._rows = self._visible(height)
        try:
            with cpu_limit(GLANCE_S) if self._search is not None else nullcontext():
                lines = self._seen()
        except TooSlow:
            self._search = None
            lines = self._seen()
            self.post_message(self.GaveUp(filtering=False))
        self.show(lines)
        self.post_message(self.Moved())

    def show(self, lines: tuple[Line, ...]) -> None:
        """Write all at once where most lines differ: to look for single cells would take longer."""
        changed = sum(1 for old, new in zip(self._lines, lines, strict=False) if old != new)
        if changed * 3 > len(lines):
            self._lines = lines
            self.refresh()
        else:
            super().show(lines)

    def _soon(self) -> None:
        waited_s = time.monotonic() - self._painted_s
        if waited_s >= PAINT_EVERY_S:
            self.paint_now()
        elif not self._waiting:
            self._waiting = True
            self.set_timer(PAINT_EVERY_S - waited_s, self._paint_what_waits)

    def _paint_what_waits(self) -> None:
        if self._waiting:
            self.paint_now()

    def _visible(self, height: int) -> list[tuple[int, Line]]:
        index = self.index
        if not len(index):
            return [(-1, line) for line in self.empty]
        if self.follow:
            self._top = self._last_top()
        number, skip = self._top
        place = index.place(number)
        if place < len(index) and index.number(place) != number:
            skip = 0  # the line at the top was dropped, or is not wanted any more
        if place >= len(index):
            place, skip = len(index) - 1, 0
        self._top = (index.number(place), skip)
        rows: list[tuple[int, Line]] = []
        while len(rows) < height and place < len(index):
            number = self._bottom = index.number(place)
            rows.extend((number, row) for row in self._drawn(number)[skip:])
            place, skip = place + 1, 0
        return rows[:height]

    def _seen(self) -> tuple[Line, ...]:
        """Give the visible rows as they are painted: scrolled sideways, with what was searched."""
        rows = [(number, _aside(row, self._left) if self._left else row) for number, row in self._rows]
        if self._search is None:
            return tuple(row for _, row in rows)
        return tuple(
            marked(row, self._search, "alarm" if number == self._hit else "match") if number >= 0 else row
            for number, row in rows
        )

    def _drawn(self, number: int) -> list[Line]:
        rows = self._cache.get(number)
        if rows is None:
            if len(self._cache) > MOST_CACHED:
                self._cache.clear()
            rows = self._cache[number] = rows_of(self.index.line(number), self.look)
        return rows

    def _show_aside(self, number: int) -> None:
        """Scroll sideways to what was found in a line."""
        *lead, (text, _) = self._drawn(number)[0]
        if self._search is not None and not self.look.wrap:
            room = self.size.width - width_of(tuple(lead))
            self._left = left_for(text, self._search, self._left, room)

    def _back(self, top: tuple[int, int], by: int) -> tuple[int, int]:
        """Give the row so many rows above."""
        number, row = top
        place = min(self.index.place(number), len(self.index) - 1)
        while by > row and place > 0:
            by -= row + 1
            place -= 1
            row = len(self._drawn(self.index.number(place))) - 1
        return (self.index.number(place), max(0, row - by))

    def _forth(self, top: tuple[int, int], by: int) -> tuple[int, int]:
        """Give the row so many rows below."""
        number, row = top
        place = min(self.index.place(number), len(self.index) - 1)
        while place < len(self.index) - 1 and row + by >= (rows := len(self._drawn(self.index.number(place)))):
            by -= rows - row
            place, row = place + 1, 0
        return (self.index.number(place), min(row + by, len(self._drawn(self.index.number(place))) - 1))

    def _last_top(self) -> tuple[int, int]:
        """Give the row at the top when the last one is at the bottom."""
        last = self.index.number(len(self.index) - 1)
        return self._back((last, len(self._drawn(last)) - 1), max(1, self.size.height) - 1)

    def _name_pods(self) -> None:
        pods, containers = self.index.pods, self.index.containers
        names = pod_names(pods)
        self.look = replace(self.look, names=names if len(pods) > 1 else None, containers=len(containers) > 1)
        self._cache.clear()


def _aside(row: Line, left: int) -> Line:
    """Leave away the first cells of the text; what says whose it is stays."""
    *lead, text = row
    return (*lead, *shifted((text,), left))

"""Which of the held lines are wanted, and where each stands; new lines alone cost anything."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from kmon_tui.domain.log_text import plain
from kmon_tui.domain.logs import LogLine, LogView

MOST_SEARCHED = 64_000
"""Characters of a line that are searched."""


class LogIndex:
    """Follows a LogView; numbers of lines stay the same while older ones are dropped."""

    def __init__(self) -> None:
        self.view: LogView | None = None
        self.pods: list[str] = []
        """All pods that wrote a line, in the order in which they came."""
        self.containers: list[str] = []
        self.hidden: frozenset[str] = frozenset()
        """Names of containers and pods that are not wanted."""
        self._pattern: re.Pattern[str] | None = None
        self._starts: list[int] = []
        self._numbers: list[int] | None = None
        """Of the wanted lines; None while all are."""
        self._seen = 0
        """Lines below this number were looked at."""
        self._known: set[str] = set()

    def see(self, view: LogView | None) -> None:
        """Take over a newer view."""
        old = self.view
        if view is None or old is None or view.request != old.request or view.total < self._seen:
            self._forget_all()
        self.view = view
        if view is None:
            return
        start = view.first
        self._starts = []
        for chunk in view.chunks:
            self._starts.append(start)
            start += len(chunk)
        self._drop(view.first)
        self._take(max(self._seen, view.first))

    def want(self, pattern: re.Pattern[str] | None, hidden: frozenset[str]) -> None:
        """Want other lines from now on."""
        self._pattern, self.hidden = pattern, hidden
        self._numbers = [] if pattern is not None or hidden else None
        if self.view is not None:
            self._seen = self.view.first
            self._take(self._seen)

    @property
    def filtered(self) -> bool:
        """Whether lines are searched before they are shown."""
        return self._pattern is not None

    def __len__(self) -> int:
        if self.view is None:
            return 0
        return len(self._numbers) if self._numbers is not None else self._end - self.view.first

    def number(self, place: int) -> int:
        """Give the number of the wanted line in this place."""
        assert self.view is not None
        return self._numbers[place] if self._numbers is not None else self.view.first + place

    def place(self, number: int) -> int:
        """Give the place of a line, or of the first wanted one after it."""
        if self.view is None:
            return 0
        if self._numbers is not None:
            return bisect_left(self._numbers, number)
        return max(0, min(number, self._end) - self.view.first)

    def line(self, number: int) -> LogLine:
        """Give a line that is held."""
        assert self.view is not None
        chunk = bisect_right(self._starts, number) - 1
        return self.view.chunks[chunk][number - self._starts[chunk]]

    def hits(self, pattern: re.Pattern[str]) -> list[int]:
        """Give the numbers of the wanted lines in which something is found."""
        return [
            number
            for number in (self.number(place) for place in range(len(self)))
            if pattern.search(plain(self.line(number).text[:MOST_SEARCHED]))
        ]

    @property
    def _end(self) -> int:
        """One past the number of the last line that is held."""
        assert self.view is not None
        return self._starts[-1] + len(self.view.chunks[-1]) if self._starts else self.view.first

    def _forget_all(self) -> None:
        self.pods, self.containers, self._known = [], [], set()
        self._numbers = [] if self._pattern is not None or self.hidden else None
        self._seen = 0

    def _drop(self, first: int) -> None:
        if self._numbers is not None:
            del self._numbers[: bisect_left(self._numbers, first)]

    def _take(self, start: int) -> None:
        """Look at the lines from this number on."""
        for number, line in self._lines_from(start):
            if line.pod not in self._known or line.container not in self._known:
                self._meet(line)
            if self._numbers is not None and self._wants(line):
                self._numbers.append(number)
        self._seen = max(self._seen, self._end)

    def _lines_from(self, start: int) -> Iterator[tuple[int, LogLine]]:
        assert self.view is not None
        for begin, chunk in zip(self._starts, self.view.chunks, strict=True):
            if begin + len(chunk) > start:
                skip = max(0, start - begin)
                yield from enumerate(chunk[skip:] if skip else chunk, begin + skip)

    def _meet(self, line: LogLine) -> None:
        for name, names in ((line.pod, self.pods), (line.container, self.containers)):
            if name and name not in self._known:
                names.append(name)
                self._known.add(name)
        self._known |= {line.pod, line.container}

    def _wants(self, line: LogLine) -> bool:
        if line.pod in self.hidden or line.container in self.hidden:
            return False
        return line.mark or self._pattern is None or bool(self._pattern.search(plain(line.text[:MOST_SEARCHED])))

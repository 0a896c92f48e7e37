"""The newest lines of all, bounded: chunks that never change, so that two views share all but the newest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from kmon_tui.domain.logs import LogLine

CHUNK = 512
MOST_LINES = 50_000
MOST_CHARACTERS = 32_000_000


class Ring:
    """Keeps lines until there are too many."""

    def __init__(self, most_lines: int = MOST_LINES, most_characters: int = MOST_CHARACTERS) -> None:
        self._most_lines, self._most_characters = most_lines, most_characters
        self._chunks: deque[tuple[LogLine, ...]] = deque()
        self._sizes: deque[int] = deque()
        self._lines = self._characters = 0
        self.total = 0

    @property
    def first(self) -> int:
        """How many lines have fallen out."""
        return self.total - self._lines

    @property
    def chunks(self) -> tuple[tuple[LogLine, ...], ...]:
        """What is held, oldest first."""
        return tuple(self._chunks)

    def add(self, lines: Iterable[LogLine]) -> None:
        """Add lines at the end, and let the oldest chunks go when there are too many."""
        for chunk in _cut(lines, CHUNK - len(self._chunks[-1]) if self._chunks else CHUNK):
            size = sum([len(line.text) for line in chunk])
            if self._chunks and len(self._chunks[-1]) < CHUNK:
                self._chunks[-1] += chunk
                self._sizes[-1] += size
            else:
                self._chunks.append(chunk)
                self._sizes.append(size)
            self.total += len(chunk)
            self._lines += len(chunk)
            self._characters += size
        while len(self._chunks) > 1 and (self._lines > self._most_lines or self._characters > self._most_characters):
            self._lines -= len(self._chunks.popleft())
            self._characters -= self._sizes.popleft()


def _cut(lines: Iterable[LogLine], first: int) -> Iterator[tuple[LogLine, ...]]:
    rest = iter(lines)
    size = first or CHUNK
    while chunk := tuple(islice(rest, size)):
        yield chunk
        size = CHUNK

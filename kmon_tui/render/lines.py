"""A line of a screen before it has colours: pieces of text, each with the name of its look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

Span: TypeAlias = tuple[str, str]
"""Text and the name of its look (a component class without its prefix); an empty name is the plain one."""
Line: TypeAlias = tuple[Span, ...]
ELLIPSIS = "…"
"""Stands where a line was cut; ui/plain_filter.py writes another sign where a terminal has none."""


def text_of(line: Line) -> str:
    """Give the text alone."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """Give the number of cells."""
    return sum(cell_len(text) for text, _ in line)


def joined(spans: Iterable[Span]) -> Line:
    """Give the line with neighbours of one look put together: each change of look costs bytes on the wire."""
    out: list[Span] = []
    for text, look in spans:
        if not text:
            continue
        if out and out[-1][1] == look:
            out[-1] = (out[-1][0] + text, look)
        else:
            out.append((text, look))
    return tuple(out)


def shortened(line: Line, width: int, ellipsis: str = ELLIPSIS) -> Line:
    """Give the line in at most ``width`` cells; what is cut away leaves a mark, unless it is empty."""
    if width_of(line) <= width:
        return line
    short = _cut(line, width)
    rest = text_of(line)[len(text_of(short).rstrip()) :]
    if not rest.strip() or width < 1:
        return short
    *head, (text, look) = _cut(line, width - 1)
    return (*head, (f"{text.rstrip()}{ellipsis}", look))


def shifted(line: Line, left: int) -> Line:
    """Give the line without its first ``left`` characters; what is left away leaves a mark, unless it is empty."""
    out: list[Span] = []
    skip = left
    for text, look in line:
        out.append((text[skip:], look))
        skip = max(0, skip - len(text))
    if not text_of(line)[:left].strip():
        return tuple(out)
    first, *rest = [(text, look) for text, look in out if text] or [("", "")]
    return ((ELLIPSIS + first[0][1:], first[1]), *rest)


def spread(left: Line, right: Line, width: int, ellipsis: str = ELLIPSIS) -> Line:
    """Put one line at the left edge and one at the right; the left one is cut when they meet."""
    if not right:
        return shortened(left, width, ellipsis)
    room = width - width_of(right)
    meets = room <= 1
    left = shortened(left, width if meets else room - 1, ellipsis)
    if meets:
        return left
    return (*left, (" " * (room - width_of(left)), ""), *right)


def in_look(line: Line, look: str) -> Line:
    """Give the same text in one look, as stale data is drawn."""
    return ((text_of(line), look),)


def _cut(line: Line, width: int) -> Line:
    out: list[Span] = []
    left = width
    for text, look in line:
        length = cell_len(text)
        if length > left:
            out.append((set_cell_size(text, left), look))
            return tuple(out)
        out.append((text, look))
        left -= length
    return tuple(out)

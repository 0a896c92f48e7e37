"""A line of a screen before it has colours: pieces of text, each with the name of its look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

Span: TypeAlias = tuple[str, str]
"""Text and the name of its look (a component class without its prefix); an empty name is the plain one."""
Line: TypeAlias = tuple[Span, ...]


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


def cropped(line: Line, width: int) -> Line:
    """Give the line in at most ``width`` cells."""
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


def shortened(line: Line, width: int, ellipsis: str) -> Line:
    """Give the line in at most ``width`` cells; what is cut away leaves a mark, unless it is empty."""
    if width_of(line) <= width:
        return line
    short = cropped(line, width)
    rest = text_of(line)[len(text_of(short).rstrip()) :]
    if not rest.strip() or width < 1:
        return short
    *head, (text, look) = cropped(line, width - 1)
    return (*head, (f"{text.rstrip()}{ellipsis}", look))


def spread(left: Line, right: Line, width: int, ellipsis: str = "") -> Line:
    """Put one line at the left edge and one at the right; the left one is cut when they meet."""
    room = width - width_of(right)
    meets = room <= 1
    kept = width if meets else room - 1
    left = shortened(left, kept, ellipsis) if ellipsis else cropped(left, kept)
    if meets:
        return left
    return (*left, (" " * (room - width_of(left)), ""), *right)


def in_look(line: Line, look: str) -> Line:
    """Give the same text in one look, as stale data is drawn."""
    return ((text_of(line), look),)

"""Text from the cluster made fit for a terminal's cells: no control, no markup, no invisible marks, an exact width."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MOST_MARKS = 2
"""Combining marks kept on one character; more are a prank that spills over the lines above."""


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """Give the text with nothing in it that a terminal would obey or hide.

    Line ends and tabs become spaces, control characters (ESC, NUL, C1) a
    visible mark; direction overrides, zero-width and unassigned characters go.
    """
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category in {"Mn", "Me"}:
            marks += 1
            if marks <= MOST_MARKS and out and not "\ufe00" <= char <= "\ufe0f":
                out.append(char)
            continue
        marks = 0
        out.append(_safe(char, category))
    return "".join(out)


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Give the text in exactly ``width`` cells: padded, or cut at its end with an ellipsis."""
    length = len(text) if text.isascii() else cell_len(text)
    if length <= width:
        pad = " " * (width - length)
        return pad + text if right else text + pad
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1) + ellipsis


def middle(text: str, width: int, *, ellipsis: str = "…", end_share: float = 0.5) -> str:
    """Give the text in at most ``width`` cells, cut in its middle: both ends of a long name or ARN tell it apart.

    ``end_share`` is how much of the room the end gets.
    """
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return ellipsis[:width]
    tail_width = int((width - 1) * end_share)
    head = set_cell_size(text, width - 1 - tail_width).rstrip()
    return head + ellipsis + _tail(text, tail_width)


def wrap(text: str, width: int, *, most_lines: int = 99, ellipsis: str = "…") -> list[str]:
    """Break a sentence into lines of at most ``width`` cells; the last one is cut when there are too many."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        pieces = _chop(word, max(1, width))
        lines.extend(pieces[:-1])
        line = pieces[-1]
    if line:
        lines.append(line)
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], fit(" ".join(lines[most_lines - 1 :]), width, ellipsis=ellipsis).rstrip()]
    return lines


def _safe(char: str, category: str) -> str:
    if char in "\t\n\r\v\f" or category in {"Zs", "Zl", "Zp"}:
        return " "
    if category in {"Cc", "Cs", "Co"}:
        return REPLACEMENT
    return "" if category in {"Cf", "Cn"} else char


def _tail(text: str, width: int) -> str:
    """Give the end of the text in at most ``width`` cells."""
    start = len(text)
    used = 0
    while start > 0 and used + cell_len(text[start - 1]) <= width:
        start -= 1
        used += cell_len(text[start])
    return text[start:]


def _chop(word: str, width: int) -> list[str]:
    pieces: list[str] = []
    piece = ""
    for char in word:
        if cell_len(piece + char) > width and piece:
            pieces.append(piece)
            piece = ""
        piece += char
    return [*pieces, piece]

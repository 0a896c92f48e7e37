"""The last look at each line on a terminal that is not UTF-8: what it cannot show becomes something that it can.

Our own signs are ASCII there from the start; this is for Textual's, as the dots of a text cut off, and for texts of
the cluster. Without it Python writes six characters in place of one, and the line breaks its neighbours.
"""

from __future__ import annotations

import sys
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    **dict.fromkeys("…", "~"),
    **dict.fromkeys("─━═▁▔╌", "-"),
    **dict.fromkeys("│┃║▏▕▎▌", "|"),
    **dict.fromkeys("┌┐└┘╭╮╰╯├┤┬┴┼", "+"),
    **dict.fromkeys("▂▃▄▅▆▇█▊▋", "#"),
    **dict.fromkeys("•●▶▼▲", "*"),
    "→": ">",
}


class PlainFilter(LineFilter):
    """Replaces what an encoding lacks, cell by cell."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Give the same line, in characters that can be written."""
        return [
            segment if segment.control or segment.text.isascii() else segment._replace(text=self._plain(segment.text))
            for segment in segments
        ]

    def _plain(self, text: str) -> str:
        return "".join(plain(char, self._encoding) for char in text)


def terminal_encoding() -> str:
    """Give the encoding of what Textual writes to, for a person who wants ASCII or whose locale is not UTF-8.

    Python writes UTF-8 also where the locale is C (its UTF-8 mode); what reads that is no terminal for UTF-8.
    """
    encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    return "ascii" if encoding.lower().replace("-", "") == "utf8" else encoding


@lru_cache(4096)
def plain(char: str, encoding: str) -> str:
    """Give one character, or as many of ASCII as it is cells wide."""
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return _SIGNS.get(char) or "?" * cell_len(char)
    return char

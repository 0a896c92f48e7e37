"""A picture of the screen as SVG that asks nobody for anything and looks the same everywhere.

What Textual gives relies on a font from the web and on ``textLength``, which Inkscape, librsvg and office programs do
not know: charts run over their panels there. So words stand where their cell is, each by itself, and what is no letter
(dots of curves, bars, rules) is drawn.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from rich.cells import cell_len

WIDTH, HEIGHT, RISE = 12.2, 24.4, 18.5
"""Of a cell, and from its top to the line that letters stand on: as Rich draws them."""
THIN, DOT = 1.6, 3.4
_FONT = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)
_TEXT = re.compile(r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)" textLength="[^"]*"([^>]*)>([^<]*)</text>')
_ARMS = {
    **dict.fromkeys("─━", "lr"),
    **dict.fromkeys("│┃", "ud"),
    **dict.fromkeys("┌╭", "rd"),
    **dict.fromkeys("┐╮", "ld"),
    **dict.fromkeys("└╰", "ru"),
    **dict.fromkeys("┘╯", "lu"),
    "├": "rud",
    "┤": "lud",
    "┬": "lrd",
    "┴": "lru",
    "┼": "lrud",
}
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each bit of a braille pattern."""


def plain_svg(svg: str) -> str:
    """Give a picture without the addresses of web fonts, whose cells stand in their places without them."""
    return _TEXT.sub(_placed, _FONT.sub("", svg))


def _placed(found: re.Match[str]) -> str:
    look, x, y, rest, text = found.groups()
    left, base = float(x), float(y)
    drawn: list[str] = []
    parts: list[str] = []
    for cell, word in _words(html.unescape(text)):
        at = left + cell * WIDTH
        shape = _shape(word, at, base - RISE) if len(word) == 1 else ""
        if word in _SHADES:
            parts.append(f'<path class="{look}" fill-opacity="{_SHADES[word]}" d="{shape}"/>')
        elif shape:
            drawn.append(shape)
        else:
            wide = f'textLength="{cell_len(word) * WIDTH:.1f}"'
            parts.append(f'<text class="{look}" x="{at:.1f}" y="{y}" {wide}{rest}>{html.escape(word)}</text>')
    if drawn:
        parts.append(f'<path class="{look}" d="{"".join(drawn)}"/>')
    return "".join(parts)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Give cell and text of every word, and of every character that is drawn."""
    word, start, cell = "", 0, 0
    for char in text:
        blank = char.isspace()
        if word and (blank or _is_drawn(char)):
            yield start, word
            word = ""
        if _is_drawn(char):
            yield cell, char
        elif not blank:
            start = start if word else cell
            word += char
        cell += cell_len(char)
    if word:
        yield start, word


def _is_drawn(char: str) -> bool:
    return "\u2800" <= char <= "\u28ff" or "\u2580" <= char <= "\u2593" or char in _ARMS


def _shape(char: str, x: float, y: float) -> str:
    """Give the outlines of a character that is no letter; empty for one that is, and for an empty braille pattern."""
    number = ord(char)
    if char in _ARMS:
        return "".join(_arm(arm, x, y) for arm in _ARMS[char])
    if "\u2800" <= char <= "\u28ff":
        return "".join(
            _box(x + WIDTH * (0.25 + column / 2) - DOT / 2, y + HEIGHT * (0.125 + row / 4) - DOT / 2, DOT, DOT)
            for bit, (column, row) in enumerate(_DOTS)
            if number - 0x2800 >> bit & 1
        )
    if char in _SHADES or char == "█":
        return _box(x, y, WIDTH, HEIGHT)
    if "\u2581" <= char <= "\u2587":  # lower eighths
        high = HEIGHT * (number - 0x2580) / 8
        return _box(x, y + HEIGHT - high, WIDTH, high)
    if "\u2589" <= char <= "\u258f":  # left eighths
        return _box(x, y, WIDTH * (0x2590 - number) / 8, HEIGHT)
    if char == "▀":
        return _box(x, y, WIDTH, HEIGHT / 2)
    return _box(x + WIDTH / 2, y, WIDTH / 2, HEIGHT) if char == "▐" else ""


def _arm(arm: str, x: float, y: float) -> str:
    """Give half a line from the middle of a cell to its left, right, upper or lower edge."""
    middle, centre = x + WIDTH / 2 - THIN / 2, y + HEIGHT / 2 - THIN / 2
    across, along = WIDTH / 2 + THIN / 2, HEIGHT / 2 + THIN / 2
    return {
        "l": _box(x, centre, across, THIN),
        "r": _box(middle, centre, across, THIN),
        "u": _box(middle, y, THIN, along),
        "d": _box(middle, centre, THIN, along),
    }[arm]


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.1f} {y:.1f}h{width:.4g}v{height:.4g}h{-width:.4g}z"

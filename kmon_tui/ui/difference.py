"""Where two lines of a screen differ. Pure."""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

WORTH_A_JUMP = 10
"""Equal cells between two changes that are written again, because moving the cursor costs about as many bytes."""

Cell = tuple[str, Style | None]


def differences(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """Give the runs of cells (first, one past the last) that make the new line out of the old one."""
    before, after = _cells(old), _cells(new)
    runs: list[tuple[int, int]] = []
    for x in range(max(len(before), len(after))):
        if x < len(before) and x < len(after) and before[x] == after[x]:
            continue
        if runs and x - runs[-1][1] < WORTH_A_JUMP:
            runs[-1] = (runs[-1][0], x + 1)
        else:
            runs.append((x, x + 1))
    return runs


def _cells(strip: Strip) -> list[Cell]:
    """Give the look of each cell; a wide character fills two, and neither is equal to half of it."""
    cells: list[Cell] = []
    for text, style, _ in strip:
        if text.isascii():
            cells.extend((char, style) for char in text)
            continue
        for char in text:
            width = cell_len(char)
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + char, style)
            else:
                cells.extend([(char, style)] * width)
    return cells

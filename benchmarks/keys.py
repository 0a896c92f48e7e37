"""From a key to the paint that answers it: many keys, looked at afterwards, so that looking costs nothing meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyte

from tests.e2e.terminal import Terminal, replay

CURSOR = "▶"
Position = Callable[[pyte.Screen], int | None]
"""Says how far down the selection is, from what stands on the screen."""


def latencies_ms(terminal: Terminal, keys: Sequence[str], pause_s: float, position: Position) -> list[float]:
    """Send keys that each move the selection down by one; gives the time from each key to the paint of its move.

    Moves are counted, so a paint that answers two keys at once answers both. A key that was never answered counts as
    the time until the end.
    """
    sent_s = []
    first = len(terminal.chunks)
    for key in keys:
        sent_s.append(terminal.send(key))
        terminal.read_for(pause_s)
    terminal.read_for(1.0)
    end_s = terminal.chunks[-1][0]
    start: int | None = None
    moved_s: list[float] = []
    for number, (arrived_s, screen) in enumerate(replay(terminal)):
        here = position(screen)
        if number < first:
            start = here if here is not None else start
        elif here is not None and start is not None:
            moved_s += [arrived_s] * (here - start - len(moved_s))
    moved_s += [end_s] * (len(sent_s) - len(moved_s))
    return [(paint_s - key_s) * 1000 for key_s, paint_s in zip(sent_s, moved_s, strict=False)]


def empty_position(screen: pyte.Screen) -> int | None:
    """Read the number that the empty program shows."""
    found = re.search(r"position (\d+)#", screen.display[0])
    return int(found.group(1)) if found else None


def table_position(screen: pyte.Screen) -> int | None:
    """Read the number of the selected service from the row that begins with the cursor; the list is sorted by name."""
    for text in screen.display:
        if text.startswith(CURSOR):
            found = re.search(r"model-(\d{5})", text)
            return int(found.group(1)) if found else None
    return None

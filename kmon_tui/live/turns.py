"""Lets the rest of the program have its turns while bytes flow: keys are answered although a gigabyte passes by."""

from __future__ import annotations

import asyncio

IN_ONE_GO = 128 * 1024
"""So many bytes are carried before others are asked."""

MOST_TURNS = 10
QUICK_S = 50e-6
"""A turn of the loop so short did nothing: nobody waits."""


class Turns:
    """Counts what was carried, and steps aside now and then for as long as others have something to do.

    A key takes some ten turns of the loop from the terminal to the paint; each would wait for another piece.
    """

    def __init__(self, most: int = MOST_TURNS) -> None:
        """``most`` turns are given to others at once; 0: none."""
        self._most = most
        self._clock = asyncio.get_running_loop().time
        self._carried = 0

    async def after(self, size: int) -> None:
        """Count this piece; step aside when it was the last that fits."""
        self._carried += size
        if self._carried < IN_ONE_GO or not self._most:
            return
        self._carried = 0
        for _ in range(self._most):
            began_s = self._clock()
            await asyncio.sleep(0)
            if self._clock() - began_s < QUICK_S:
                return

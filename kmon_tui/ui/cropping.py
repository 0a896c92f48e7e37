"""Writes to the terminal only the cells that were asked for.

Textual cuts an update at its right edge but begins each line at the widget's
left edge (``ChopsUpdate``: "crop to x extents"); over SSH that is half of all bytes.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor


class CroppedUpdate(ChopsUpdate):
    """An update whose lines begin where they differ."""

    def render_segments(self, console: Console) -> str:
        """Give what is written to the terminal."""
        out: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if strip is None or start >= stop:
                    continue
                out.append(Control.move_to(start, y).segment.text)
                whole = start == x and stop == end
                out.append((strip if whole else strip.crop(start - x, stop - x)).render(console))
        return "".join(out)


class CroppingCompositor(Compositor):
    """A compositor whose partial updates are cropped on both sides."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """Give the update for the dirty regions, if there are any."""
        update = super().render_partial_update()
        return update and CroppedUpdate(update.chops, update.spans, update.chop_ends)

"""A heading and a drawing below it."""

from __future__ import annotations

from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.heading import Heading
from kmon_tui.render.lines import Line
from kmon_tui.render.panels import Draw
from kmon_tui.ui.palette import LinesView

LEAST_FOR_LEGEND = 7
"""Lines of a panel below which the names of its curves are not worth a line of their own."""


class Panel(LinesView):
    """Draws for its size; the first lines hold the answer, its unit, its source and its age."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._heading: Heading | None = None
        self._legend: Line = ()
        self._glyphs: Glyphs | None = None
        self._draw: Draw = lambda _width, _height: []

    def fill(self, draw: Draw, heading: Heading | None = None, glyphs: Glyphs | None = None, legend: Line = ()) -> None:
        """Take over the way to draw, and what stands above it."""
        self._draw, self._heading, self._glyphs, self._legend = draw, heading, glyphs, legend
        self._draw_now()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw_now()

    def _draw_now(self) -> None:
        width, height = self.size.width, self.size.height
        if not width or not height or not self.display:
            return
        head: list[Line] = []
        if self._heading is not None and self._glyphs is not None:
            head = self._heading.lines(width, self._glyphs, self._legend, low=height < LEAST_FOR_LEGEND)
        self.show((*head, *self._draw(width, height - len(head))))

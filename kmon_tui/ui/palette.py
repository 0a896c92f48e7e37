"""Widgets that paint lines of named looks: what ``render`` calls `failed` is a colour of the theme here."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kmon_tui.render.lines import Line
from kmon_tui.ui.difference import differences
from kmon_tui.ui.looks import style_of


class Painted(Widget):
    """A widget that paints lines of named looks, in the colours of looks.py."""

    _styles_by_look: dict[str, Style] | None = None

    def notify_style_update(self) -> None:
        """Forget the colours: the theme has changed."""
        super().notify_style_update()
        self._styles_by_look = None

    def style_of(self, look: str) -> Style:
        """Give the colours of a look on this widget's background."""
        if self._styles_by_look is None:
            self._styles_by_look = {"": self.rich_style}
        style = self._styles_by_look.get(look)
        if style is None:
            style = style_of(look, self.screen, self.rich_style)
            self._styles_by_look[look] = style
        return style

    def paint(self, line: Line, width: int, over: Style | None = None) -> Strip:
        """Give the strip of a line, padded to the width; ``over`` wins over every look."""
        plain = self.style_of("")
        if over is None:
            segments = [Segment(text, self.style_of(look) if look else plain) for text, look in line]
            return Strip(segments).adjust_cell_length(width, plain)
        segments = [Segment(text, self.style_of(look) + over) for text, look in line]
        return Strip(segments).adjust_cell_length(width, plain + over)

    def _write(self, y: int, runs: list[tuple[int, int]]) -> None:
        """Have these runs of cells of one line written."""
        if runs:  # without a region everything would be written
            self.refresh(*(Region(start, y, end - start, 1) for start, end in runs))


class LinesView(Painted):
    """Shows the lines it is given; writes only those that differ from what stands there."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: tuple[Line, ...]) -> None:
        """Show these lines instead."""
        old, self._lines = self._lines, lines
        if not self.is_attached or lines == old:
            return
        width = self.size.width
        for y in range(max(len(lines), len(old))):
            before, after = old[y] if y < len(old) else (), lines[y] if y < len(lines) else ()
            if before != after:
                self._write(y, differences(self.paint(before, width), self.paint(after, width)))

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.size.width
        return self.paint(self._lines[y], width) if y < len(self._lines) else Strip.blank(width, self.style_of(""))

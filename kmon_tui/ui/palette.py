"""Widgets that paint lines of named looks: what ``render`` calls `failed` is a colour of the theme here."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kmon_tui.render.lines import Line, shortened
from kmon_tui.ui.difference import differences
from kmon_tui.ui.looks import style_of


class Painted(Widget):
    """A widget that paints lines of named looks, in the colours of looks.py.

    Its strips are as they are written: over the whole width, and with the app's filters (``NO_COLOR``, the terminal's
    own colours) applied. Textual would do both anew for each line at each paint, which is half of what a key costs
    that scrolls a page.
    """

    _styles_by_look: dict[str, Style] | None = None
    _filters: Sequence[LineFilter] = ()
    _background = Color(0, 0, 0)

    def notify_style_update(self) -> None:
        """Forget the colours: the theme has changed."""
        super().notify_style_update()
        self._styles_by_look = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give the lines as they are painted; only what has a border or a padding goes the long way round."""
        if self.styles.gutter:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        if crop.column_span == (0, self.outer_size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def style_of(self, look: str) -> Style:
        """Give the colours of a look on this widget's background."""
        if self._styles_by_look is None:
            self._styles_by_look = {"": self.rich_style}
            self._filters, self._background = self.get_line_filters(), self.background_colors[1]
        style = self._styles_by_look.get(look)
        if style is None:
            style = style_of(look, self.screen, self.rich_style)
            self._styles_by_look[look] = style
        return style

    def paint(self, line: Line, width: int, over: Style | None = None) -> Strip:
        """Give the strip of a line, padded to the width or cut with a mark; ``over`` wins over every look."""
        plain = self.style_of("")
        strip = self._styled(line, plain, over)
        if strip.cell_length > width:
            strip = self._styled(shortened(line, width), plain, over)
        return self._filtered(strip.adjust_cell_length(width, plain if over is None else plain + over))

    def _styled(self, line: Line, plain: Style, over: Style | None) -> Strip:
        if over is None:
            return Strip([Segment(text, self.style_of(look) if look else plain) for text, look in line if text])
        return Strip([Segment(text, self.style_of(look) + over) for text, look in line if text])

    def _filtered(self, strip: Strip) -> Strip:
        """Apply what the app lays over all colours."""
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, self._background)
        return strip

    def _write(self, y: int, runs: list[tuple[int, int]]) -> None:
        """Have these runs of cells of one line written."""
        if runs:  # without a region everything would be written
            self.refresh(*(Region(start, y, end - start, 1) for start, end in runs))


class LinesView(Painted):
    """Shows the lines it is given; writes only those that differ from what stands there."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()
        self._strips: dict[int, tuple[Line, int, Strip]] = {}
        """What was painted last at each place, of which line and how wide."""

    def notify_style_update(self) -> None:
        """Drop what was drawn in other colours."""
        super().notify_style_update()
        self._strips.clear()

    def show(self, lines: tuple[Line, ...]) -> None:
        """Show these lines instead."""
        old = self._lines
        if not self.is_attached or lines == old:
            self._lines = lines
            return
        changed = [y for y in range(max(len(lines), len(old))) if old[y : y + 1] != lines[y : y + 1]]
        before = [self.render_line(y) for y in changed]
        self._lines = lines
        for y, strip in zip(changed, before, strict=True):
            self._write(y, differences(strip, self.render_line(y)))

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.size.width
        line = self._lines[y] if y < len(self._lines) else ()
        line_before, width_before, strip = self._strips.get(y, (None, 0, Strip(())))
        if width_before != width or line_before != line:
            strip = self.paint(line, width)
            self._strips[y] = (line, width, strip)
        return strip

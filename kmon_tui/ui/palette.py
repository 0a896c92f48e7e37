"""Names of looks to colours of the theme: what ``render`` calls `failed` is a component class here."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kmon_tui.render.lines import Line
from kmon_tui.ui.difference import differences

LOOKS = (
    *("header", "bold", "dim", "reason", "stale", "context", "accent", "trend", "live", "warn", "bad", "key", "alarm"),
    "selected",
    *("ready", "rolling", "failed", "cold", "stopped", "unknown"),
    *("code-2xx", "code-3xx", "code-4xx", "code-5xx", "code-other", "p50", "p90", "p99"),
    *("heat", *(f"heat-{level}" for level in range(8))),
)
# On the screen and not on each widget: Textual styles every component class of every node, 8 ms for ten widgets.
LOOK_CLASSES = {f"look--{look}" for look in LOOKS}
"""Component classes of each screen that holds painted widgets."""


class Painted(Widget):
    """A widget that paints lines of named looks; the colours are in kmon.tcss as ``.look--NAME``."""

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
            style = self._style_on_my_background(f"look--{look}")
            self._styles_by_look[look] = style
        return style

    def _style_on_my_background(self, name: str) -> Style:
        said = self.screen.get_component_rich_style(name, partial=True)
        blended = self.screen.get_component_rich_style(name)
        if said.bgcolor is not None:
            return blended
        return self.rich_style + Style(color=blended.color, bold=said.bold, reverse=said.reverse)

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

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.size.width
        return self.paint(self._lines[y], width) if y < len(self._lines) else Strip.blank(width, self.style_of(""))

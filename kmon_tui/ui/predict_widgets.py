"""The two halves of the predict screen: a body to edit and an answer to read."""

from __future__ import annotations

from textual.widgets import TextArea

from kmon_tui.render.lines import Line
from kmon_tui.ui.palette import LinesView


class BodyEditor(TextArea):
    """A text to edit, without a blinking cursor: that would write twice a second."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False)
        self.cursor_blink = False


class AnswerView(LinesView):
    """As high as its lines, inside of something that scrolls."""

    def tell(self, lines: tuple[Line, ...]) -> None:
        """Show these lines instead."""
        if self.styles.height is None or self.styles.height.value != len(lines):
            self.styles.height = max(1, len(lines))
        self.show(lines)

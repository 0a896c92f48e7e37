"""Stands in place of an empty list: why it is empty, and what to press."""

from __future__ import annotations

from kmon_tui.render.cells import wrap
from kmon_tui.render.lines import Line, width_of
from kmon_tui.render.situation import Notice
from kmon_tui.ui.palette import LinesView


class NoticeView(LinesView):
    """Centres a notice in the room there is."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._notice: Notice | None = None

    def tell(self, notice: Notice | None) -> None:
        """Show this notice instead."""
        if notice != self._notice:
            self._notice = notice
            self._fill()

    def on_resize(self) -> None:
        """Centre anew."""
        self._fill()

    def _fill(self) -> None:
        width, height = self.size.width, self.size.height
        if self._notice is None or not width:
            self.show(())
            return
        room = max(8, min(width - 4, 76))
        lines: list[Line] = [((line, self._notice.look),) for line in wrap(self._notice.title, room)]
        for sentence in self._notice.lines:
            lines.extend(((line, ""),) for line in wrap(sentence, room))
        if self._notice.keys:
            lines.append(())
            for key, words in self._notice.keys:
                lines.append(((f"{key:>8}", "key"), (f"  {words}", "")))
        widest = max(width_of(line) for line in lines)
        left = " " * max(0, (width - widest) // 2)
        above: list[Line] = [()] * max(0, (height - len(lines)) // 3)
        self.show(tuple([*above, *(((left, ""), *line) for line in lines)][:height]))

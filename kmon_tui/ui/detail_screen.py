"""One service on a screen of its own, for terminals without room beside the list."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kmon_tui.domain.command import LookAt, Refresh
from kmon_tui.domain.service import Key
from kmon_tui.render.rows import row_of
from kmon_tui.render.story import context_line
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.detail_pane import DetailPane
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView


class DetailScreen(KmonScreen):
    """Follows one service, also through its deletion."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,m", "app.back", "back", id="detail.back"),
        Binding("minus", "app.back", "last view", show=False),
        Binding("i", "app.predict", "predict", id="detail.predict"),
        Binding("f", "app.forwards", "forwards", id="detail.forwards"),
        Binding("F", "app.new_forward", "new forward", show=False, id="detail.new_forward"),
        Binding("a", "app.deploy", "deploy", id="detail.deploy"),
        Binding("ctrl+r", "refresh", "refresh", id="detail.refresh"),
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
    ]

    def __init__(self, surroundings: Surroundings, key: Key) -> None:
        super().__init__(surroundings)
        self.key = key

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield DetailPane(classes="-screen")
        yield CommandRow()
        yield LinesView(id="context")
        yield KeyBar()

    def on_mount(self) -> None:
        """Say who is looked at."""
        super().on_mount()
        self.post_message(Ask(LookAt(selected=self.key, visible=(self.key,))))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw()

    def draw(self) -> None:
        """Bring the panels up to date."""
        isvc = self.service(self.key)
        traffic = self.state.traffic.traffic.get(self.key) if self.state.traffic is not None else None
        row = row_of(isvc, traffic) if isvc is not None else None
        self.query_one(DetailPane).fill(self.state, row, self.drawing)
        line = context_line(self.state, row, self.drawing, self.size.width)
        if row is None:
            line = ((f" {self.key} is not there (any more); q goes back", "failed"),)
        self.query_one("#context", LinesView).show((line,))

    def action_refresh(self) -> None:
        """List and poll now."""
        self.post_message(Ask(Refresh()))

"""The Metrics view of one service on a screen of its own."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kmon_tui.domain.command import LookAt, OpenService, Refresh
from kmon_tui.domain.health import Status
from kmon_tui.domain.service import Key
from kmon_tui.render.cells import clean
from kmon_tui.render.lines import shortened
from kmon_tui.render.rows import row_of
from kmon_tui.render.story import context_line, headline, trouble_line
from kmon_tui.render.summary import api_health
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.metrics_view import MetricsView
from kmon_tui.ui.palette import LinesView


class MetricsScreen(KmonScreen):
    """Follows one service, also through its deletion."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,m", "app.back", "back", id="detail.back"),
        Binding("minus", "app.back", "last view", show=False),
        Binding("enter,w", "app.service('Why')", "why", key_display="w", id="detail.why"),
        Binding("l", "app.logs(False)", "logs", id="detail.logs"),
        Binding("p", "app.logs(True)", "logs before the restart", show=False, id="detail.previous"),
        Binding("v", "app.service('Events')", "events", show=False, id="detail.events"),
        Binding("d", "app.service('Describe')", "describe", show=False, id="detail.describe"),
        Binding("y", "app.service('YAML')", "YAML", show=False, id="detail.yaml"),
        Binding("i", "app.predict", "predict", id="detail.predict"),
        Binding("f", "app.forwards", "forwards", show=False, id="detail.forwards"),
        Binding("F", "app.new_forward", "new forward", show=False, id="detail.new_forward"),
        Binding("a", "app.deploy", "deploy", show=False, id="detail.deploy"),
        Binding("ctrl+r", "refresh", "refresh", show=False, id="detail.refresh"),
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
    ]

    LOOKS_INSIDE = True

    def __init__(self, surroundings: Surroundings, key: Key) -> None:
        super().__init__(surroundings)
        self.key = key

    @property
    def looked_at(self) -> Key | None:
        """The service."""
        return self.key

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="top")
        yield MetricsView(id="metrics")
        yield CommandRow()
        yield LinesView(id="context")
        yield KeyBar()

    def on_mount(self) -> None:
        """Say who is looked at, and give the keys to the view."""
        super().on_mount()
        self.post_message(Ask(LookAt(selected=self.key, visible=(self.key,))))
        # Its revisions say when it was deployed.
        self.post_message(Ask(OpenService(self.key)))
        self.query_one(MetricsView).focus()

    def on_unmount(self) -> None:
        """Have it watched no longer, unless another screen looks into one."""
        if self not in self.app.screen_stack:  # else the app ends
            self.app.post_message(Ask(OpenService(self.looked_into())))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw()

    def draw(self) -> None:
        """Bring everything up to date."""
        isvc = self.service(self.key)
        report = self.state.traffic
        traffic = report.traffic.get(self.key) if report is not None else None
        alerts = report.alerts.get(self.key, ()) if report is not None else ()
        row = row_of(isvc, traffic, alerts, self.state.reasons.get(self.key)) if isvc is not None else None
        width = self.size.width
        if row is not None:
            self.query_one("#top", LinesView).show((((" ", ""), *headline(row, self.drawing, width - 1)),))
            self.query_one(MetricsView).fill(self.state, row, self.drawing)
            line = context_line(self.state, row, self.drawing, width)
            if row.reason and api_health(self.state).status is not Status.FAILING:
                # In the list it stands below its row; here this is its place.
                line = trouble_line(row, self.drawing, width)
        else:
            view = self.query_one(MetricsView)
            if view.row is None:
                view.fill(self.state, None, self.drawing)
            line = shortened(((f" {clean(str(self.key))} is not there (any more); q goes back", "failed"),), width)
        self.query_one("#context", LinesView).show((line,))

    def action_refresh(self) -> None:
        """List and poll now."""
        self.post_message(Ask(Refresh()))

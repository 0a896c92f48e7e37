"""The doctor: what keeps numbers away, one check a line, and below or beside it what mends the selected one."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Click
from textual.markup import escape

from kmon_tui.domain.command import Examine
from kmon_tui.domain.doctor.finding import Finding, Report
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import Activity, State
from kmon_tui.render import doctor as draw
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.text_screen import TextScreen

FRESH = timedelta(minutes=5)


class DoctorScreen(KmonScreen):
    """Shows the newest examination of one service, or of all that is common, and asks for one when there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("escape,q", "app.back", "back", id="doctor.back"),
        Binding("minus,D", "app.back", "last view", show=False),
        Binding("enter", "fix", "fix", key_display="enter", id="doctor.fix"),
        Binding("r,ctrl+r", "rerun", "rerun", key_display="r", id="doctor.rerun"),
        Binding("n", "next", "next", id="doctor.next"),
        Binding("c", "copy_fix", "copy fix", id="doctor.copy_fix"),
        Binding("y", "copy", "copy all", id="doctor.copy"),
        Binding("j,down", "move(1)", "down", show=False, id="doctor.down"),
        Binding("k,up", "move(-1)", "up", show=False, id="doctor.up"),
        Binding("g,home", "move(-9999)", "top", show=False),
        Binding("G,end", "move(9999)", "end", show=False),
        Binding("pagedown,ctrl+f", "move(10)", show=False),
        Binding("pageup,ctrl+b", "move(-10)", show=False),
    ]

    def __init__(self, surroundings: Surroundings, key: Key | None) -> None:
        super().__init__(surroundings)
        self.key = key
        self._selected = ""

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="top")
        with Container(id="examined"):
            yield LinesView(id="findings")
            yield LinesView(id="fix")
        yield CommandRow()
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for an examination unless there is a fresh one of this context."""
        super().on_mount()
        activity, report = self.activity, self.report
        old = report is not None and self.surroundings.now() - report.at > FRESH
        if activity is None or activity.done is False or (activity.done and old):
            self.action_rerun()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    def show(self, state: State) -> None:
        """Begin at the first failing check."""
        super().show(state)
        report = self.report
        if report is not None and not report.running and not self._selected and report.findings:
            self._selected = (report.first_failing or report.findings[0]).id
            if self.is_mounted:
                self.draw()

    @property
    def activity(self) -> Activity | None:
        """The newest examination of this service, in this context."""
        context = self.state.place.context
        for one in reversed(self.state.activity):
            if isinstance(one.command, Examine) and one.command.key == self.key:
                if not isinstance(one.value, Report) or one.value.context == context:
                    return one
                return None
        return None

    @property
    def report(self) -> Report | None:
        """What was found; while a new examination has found nothing yet, what the one before it did."""
        context = self.state.place.context
        for one in reversed(self.state.activity):
            if isinstance(one.command, Examine) and one.command.key == self.key and isinstance(one.value, Report):
                return one.value if one.value.context == context else None
        return None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The checks in the order of cause and effect."""
        activity, report = self.activity, self.report
        failed = activity is not None and activity.done is False
        return () if report is None or failed else report.findings

    @property
    def finding(self) -> Finding | None:
        """The check under the cursor."""
        found = self.findings
        return next((one for one in found if one.id == self._selected), found[0] if found else None)

    def draw(self) -> None:
        """Bring everything up to date."""
        found, one = self.findings, self.finding
        self.query_one("#top", LinesView).show((draw.title_line(self.report, self.activity, self.size.width),))
        view, fix = self.query_one("#findings", LinesView), self.query_one("#fix", LinesView)
        width, height = max(20, view.size.width), max(1, view.size.height)
        selected = one.id if one is not None else ""
        lines = draw.finding_lines(found, selected, width, height, self.drawing.glyphs)
        view.show(lines or draw.nothing_lines(self.activity, width))
        fix.border_title = escape(draw.fix_title(one))
        fix.show(draw.fix_lines(one, max(10, fix.size.width), max(1, fix.size.height)))

    def action_move(self, by: int) -> None:
        """Select another check."""
        ids = [one.id for one in self.findings]
        if ids:
            at = ids.index(self._selected) if self._selected in ids else 0
            self._selected = ids[max(0, min(len(ids) - 1, at + by))]
            self.draw()

    def action_next(self) -> None:
        """Select the next check that found something."""
        ids = [one.id for one in self.findings]
        at = ids.index(self._selected) if self._selected in ids else -1
        bad = [n for n, one in enumerate(self.findings) if one.is_bad]
        if bad:
            self._selected = ids[next((n for n in bad if n > at), bad[0])]
            self.draw()

    def on_click(self, event: Click) -> None:
        """Select the check whose line was clicked."""
        view = self.query_one("#findings", LinesView)
        if event.widget is view:
            number = draw.first_shown(self.findings, self._selected, max(1, view.size.height)) + event.y
            if number < len(self.findings):
                self._selected = self.findings[number].id
                self.draw()

    def action_fix(self) -> None:
        """Show all of the selected check: what was seen, and what mends it."""
        if (one := self.finding) is not None:
            self.app.push_screen(TextScreen(escape(one.title), draw.page_lines(one)))

    def action_rerun(self) -> None:
        """Examine anew."""
        if self.activity is None or self.activity.done is not None:
            self.post_message(Ask(Examine(self.key)))

    def action_copy_fix(self) -> None:
        """Copy the commands or the diff, by OSC 52: over SSH, too."""
        one = self.finding
        if one is None or not one.fix:
            self.notify("there is nothing to mend here", severity="warning", markup=False)
            return
        self.app.copy_to_clipboard(one.fix)
        self.notify("copied the fix", timeout=2)

    def action_copy(self) -> None:
        """Copy the whole report as text."""
        if (report := self.report) is not None:
            self.app.copy_to_clipboard(draw.report_text(report, ascii_only=self.surroundings.ascii))
            self.notify("copied the report", timeout=2)

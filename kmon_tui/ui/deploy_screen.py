"""Manifests from the file to ready: the diff, the question, the apply, the wait; leaving it stops nothing."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from kmon_tui.domain.command import Deploy, Rehearse
from kmon_tui.domain.plan import Plan
from kmon_tui.domain.rollout import Rollout
from kmon_tui.domain.state import Activity, State
from kmon_tui.render import deploy as draw
from kmon_tui.render.deploy_diff import plan_lines
from kmon_tui.render.deploy_line import activity_line, deploy_in
from kmon_tui.render.lines import Line, spread
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.confirm import Confirm
from kmon_tui.ui.file_chooser import FileChooser, first_folder
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView

QUESTION_WIDTH = 62


class DeployScreen(KmonScreen):
    """Follows one wish at a time: a dry run or a deploy."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "apply", "apply", id="deploy.apply"),
        Binding("D", "defaults", "defaults", id="deploy.defaults"),
        Binding("U", "leave_out", "leave unknown out", id="deploy.leave_out"),
        Binding("o", "choose", "other file", id="deploy.choose"),
        Binding("ctrl+r", "again", "diff anew", key_display="^r", id="deploy.again"),
        Binding("escape,q", "app.back", "back", id="deploy.back"),
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("j,down", "scroll(1)", "down", show=False, id="deploy.down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="deploy.up"),
        Binding("pagedown,space", "scroll(15)", "page down", show=False),
        Binding("pageup", "scroll(-15)", "page up", show=False),
        Binding("g,home", "scroll(-99999)", "top", show=False),
        Binding("G,end", "scroll(99999)", "end", show=False),
    ]

    def __init__(self, surroundings: Surroundings, folder: Path = Path()) -> None:
        super().__init__(surroundings, id="deploy")
        self._folder = folder
        self._wish: Rehearse | Deploy | None = None
        self._activity: Activity | None = None
        self._source = ""
        self._defaults = False
        self._leave_out = False
        """Whether to go on without what is of no kind that the cluster knows."""
        self._lines: tuple[Line, ...] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="top")
        with VerticalScroll(id="plan", can_focus=False):
            yield LinesView(id="plan-lines")
        yield CommandRow()
        yield LinesView(id="context")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the deploy that runs; else begin with a file."""
        super().on_mount()
        running = deploy_in(self.state)
        if running is not None and running.done is None and isinstance(running.command, Deploy):
            self._wish = running.command
            self.show(self.state)
        else:
            self.action_choose()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._lines = None
        self.call_after_refresh(self.draw)

    def show(self, state: State) -> None:
        """Find what became of the wish, then draw."""
        if self._wish is not None:
            found = next((a for a in reversed(state.activity) if a.command is self._wish), None)
            self._activity = found if found is not None else self._activity
        super().show(state)

    @property
    def plan(self) -> Plan | None:
        """The plan on the screen, once there is one."""
        if isinstance(self._wish, Deploy):
            return self._wish.plan
        value = self._activity.value if self._activity is not None else None
        if not isinstance(value, Plan):
            return None
        return value.without_unknown() if self._leave_out else value

    @property
    def deploys(self) -> bool:
        """Whether a deploy is shown, under way or ended."""
        return isinstance(self._wish, Deploy)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what cannot be done now."""
        if action == "apply":
            return True if self._may_apply() else None
        if action == "leave_out":
            plan = self.plan
            return not self.deploys and plan is not None and bool(plan.unknown or plan.left_out)
        if action in {"defaults", "again"} and (self.deploys or self.plan is None):
            return True if action == "again" and self._source and not self._is_running else None
        return True

    def draw(self) -> None:
        """Bring everything up to date."""
        head = draw.head_line(self._source, self._place, self._stage, self.size.width)
        self.query_one("#top", LinesView).show((head,))
        lines = self._body()
        if lines != self._lines:
            self._lines = lines
            view = self.query_one("#plan-lines", LinesView)
            view.styles.height = max(1, len(lines))
            view.show(lines)
        foot = draw.foot_line(self.state.place.read_only, self.plan)
        if self.deploys:
            foot = activity_line(self.state, self.surroundings.now())
        hint: Line = ((" esc leaves it running ", "dim"),) if self.deploys and self._is_running else ()
        self.query_one("#context", LinesView).show((spread(foot, hint, self.size.width),))
        self.refresh_bindings()

    def action_choose(self) -> None:
        """Choose a file or a folder."""
        self.app.push_screen(FileChooser(first_folder(self._folder)), self._chosen)

    def action_again(self) -> None:
        """Ask the server anew what the same manifests would do."""
        if self._source:
            self._rehearse(self._source)

    def action_defaults(self) -> None:
        """Show what the server adds, or hide it."""
        self._defaults = not self._defaults
        self.draw()

    def action_leave_out(self) -> None:
        """Go on without what is of no kind that the cluster knows, or take it back."""
        self._leave_out = not self._leave_out
        self.draw()

    def action_scroll(self, by: int) -> None:
        """Scroll some lines."""
        page = self.query_one("#plan")
        page.scroll_to(y=max(0, min(page.scroll_y + by, page.max_scroll_y)), animate=False)

    def action_apply(self) -> None:
        """Ask, first for fields of others if there are some, then for the whole; then apply."""
        plan = self.plan
        if plan is None or not self._may_apply():
            return
        if not plan.conflicts:
            self._ask(plan)
            return

        def taken(yes: bool | None) -> None:
            if yes:
                self._ask(plan)

        lines = draw.conflict_lines(plan, QUESTION_WIDTH)
        self.app.push_screen(Confirm("others own these fields", lines), taken)

    def _ask(self, plan: Plan) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._send(Deploy(plan, force=bool(plan.conflicts)))

        name = plan.context if self.state.place.protected else ""
        lines = draw.question_lines(plan, self._place, QUESTION_WIDTH)
        self.app.push_screen(Confirm("apply this?", lines, name), answered)

    def _chosen(self, source: str | None) -> None:
        if source is not None:
            self._rehearse(source)
        elif self._wish is None:
            self.app.pop_screen()

    def _rehearse(self, source: str) -> None:
        self._source = source
        self._leave_out = False
        self._send(Rehearse(source))

    def _send(self, wish: Rehearse | Deploy) -> None:
        self._wish, self._activity, self._lines = wish, None, None
        self.query_one("#plan").scroll_home(animate=False)
        self.post_message(Ask(wish))
        self.draw()

    def _may_apply(self) -> bool:
        plan = self.plan
        if plan is None or self.deploys or self.state.place.read_only:
            return False
        return bool(plan.writes) and not plan.refused and plan.context == self.state.place.context

    @property
    def _is_running(self) -> bool:
        return self._wish is not None and (self._activity is None or self._activity.done is None)

    @property
    def _place(self) -> str:
        return self.state.place.context

    @property
    def _stage(self) -> str:
        if not self.deploys:
            return "choose" if self._wish is None else "diff"
        value = self._activity.value if self._activity is not None else None
        return "wait" if isinstance(value, Rollout) and value.applied else "apply"

    def _body(self) -> tuple[Line, ...]:
        activity, width = self._activity, self.size.width or 80
        if self._wish is None:
            return ()
        if activity is None:
            return (((" asking the server", "dim"),),)
        failed = draw.failure_lines(activity.text, activity.hint, width) if activity.done is False else ()
        if isinstance(activity.value, Rollout):
            progress = draw.rollout_lines(activity.value, self.surroundings.glyphs, width)
            return (*progress, (), *failed) if failed else progress
        if failed:
            return failed
        if isinstance(activity.value, Plan) and self.plan is not None:
            return plan_lines(self.plan, defaults=self._defaults)
        return (((f" {activity.text or 'asking the server'}", "dim"),),)

"""The logs of a service: of all its pods and containers in one stream, which pods join by themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kmon_tui.domain.change_log import ChangeLog
from kmon_tui.domain.command import FollowLogs, OpenService, SaveLogs
from kmon_tui.domain.logs import MOST_LINES, LogRequest, LogView
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.render.event_rows import event_strip
from kmon_tui.render.inside import Inside, inside_of
from kmon_tui.render.lines import text_of
from kmon_tui.render.log_head import RANGES, empty_lines, foot_line, legend_line, title_line
from kmon_tui.render.log_lines import pod_names
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.copying import copy
from kmon_tui.ui.cpu_limit import TOO_SLOW, TooSlow
from kmon_tui.ui.entry_row import EntryRow
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.log_list import LogList
from kmon_tui.ui.messages import Ask, OpenTab
from kmon_tui.ui.paged_screen import MOVES
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.tab_bar import Tab

FEW_EVENTS, MOST_EVENTS, TALL = 4, 8, 36
"""So many events stand below the lines, and more on a screen of so many rows."""


class LogScreen(KmonScreen):
    """Shows State.logs; what is searched and hidden is a matter of the screen alone."""

    CSS_PATH = Path(__file__).with_name("service.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("f", "follow", "follow", id="logs.follow"),
        Binding("slash", "search", "search", key_display="/", id="logs.search"),
        Binding("ampersand", "filter", "filter", key_display="&", id="logs.filter"),
        Binding("o", "only", "only", id="logs.only"),
        Binding("w", "wrap", "wrap", id="logs.wrap"),
        Binding("t", "time", "time", id="logs.time"),
        Binding("p", "previous", "previous", id="logs.previous"),
        Binding("S,ctrl+s", "save", "save", id="logs.save"),
        Binding("n", "next(-1)", "next hit, upwards", show=False, id="logs.next_hit"),
        Binding("N", "next(1)", "next hit, downwards", show=False, id="logs.last_hit"),
        Binding("c,y", "copy", "copy what is visible", show=False, id="logs.copy"),
        Binding("v", "events", "events", id="logs.events"),
        Binding("m", "tab('Metrics')", "metrics", show=False, id="logs.metrics"),
        Binding("d", "tab('Describe')", "describe", show=False, id="logs.describe"),
        Binding("i", "app.predict", "predict", show=False, id="logs.predict"),
        Binding("F", "app.new_forward", "new forward", show=False, id="logs.new_forward"),
        Binding("a", "app.deploy", "deploy", show=False, id="logs.deploy"),
        Binding("tab", "tab('YAML')", "next tab", show=False, id="tab.next"),
        Binding("shift+tab", "tab('Events')", "tab before", show=False, id="tab.before"),
        Binding("8", "tab('YAML')", "YAML", show=False),  # as on all tabs; 0 to 6 say how far back here
        *(
            Binding(
                str(n), f"since({n})", f"the last {name}" if n else "all there is", show=False, id=f"logs.since_{n}"
            )
            for n, (name, _) in enumerate(RANGES)
        ),
        *MOVES,
        Binding("escape,q", "leave", "back", id="logs.back"),
        Binding("minus", "app.back", "last view", show=False),
    ]

    def __init__(
        self, surroundings: Surroundings, key: Key, pods: tuple[str, ...] = (), *, previous: bool = False
    ) -> None:
        super().__init__(surroundings)
        self.request = LogRequest(key, pods=pods, previous=previous, follow=not previous)
        self._asked = ""
        """What the row at the foot asks for: search or filter."""
        self._searched = ""
        self._found = (0, 0)
        self._filter = ""
        self._hidden: frozenset[str] = frozenset()
        self._saving: int | None = None
        self._events = False
        """Whether events stand below the lines."""
        self._log = ChangeLog()

    @property
    def looked_at(self) -> Key | None:
        """The service."""
        return self.request.key

    @property
    def lines(self) -> LogList:
        """The list of lines."""
        return self.query_one(LogList)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="head")
        yield LogList()
        yield LinesView(id="events")
        yield EntryRow("/", id="search")
        yield CommandRow()
        yield LinesView(id="context")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask for the logs."""
        super().on_mount()
        self._ask()

    def on_unmount(self) -> None:
        """Follow them no longer, unless they are open once more."""
        if not any(isinstance(screen, LogScreen) for screen in self.app.screen_stack):
            self.app.post_message(Ask(FollowLogs(None)))
        if self._events and self not in self.app.screen_stack:  # else the app ends
            self.app.post_message(Ask(OpenService(self.looked_into())))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    def show(self, state: State) -> None:
        """Say how a save ended, then draw."""
        super().show(state)
        saved = next((one for one in reversed(state.activity) if isinstance(one.command, SaveLogs)), None)
        if self._saving is not None and saved is not None and saved.id > self._saving and saved.done is not None:
            self._saving = None
            words = saved.text if saved.done else f"{saved.text}. {saved.hint}"
            self.notify(words, severity="information" if saved.done else "error", markup=False, timeout=10)

    def draw(self) -> None:
        """Bring everything up to date."""
        view, width = self._view, self.size.width
        inside = inside_of(self.state, self.request.key)
        hidden = f"the filter {self._filter} fits none" if self._filter else ""
        self.lines.empty = empty_lines(inside, self.request, view, hidden, self.drawing, width)
        self.lines.take(view)
        self.lines.draw_as(replace(self.lines.look, zone=self.drawing.zone, glyphs=self.drawing.glyphs))
        if not len(self.lines.index):
            self.lines.paint_now()
        self._draw_events(inside)
        self._draw_bars()

    def _draw_events(self, inside: Inside) -> None:
        pane = self.query_one("#events", LinesView)
        pane.display = self._events
        if self._events:
            if inside.tree is not None:
                self._log.see(inside.tree, self.surroundings.now())
            most = MOST_EVENTS if self.size.height >= TALL else FEW_EVENTS
            lines = event_strip(inside, self.drawing, self.size.width, most, self._log.edits)
            pane.styles.height = len(lines)
            pane.show(lines)

    def on_log_list_moved(self) -> None:
        """Say what lies below now."""
        self._draw_bars()

    def _draw_bars(self) -> None:
        view, width, index = self._view, self.size.width, self.lines.index
        words = ["follow" if self.lines.follow and not self.request.previous else ""]
        words.append(f"{len(index):,} shown" if self._filter or self._hidden else "")
        legend = legend_line(pod_names(index.pods), index.containers, self._hidden, view, width)
        title = title_line(self.request, view, [word for word in words if word], width)
        self.query_one("#head", LinesView).show((title, legend))
        searched = f"&{self._filter}   " if self._filter else ""
        if self._searched:
            searched += f"/{self._searched}   {self._found[0]} of {self._found[1]}   n up  N down  "
        foot = foot_line(view, f"{searched}esc clears" if searched else "", self.lines.below, width)
        self.query_one("#context", LinesView).show((foot,))

    @property
    def _view(self) -> LogView | None:
        """The logs, if they are those that were asked for."""
        view = self.state.logs
        return view if view is not None and view.request == self.request else None

    def _ask(self) -> None:
        self.post_message(Ask(FollowLogs(self.request)))
        self.draw()

    def action_since(self, place: int) -> None:
        """Show only what is not older than this."""
        self.request = replace(self.request, since_s=RANGES[place][1], tail=MOST_LINES)
        self._ask()

    def action_previous(self) -> None:
        """Show what was written before the last restart, or what is written now."""
        previous = not self.request.previous
        self.request = replace(self.request, previous=previous, follow=not previous, since_s=None)
        self._ask()

    def action_events(self) -> None:
        """Show the newest events of the service below its lines, or hide them."""
        self._events = not self._events
        self.post_message(Ask(OpenService(self.request.key if self._events else self.looked_into())))
        self.draw()
        self.call_after_refresh(self.lines.paint_now)

    def action_follow(self) -> None:
        """Follow the end, or stay."""
        if self.lines.follow:
            self.lines.follow = False
            self.lines.paint_now()
        else:
            self.lines.edge(1)

    def action_wrap(self) -> None:
        """Break long lines, or leave them on one row."""
        self.lines.sideways(-999)
        self.lines.draw_as(replace(self.lines.look, wrap=not self.lines.look.wrap))

    def action_time(self) -> None:
        """Show when each line was written, or not."""
        self.lines.draw_as(replace(self.lines.look, time=not self.lines.look.time))

    def action_only(self) -> None:
        """Turn containers and pods on and off."""
        index = self.lines.index
        choices = [("", "all of them")]
        for word, names in (("container", index.containers), ("pod", index.pods)):
            choices += [(name, f"[{' ' if name in self._hidden else 'x'}] {word} {name}") for name in names]

        def chosen(name: str | None) -> None:
            if name is not None:
                self._hidden = self._hidden ^ {name} if name else frozenset()
                self._want()

        self.app.push_screen(Chooser("shown", choices, label_width=60), chosen)

    def action_save(self) -> None:
        """Write all lines that are held into a file."""
        if self._view is None or self._view.total == self._view.first:
            self.notify("there is no line to save", severity="warning", markup=False)
            return
        self._saving = max((one.id for one in self.state.activity), default=0)
        self.post_message(Ask(SaveLogs()))

    def action_copy(self) -> None:
        """Copy the visible lines."""
        copy(self, "\n".join(text_of(line) for line in self.lines.visible_lines), "the visible lines")

    def action_tab(self, name: str) -> None:
        """Show the service by one of its tabs."""
        self.post_message(OpenTab(self.request.key, Tab(name).value))

    def action_move(self, by: int) -> None:
        """Scroll."""
        self.lines.move(by)

    def action_page(self, by: int) -> None:
        """Scroll a page."""
        self.lines.move(by * max(1, self.lines.size.height - 1))

    def action_edge(self, to: int) -> None:
        """Go to the oldest line, or follow the newest."""
        self.lines.edge(to)

    def action_sideways(self, by: int) -> None:
        """Scroll long lines."""
        self.lines.sideways(by)

    def action_search(self) -> None:
        """Ask for what to search."""
        self._open("search", "", "search: text or a regular expression  esc back ")

    def action_filter(self) -> None:
        """Ask for what lines must hold."""
        self._open("filter", self._filter, "only lines with: text or a regular expression  empty: all ")

    def action_next(self, by: int) -> None:
        """Go to another hit."""
        if self._searched:
            try:
                self._found = self.lines.next_hit(by)
            except TooSlow:
                self.on_log_list_gave_up(LogList.GaveUp(filtering=False))
            self._draw_bars()

    def action_leave(self) -> None:
        """End the search, then the filter, then go back."""
        if self._searched:
            self._searched = ""
            self.lines.search(None)
        elif self._filter:
            self._filter = ""
            self._want()
        else:
            self.app.pop_screen()

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Wait until it is complete."""
        event.stop()

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Search, or filter; what cannot be read stays, with what is wrong beside it."""
        event.stop()
        try:
            pattern = re.compile(event.text, re.IGNORECASE) if event.text else None
            if self._asked == "filter":
                self.lines.want(pattern, self._hidden)
                self._filter = event.text
            else:
                self._found = self.lines.search(pattern)
                self._searched = event.text
        except (re.error, TooSlow) as error:
            event.row.say(f"{TOO_SLOW if isinstance(error, TooSlow) else error} ", failed=True)
            return
        event.row.close()
        self.set_focus(None)
        self.draw()

    def on_log_list_gave_up(self, event: LogList.GaveUp) -> None:
        """Say that all lines are shown again, or none is searched."""
        what, text = ("filter", self._filter) if event.filtering else ("search", self._searched)
        self._filter, self._searched = ("", self._searched) if event.filtering else (self._filter, "")
        self.notify(f"the {what} {text} is off: {TOO_SLOW}", severity="warning", markup=False, timeout=10)
        self.draw()

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Leave the row."""
        event.stop()
        event.row.close()
        self.set_focus(None)

    def _open(self, what: str, text: str, words: str) -> None:
        self._asked = what
        row = self.query_one("#search", EntryRow)
        row.open(text)
        row.say(words)

    def _want(self) -> None:
        try:
            self.lines.want(re.compile(self._filter, re.IGNORECASE) if self._filter else None, self._hidden)
        except TooSlow:
            self.on_log_list_gave_up(LogList.GaveUp(filtering=True))
        self.draw()

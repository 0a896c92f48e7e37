"""The fleet: every service with its state and traffic, worst first; the screen that kmon-tui opens with."""

from __future__ import annotations

from asyncio import Event
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import Input

from kmon_tui.domain.command import LookAt, Refresh
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Traffic
from kmon_tui.render.deploy_line import activity_line
from kmon_tui.render.fleet_rows import NO_ALERTS, Fold, wanted_by
from kmon_tui.render.lines import Line, shortened
from kmon_tui.render.rows import Row
from kmon_tui.render.situation import notice, too_small
from kmon_tui.render.story import context_line
from kmon_tui.render.summary import top_line
from kmon_tui.ui.base import Surroundings
from kmon_tui.ui.beside_list import BesideList
from kmon_tui.ui.catch_up import CatchUp
from kmon_tui.ui.fleet_keys import FLEET_KEYS, OF_A_SERVICE
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.notice_view import NoticeView
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.service_table import ServiceTable
from kmon_tui.ui.viewed_fleet import ViewedFleet

RESORT_EVERY = timedelta(seconds=10)
ALWAYS_ARRANGE = 500
"""Up to so many rows, lines that come or go are shown at once; with more of them once a second."""
LOOK_AFTER_S = 0.15
NO_TRAFFIC: dict[Key, Traffic] = {}
LEAST_WIDTH, LEAST_HEIGHT = 40, 8


class FleetScreen(ViewedFleet):
    """Keeps the rows, arranges them by the view, and says where a person looks."""

    BINDINGS: ClassVar[list[BindingType]] = FLEET_KEYS

    def __init__(self, surroundings: Surroundings, filter_text: str = "") -> None:
        super().__init__(surroundings, filter_text)
        self._catch_up = CatchUp(self, self.rows, self._caught_up)
        self._unfolded: frozenset[str] = frozenset()
        self._shown = 0
        self._split_lines = True
        self._looked: LookAt | None = None
        self._empty = True
        """Whether no service is selected, as the keys know it."""
        self._look_timer: Timer | None = None
        self._whole = Event()
        self._beside = BesideList()

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="top")
        with Container(id="body"), Container(id="list"):
            yield ServiceTable(id="table")
            yield NoticeView(id="notice")
        yield LinesView(id="context")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin with the list in focus."""
        super().on_mount()
        self._table.focus()
        self.call_after_refresh(self.complete)

    async def complete(self) -> None:
        """Add what the first paint need not wait for; a key that wants it before waits here, too."""
        body = self.query_one("#body")
        if self._beside.pane is not None:
            await self._whole.wait()
        if self._beside.pane is not None or not body.is_attached:  # not any more: the program ends
            return
        from kmon_tui.ui.command_row import CommandRow
        from kmon_tui.ui.detail_pane import DetailPane
        from kmon_tui.ui.entry_row import EntryRow

        pane = self._beside.pane = DetailPane(id="detail", classes="-beside")
        filter_row = EntryRow("/", id="filter")
        filter_row.display = bool(self.view.filter)
        await self.mount(filter_row, CommandRow(), before="#context")
        filter_row.fill(self.view.filter.text)
        self._filter_row = filter_row  # only now: a State may have come meanwhile, and it had no parts to write into
        await body.mount(pane)
        self._whole.set()
        self._resized()

    def show(self, state: State) -> None:
        """Patch the rows by what changed, then draw."""
        traffic = state.traffic.traffic if state.traffic is not None else NO_TRAFFIC
        alerts = state.traffic.alerts if state.traffic is not None else NO_ALERTS
        changed = bool(self.rows.update(state.fleet.services, traffic, alerts) | self.rows.explain(state.reasons))
        changed |= self._catch_up.begin(self._table.visible_keys if self._stands else ())
        if changed and self.view.is_narrow:
            self.rows.layout_due = True
        super().show(state)

    def _caught_up(self, changed: bool) -> None:
        """Draw those that came into view meanwhile."""
        self.rows.layout_due = self.rows.layout_due or (changed and self.view.is_narrow)
        self.draw()

    def draw(self) -> None:
        """Bring table, bars and detail up to date."""
        one_namespace = self.state.fleet.namespace is not None or self.view.namespace is not None
        if self._split_lines != self._table.show_split:
            self._arrange()
        if self.rows.layout_due and (len(self.rows.rows) <= ALWAYS_ARRANGE or self._some_gone()):
            self._arrange()
        by_change = self.view.sort.name == "change"
        self._table.fill(self.rows.rows, self.drawing, one_namespace=one_namespace, by_change=by_change)
        self._draw_bars()

    def tick(self) -> None:
        """Sort anew when it is due, arrange what had to wait, and let ages grow."""
        now = self.surroundings.now()
        if self.rows.resort_due and now - self._sorted_at >= RESORT_EVERY:
            self._sorted_at = now
            self.rows.resort()
            self.rows.layout_due = True
        if self.rows.layout_due:
            self._arrange()
            self._draw_bars()
        super().tick()

    @property
    def selected(self) -> Key | None:
        """The selected service."""
        return self._table.selected

    @property
    def looked_at(self) -> Key | None:
        """The same, for keys mean it; None before the list is there."""
        tables = self.query(ServiceTable)
        return tables.first().selected if tables else None

    def is_idle(self, action: str) -> bool:
        """Tell whether an action is about a service while none is selected."""
        return self.looked_at is None and action.partition("(")[0] in OF_A_SERVICE

    def _some_gone(self) -> bool:
        return any(isinstance(e, Key) and e not in self.rows.rows for e in self._table.visible_keys)

    def _arrange(self) -> None:
        wanted = wanted_by(
            self.view.filter,
            faults_only=self.view.faults_only,
            namespace=self.view.namespace,
            awaited=self.view.awaited,
        )
        self._split_lines = self._table.show_split
        entries = self.rows.arrange(wanted, show_split=self._split_lines, unfolded=self._unfolded)
        folds = (entry for entry in entries if isinstance(entry, Fold) and entry.cause not in self._unfolded)
        self._shown = sum(isinstance(entry, Key) for entry in entries) + sum(len(fold.keys) for fold in folds)
        self._table.lay_out(entries, self._unfolded)

    def _draw_bars(self) -> None:
        width = self.size.width
        state = self.state
        place = replace(state, fleet=replace(state.fleet, namespace=self.view.namespace or state.fleet.namespace))
        top = top_line(
            place, self.rows.counts_in(self.view.namespace), self.drawing, width, read_only=self.is_read_only
        )
        self.query_one("#top", LinesView).show((top,))
        told = notice(
            place, shown=self._shown, filter_text=self.view.filter.text, view=self.view.words, awaited=self.view.awaited
        )
        if width < LEAST_WIDTH or self.size.height < LEAST_HEIGHT:
            told = too_small(width, self.size.height)
        self.query_one("#list").set_class(told is not None, "-empty")
        self.query_one("#body").set_class(told is not None, "-empty")
        self.query_one(NoticeView).tell(told)
        if told is None and self.focused is None:  # a list that is hidden loses the keys
            self.call_after_refresh(self._take_keys)
        row = self.rows.rows.get(key) if (key := self.selected) is not None else None
        if self._empty != (key is None):
            self._empty = key is None
            self.refresh_bindings()
        self.query_one("#context", LinesView).show((self._context_line(row, width),))
        if self._look_timer is None or self._beside.is_due(key):
            self._draw_pane()
        filter_row = self._filter_row
        if filter_row is not None and filter_row.display and not filter_row.has_class("-failed"):
            filter_row.say(f"{self._shown} of {len(self.rows.rows)}  esc clears ")

    def _take_keys(self) -> None:
        if self.focused is None:
            self._table.focus()

    def _draw_pane(self) -> None:
        key = self.selected
        self._beside.draw(key, self.state, self.rows.rows.get(key) if key is not None else None, self.drawing)

    def _context_line(self, row: Row | None, width: int) -> Line:
        """Say how a deploy goes, or what matters most."""
        deploy = activity_line(self.state, self.surroundings.now())
        return shortened(deploy, width) if deploy else context_line(self.state, row, self.drawing, width)

    async def action_command_line(self) -> None:
        """Type a command; in a row to type in, the key is a character."""
        if not isinstance(self.focused, Input):
            await self.complete()
        await super().action_command_line()

    def action_open(self) -> None:
        """Show the selected service alone."""
        self._table.action_open()

    def action_refresh(self) -> None:
        """List and poll now; sort now."""
        self.post_message(Ask(Refresh()))
        self.rows.resort()
        self._arrange()
        self.draw()

    def on_service_table_folded(self, event: ServiceTable.Folded) -> None:
        """Open or close one fold."""
        self._unfolded = self._unfolded ^ {event.cause}
        self._arrange()
        self.draw()

    def on_service_table_looked(self) -> None:
        """Draw what belongs to the selection, and tell the monitor once it rests."""
        if self._split_lines != self._table.show_split:
            self._arrange()
        self._draw_bars()
        if self._look_timer is not None:
            self._look_timer.stop()
        self._look_timer = self.set_timer(LOOK_AFTER_S, self._look)

    def on_screen_resume(self) -> None:
        """Look at the list again."""
        self._looked = None
        self.on_service_table_looked()

    def on_resize(self) -> None:
        """Arrange for the new size."""
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._arrange()
        self.draw()

    def _look(self) -> None:
        self._look_timer = None
        self._draw_pane()
        looked = LookAt(selected=self._table.selected, visible=self._table.visible_keys, near=self._table.near_keys)
        if looked != self._looked:
            if self.state.lacks:
                self.refresh_bindings()  # rights may be others in this namespace
            self._looked = looked
            self.post_message(Ask(looked))
